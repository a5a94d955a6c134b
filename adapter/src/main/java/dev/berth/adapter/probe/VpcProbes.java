package dev.berth.adapter.probe;

import dev.berth.port.PodNetwork;
import dev.berth.port.PodNetwork.Connection;
import dev.berth.port.ProbeNetwork;
import dev.berth.port.Time;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** Asks pods over connections that begin in their VPC. Any thread may call; each has its own. */
public final class VpcProbes implements ProbeNetwork {
    private static final int REDIRECTS_MOST = 10;
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final int UNIMPLEMENTED = 12;
    private static final int DEADLINE_EXCEEDED = 4;
    private static final String AGENT = "kube-probe/1.36";

    private final PodNetwork network;
    private final Time time;
    private final SSLContext trusting;

    /** Asks over this network. */
    public VpcProbes(PodNetwork network, Time time) {
        this.network = network;
        this.time = time;
        try {
            trusting = SSLContext.getInstance("TLS");
            trusting.init(null, new TrustManager[] {new TrustingAll()}, null);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has TLS", e);
        }
    }

    // ---- TCP

    @Override
    public void tcp(String vpcId, String host, int port, Duration timeout)
            throws Unanswered, InterruptedException {
        var address = GoWords.address(host, port);
        try (var deadline = new Deadline(time, timeout)) {
            dial(vpcId, host, port, deadline).close();
        } catch (Late late) {
            throw new Unanswered("dial tcp " + address + ": i/o timeout");
        } catch (IOException failed) {
            checkInterrupted();
            throw new Unanswered(GoWords.dial(address, failed));
        }
    }

    // ---- HTTP

    @Override
    public HttpReply http(String vpcId, HttpAsk first, Duration timeout)
            throws Unanswered, InterruptedException {
        var ask = first;
        try (var deadline = new Deadline(time, timeout)) {
            for (var followed = 0; ; followed++) {
                var answer = once(vpcId, ask, deadline);
                var next = redirected(first, ask, answer);
                if (next == null) {
                    return new HttpReply(answer.status(), answer.body());
                }
                if (followed + 1 >= REDIRECTS_MOST) {
                    throw said(next, "stopped after 10 redirects");
                }
                ask = next;
            }
        }
    }

    private HttpExchange.Answer once(String vpcId, HttpAsk ask, Deadline deadline)
            throws Unanswered, InterruptedException {
        Connection connection;
        try {
            connection = dial(vpcId, ask.host(), ask.port(), deadline);
        } catch (Late late) {
            throw late(ask);
        } catch (IOException failed) {
            checkInterrupted();
            throw said(ask, GoWords.dial(GoWords.address(ask.host(), ask.port()), failed));
        }
        try {
            if (!ask.https()) {
                return new HttpExchange(connection.input(), connection.output()).ask(ask);
            }
            try (var socket = secured(connection, ask)) {
                var input = socket.getInputStream();
                var output = socket.getOutputStream();
                return "h2".equals(socket.getApplicationProtocol())
                        ? new Http2Exchange(input, output).ask(ask)
                        : new HttpExchange(input, output).ask(ask);
            }
        } catch (IOException failed) {
            if (deadline.passed()) {
                throw late(ask);
            }
            checkInterrupted();
            var words = GoWords.broken(failed);
            throw new Unanswered(message(ask, words), words.equals(GoWords.NOT_TLS));
        } finally {
            connection.close();
        }
    }

    private static java.io.InputStream buffered(Connection connection) {
        return new java.io.BufferedInputStream(connection.input(), 1024);
    }

