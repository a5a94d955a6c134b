package dev.berth.bench;

import dev.berth.adapter.net.VpcNetwork;
import dev.berth.adapter.probe.VpcProbes;
import dev.berth.adapter.time.SystemTime;
import dev.berth.core.pod.Container.Handler.Header;
import dev.berth.port.PodNetwork.Attachment;
import dev.berth.port.PodNetwork.NetworkFailed;
import dev.berth.port.PodNetwork.Subnet;
import dev.berth.port.PodNetwork.Vpc;
import dev.berth.port.ProbeNetwork.HttpAsk;
import dev.berth.port.ProbeNetwork.Unanswered;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * {@code ./berth bench --probes}: what a thousand probes a second cost. They go out as Berth's own
 * do, from a VPC's namespace to a server in a pod's, each on a connection of its own and with a
 * timer of its own, and only this process's CPU time counts: the server is another process.
 */
final class ProbeLoad {
    private static final String VPC = "vpc-probes";
    private static final String ADDRESS = "172.30.1.10";

    /**
     * The first of the ports; there are many, since closed connections keep theirs for a minute.
     */
    private static final int PORT = 8080;

    private static final int PORTS = 100;
    private static final int PROBES = 1000;
    private static final Duration PERIOD = Duration.ofSeconds(1);
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final int WARM_UP_SECONDS = 10;
    private static final int SECONDS = 20;

    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();
    private final Map<String, Integer> faults = new ConcurrentHashMap<>();
    private final AtomicBoolean over = new AtomicBoolean();

    /** How a probe goes out. */
    private interface Ask {
        void go(int port) throws Unanswered, InterruptedException;
    }

    /** Measures HTTP, then TCP; the figures. */
    List<Figure> measure() throws IOException, InterruptedException {
        var instance = HexFormat.of().toHexDigits(new Random().nextInt());
        var figures = new ArrayList<Figure>();
        try (var network = new VpcNetwork(Path.of("/run/berth", instance), instance)) {
            network.start();
            network.ensureVpc(
                    new Vpc(
                            VPC,
                            List.of("172.30.0.0/16"),
                            List.of(new Subnet("subnet-probes", "172.30.1.0/24"))));
            var pod = network.attach(new Attachment("probed", VPC, ADDRESS, "probed")).network();
            var server = server(pod);
            try {
                var load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
                var headers =
                        List.of(
                                new Header("Accept", "*/*"),
                                new Header("User-Agent", "kube-probe/1.36"));
                try (var time = new SystemTime()) {
                    var probes = new VpcProbes(network, time);
                    figures.add(
                            run(
                                    "1,000 HTTP probes a second",
                                    time,
                                    port -> {
                                        var ask =
                                                new HttpAsk(
                                                        false,
                                                        ADDRESS,
                                                        port,
                                                        "/healthz",
                                                        "",
                                                        headers);
                                        var _ = probes.http(VPC, ask, TIMEOUT);
                                    },
                                    load));
                }
                over.set(false);
                try (var time = new SystemTime()) {
                    var probes = new VpcProbes(network, time);
                    figures.add(
                            run(
                                    "1,000 TCP probes a second",
                                    time,
                                    port -> probes.tcp(VPC, ADDRESS, port, TIMEOUT),
                                    load));
                }
            } finally {
                server.destroyForcibly().waitFor();
                network.destroyAll();
            }
        } catch (NetworkFailed e) {
            throw new IOException(e);
        }
        return figures;
    }

    private Figure run(String what, SystemTime time, Ask ask, double load)
            throws IOException, InterruptedException {
        for (var number = 0; number < PROBES; number++) {
            var first = PERIOD.multipliedBy(number).dividedBy(PROBES);
            var due = time.nanos() + first.toNanos();
            var port = PORT + number % PORTS;
            var _ = time.after(first, () -> tick(time, due, port, ask));
        }
        Thread.sleep(Duration.ofSeconds(WARM_UP_SECONDS));
        answered.set(0);
        failed.set(0);
        var began = System.nanoTime();
        var cpu = cpuNanos();
        Thread.sleep(Duration.ofSeconds(SECONDS));
        var used = cpuNanos() - cpu;
        var rate = answered.get() / ((System.nanoTime() - began) / 1e9);
        over.set(true);
        if (failed.get() > 0 || rate < PROBES * 0.95) {
            throw new IOException(
                    what
                            + ": "
                            + failed.get()
                            + " failed, "
                            + rate
                            + " a second answered; "
                            + faults.entrySet().stream().limit(3).toList());
        }
        return Figure.of(
                what + ", share of a core", "%", 100.0 * used / (System.nanoTime() - began), load);
    }

    /** As the pod worker's probes do: the next time is set first, then a thread asks. */
    private void tick(SystemTime time, long due, int port, Ask ask) {
        if (over.get()) {
            return;
        }
        var next = due + PERIOD.toNanos();
        var _ =
                time.after(
                        Duration.ofNanos(Math.max(0, next - time.nanos())),
                        () -> tick(time, next, port, ask));
        var _ = Thread.ofVirtual().start(() -> ask(port, ask));
    }

    private void ask(int port, Ask ask) {
        try {
            ask.go(port);
            answered.incrementAndGet();
        } catch (Unanswered e) {
            failed.incrementAndGet();
            faults.merge(String.valueOf(e.getMessage()), 1, Integer::sum);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean)
                        ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    private static Process server(Path namespace) throws IOException {
        var server =
                new ProcessBuilder(
                                "nsenter",
                                "--net=" + namespace,
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:+UseSerialGC",
                                "-Xmx64m",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Server.class.getName())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        if (server.getInputStream().read() != '!') {
            throw new IOException("the server to be probed did not start");
        }
        return server;
    }

    /** The program that is probed: answers every request with two octets, and closes. */
    static final class Server {
        private static final byte[] ANSWER =
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                        .getBytes(StandardCharsets.US_ASCII);

        private Server() {}

        public static void main(String[] arguments) throws IOException {
            for (var port = PORT; port < PORT + PORTS; port++) {
                var listener = new ServerSocket(port, 1024, InetAddress.ofLiteral(ADDRESS));
                Thread.ofVirtual().start(() -> serve(listener));
            }
            System.out.print('!');
            System.out.flush();
            while (System.in.read() >= 0) {
                // It ends with the one that started it.
            }
        }

        private static void serve(ServerSocket listener) {
            try (listener) {
                while (true) {
                    var socket = listener.accept();
                    Thread.ofVirtual().start(() -> serve(socket));
                }
            } catch (IOException closed) {
                System.err.println(closed.getMessage());
            }
        }

        private static void serve(Socket socket) {
            try (socket) {
                if (read(socket.getInputStream())) {
                    socket.getOutputStream().write(ANSWER);
                }
            } catch (IOException gone) {
                // Whoever asked has what it wanted.
            }
        }

        private static boolean read(InputStream input) throws IOException {
            var request = new byte[1024];
            return input.read(request) > 0;
        }
    }
}
