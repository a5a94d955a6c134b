package dev.berth.testkit;

import dev.berth.port.ProbeNetwork;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Servers in pods, in memory. What the test has not said answers 200, lets itself be connected to
 * and is SERVING. Any thread may call.
 */
public final class FakeProbeNetwork implements ProbeNetwork {
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Says> says = new HashMap<>();
    private final List<String> asked = new ArrayList<>();

    /** All answer well. */
    public FakeProbeNetwork() {}

    private record Says(int status, String text, boolean plain) {}

    /**
     * Lets a server answer so from now on.
     *
     * @param address {@code http://172.16.1.10:80/path}, {@code tcp://…:80} or {@code grpc://…:80}
     * @param status of HTTP, or 0 for no answer at all
     * @param text the body, the health status, or why there is no answer
     */
    public void answer(String address, int status, String text) {
        put(address, new Says(status, text, false));
    }

    /** Lets a server speak plain HTTP where it is asked over TLS. */
    public void answerPlain(String address) {
        put(address, new Says(0, "http: server gave HTTP response to HTTPS client", true));
    }

    private void put(String address, Says what) {
        lock.lock();
        try {
            says.put(address, what);
        } finally {
            lock.unlock();
        }
    }

    /** The addresses that were asked, oldest first. */
    public List<String> asked() {
        lock.lock();
        try {
            return List.copyOf(asked);
        } finally {
            lock.unlock();
        }
    }

    private Says says(String address, Says otherwise) throws Unanswered {
        lock.lock();
        try {
            asked.add(address);
            var said = says.getOrDefault(address, otherwise);
            if (said.status() == 0) {
                throw new Unanswered(said.text(), said.plain());
            }
            return said;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public HttpReply http(String vpcId, HttpAsk ask, Duration timeout) throws Unanswered {
        var address =
                (ask.https() ? "https://" : "http://")
                        + ask.host()
                        + ":"
                        + ask.port()
                        + ask.target();
        var said = says(address, new Says(200, "ok", false));
        return new HttpReply(said.status(), said.text());
    }

    @Override
    public void tcp(String vpcId, String host, int port, Duration timeout) throws Unanswered {
        var _ = says("tcp://" + host + ":" + port, new Says(200, "", false));
    }

    @Override
    public String health(String vpcId, String host, int port, String service, Duration timeout)
            throws Unanswered {
        return says("grpc://" + host + ":" + port + "/" + service, new Says(200, "SERVING", false))
                .text();
    }
}