    /** TLS over a connection; the server may choose HTTP/2, as with a kubelet. */
    private SSLSocket secured(Connection connection, HttpAsk ask) throws IOException {
        var socket =
                (SSLSocket)
                        trusting.getSocketFactory()
                                .createSocket(
                                        new ConnectionSocket(connection),
                                        ask.host(),
                                        ask.port(),
                                        true);
        var parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    /** Where to ask next, or null when this answer is the last one. */
    private static @Nullable HttpAsk redirected(
            HttpAsk first, HttpAsk ask, HttpExchange.Answer answer) throws Unanswered {
        var location = answer.headers().get("Location");
        if (!REDIRECTS.contains(answer.status()) || location == null || location.isEmpty()) {
            return null;
        }
        URI to;
        try {
            to = URI.create(url(ask)).resolve(location);
        } catch (IllegalArgumentException e) {
            throw said(
                    ask, "failed to parse Location header \"" + location + "\": " + e.getMessage());
        }
        var scheme = to.getScheme().toLowerCase(Locale.ROOT);
        var host = to.getHost() == null ? "" : to.getHost().replaceAll("[\\[\\]]", "");
        if (!host.equalsIgnoreCase(first.host())) {
            return null;
        }
        if (!scheme.equals("http") && !scheme.equals("https")) {
            throw said(ask, "unsupported protocol scheme \"" + scheme + "\"");
        }
        var https = scheme.equals("https");
        var path = to.getRawPath() == null || to.getRawPath().isEmpty() ? "/" : to.getRawPath();
        return new HttpAsk(
                https,
                ask.host(),
                to.getPort() > 0 ? to.getPort() : https ? 443 : 80,
                to.getRawQuery() == null ? path : path + "?" + to.getRawQuery(),
                // A wished name holds as long as the server does not name another one.
                location.contains("://") ? "" : ask.hostHeader(),
                ask.headers());
    }

    private static String url(HttpAsk ask) {
        return (ask.https() ? "https://" : "http://")
                + GoWords.address(ask.host(), ask.port())
                + ask.target();
    }

    private static String message(HttpAsk ask, String why) {
        return "Get \"" + url(ask) + "\": " + why;
    }

    private static Unanswered said(HttpAsk ask, String why) {
        return new Unanswered(message(ask, why));
    }

    private static Unanswered late(HttpAsk ask) {
        return said(ask, GoWords.DEADLINE + " (Client.Timeout exceeded while awaiting headers)");
    }

    // ---- gRPC

    @Override
    public String health(String vpcId, String host, int port, String service, Duration timeout)
            throws Unanswered, InterruptedException {
        var address = GoWords.address(host, port);
        var seconds = timeout.toSeconds() + "s";
        var unconnected =
                "timeout: failed to connect service \""
                        + address
                        + "\" within "
                        + seconds
                        + ": "
                        + GoWords.DEADLINE;
        try (var deadline = new Deadline(time, timeout)) {
            Connection connection;
            try {
                connection = dial(vpcId, host, port, deadline);
            } catch (Late late) {
                throw new Unanswered(unconnected);
            } catch (IOException failed) {
                // A kubelet's client goes on trying until the time is over, and then says so.
                checkInterrupted();
                throw new Unanswered(unconnected);
            }
            var call = new GrpcHealth(buffered(connection), connection.output());
            try {
                return call.check(address, AGENT, service, timeout.toMillis());
            } catch (GrpcHealth.CallFailed failed) {
                throw new Unanswered(failed(failed, seconds));
            } catch (IOException failed) {
                if (deadline.passed()) {
                    throw new Unanswered(call.greeted() ? tooLong(seconds) : unconnected);
                }
                checkInterrupted();
                throw new Unanswered(
                        call.greeted()
                                ? "error: health rpc probe failed: rpc error: code = Unavailable"
                                        + " desc = error reading from server: "
                                        + GoWords.broken(failed)
                                : unconnected);
            } finally {
                connection.close();
            }
        }
    }

    private static String failed(GrpcHealth.CallFailed failed, String seconds) {
        return switch (failed.code()) {
            case UNIMPLEMENTED ->
                    "error: this server does not implement the grpc health protocol"
                            + " (grpc.health.v1.Health): "
                            + failed.getMessage();
            case DEADLINE_EXCEEDED -> tooLong(seconds);
            default ->
                    "error: health rpc probe failed: rpc error: code = "
                            + name(failed.code())
                            + " desc = "
                            + failed.getMessage();
        };
    }

    private static String tooLong(String seconds) {
        return "timeout: health rpc did not complete within " + seconds;
    }

    private static String name(int code) {
        return switch (code) {
            case 1 -> "Canceled";
            case 2 -> "Unknown";
            case 3 -> "InvalidArgument";
            case 5 -> "NotFound";
            case 7 -> "PermissionDenied";
            case 8 -> "ResourceExhausted";
            case 13 -> "Internal";
            case 14 -> "Unavailable";
            case 16 -> "Unauthenticated";
            default -> "Code(" + code + ")";
        };
    }

    // ---- connections

    /** The time was over before there was a connection. */
    private static final class Late extends IOException {
        private static final long serialVersionUID = 1L;
    }

    private Connection dial(String vpcId, String host, int port, Deadline deadline)
            throws IOException {
        Connection connection = null;
        deadline.connecting();
        try {
            connection = network.dialFromVpc(vpcId, literal(host), port);
        } catch (IOException failed) {
            if (deadline.passed()) {
                throw new Late();
            }
            throw failed;
        } finally {
            deadline.connected(connection);
        }
        return connection;
    }

    /** A name is looked up as this machine does. */
    private static String literal(String host) throws UnknownHostException {
        try {
            return InetAddress.ofLiteral(host).getHostAddress();
        } catch (IllegalArgumentException name) {
            return InetAddress.getByName(host).getHostAddress();
        }
    }

    /** What broke because the thread was interrupted is told as that. */
    private static void checkInterrupted() throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("cut short");
        }
    }

    /** Trusts every certificate, as probes do. */
    private static final class TrustingAll extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
