package dev.berth.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A real etcd and a real kube-apiserver on loopback, for tests of adapters: no controllers, no
 * scheduler, nothing kept. One self-signed certificate is authority, server and administrator at
 * once. Close it to end both and to remove their files.
 */
public final class RealControlPlane implements AutoCloseable {
    private static final String PASSWORD = "changeit";
    private static final Duration START_AT_MOST = Duration.ofSeconds(60);

    private final Path folder;
    private final List<Process> processes = new ArrayList<>();
    private List<String> apiServer = List.of();
    private int port;
    private String endpoint = "";
    private String certificatePem = "";
    private String keyPem = "";

    private RealControlPlane(Path folder) {
        this.folder = folder;
    }

    /**
     * The program of etcd and kube-apiserver in one, as {@code kube/} builds it; empty when this
     * machine has none.
     */
    public static Optional<Path> program() {
        var given = System.getenv("BERTH_KUBE_DIR");
        var folder =
                given == null
                        ? Path.of(System.getProperty("user.home"), ".cache/berth/kube/v1.36.3")
                        : Path.of(given);
        return Optional.of(folder.resolve("berth-kube")).filter(Files::isExecutable);
    }

    /** Starts both and waits until the API server is ready; about three seconds. */
    public static RealControlPlane start(Path program) throws IOException, InterruptedException {
        var plane = new RealControlPlane(Files.createTempDirectory("berth-control-plane-"));
        try {
            plane.startAll(program.toString());
            return plane;
        } catch (IOException | InterruptedException | RuntimeException e) {
            plane.close();
            throw e;
        }
    }

    /** {@code https://127.0.0.1:port}. */
    public String endpoint() {
        return endpoint;
    }

    /** Whom to trust. */
    public String caPem() {
        return certificatePem;
    }

    /** A member of system:masters. */
    public String clientCertPem() {
        return certificatePem;
    }

    /** That member's key, PKCS #8. */
    public String clientKeyPem() {
        return keyPem;
    }

    private void startAll(String program) throws IOException, InterruptedException {
        makeCertificate();
        var ports = freePorts();
        var etcd = "http://127.0.0.1:" + ports.get(0);
        endpoint = "https://127.0.0.1:" + ports.get(2);
        start(
                "etcd",
                List.of(
                        program,
                        "etcd",
                        "--data-dir=" + folder.resolve("etcd"),
                        "--listen-client-urls=" + etcd,
                        "--advertise-client-urls=" + etcd,
                        "--listen-peer-urls=http://127.0.0.1:" + ports.get(1),
                        "--unsafe-no-fsync",
                        "--log-level=warn"));
        var certificate = folder.resolve("one.crt");
        var key = folder.resolve("one.key");
        port = ports.get(2);
        apiServer =
                List.of(
                        program,
                        "kube-apiserver",
                        "--etcd-servers=" + etcd,
                        "--bind-address=127.0.0.1",
                        "--secure-port=" + ports.get(2),
                        "--tls-cert-file=" + certificate,
                        "--tls-private-key-file=" + key,
                        "--client-ca-file=" + certificate,
                        "--service-account-key-file=" + certificate,
                        "--service-account-signing-key-file=" + key,
                        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
                        "--authorization-mode=Node,RBAC",
                        "--disable-admission-plugins=ServiceAccount",
                        "--endpoint-reconciler-type=none",
                        "--service-cluster-ip-range=10.100.0.0/24",
                        "--allow-privileged=true");
        start("kube-apiserver", apiServer);
        awaitReady(port);
    }

    /** Kills the API server and starts it again on the same port and data. */
    public void restartApiServer() throws IOException, InterruptedException {
        processes.removeLast().destroyForcibly().onExit().join();
        start("kube-apiserver", apiServer);
        awaitReady(port);
    }

    private void makeCertificate() throws IOException, InterruptedException {
        var store = folder.resolve("one.p12");
        var keytool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin/keytool").toString(),
                                "-genkeypair",
                                "-alias",
                                "one",
                                "-keyalg",
                                "EC",
                                "-groupname",
                                "secp256r1",
                                "-dname",
                                "CN=admin, O=system:masters",
                                "-ext",
                                "SAN=IP:127.0.0.1,DNS:localhost",
                                "-ext",
                                "EKU=serverAuth,clientAuth",
                                "-validity",
                                "2",
                                "-storetype",
                                "PKCS12",
                                "-storepass",
                                PASSWORD,
                                "-keystore",
                                store.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("keytool.log").toFile())
                        .start();
        if (keytool.waitFor() != 0) {
            throw new IOException(Files.readString(folder.resolve("keytool.log")));
        }
        try (var stream = Files.newInputStream(store)) {
            var keys = KeyStore.getInstance("PKCS12");
            keys.load(stream, PASSWORD.toCharArray());
            certificatePem = pem("CERTIFICATE", keys.getCertificate("one").getEncoded());
            keyPem = pem("PRIVATE KEY", keys.getKey("one", PASSWORD.toCharArray()).getEncoded());
        } catch (java.security.GeneralSecurityException e) {
            throw new IOException(e);
        }
        Files.writeString(folder.resolve("one.crt"), certificatePem);
        Files.writeString(folder.resolve("one.key"), keyPem);
    }

    private static String pem(String kind, byte[] der) {
        var lines = Base64.getMimeEncoder(64, "\n".getBytes(UTF_8)).encodeToString(der);
        return "-----BEGIN " + kind + "-----\n" + lines + "\n-----END " + kind + "-----\n";
    }

    private static List<Integer> freePorts() throws IOException {
        try (var first = loopback();
                var second = loopback();
                var third = loopback()) {
            return List.of(first.getLocalPort(), second.getLocalPort(), third.getLocalPort());
        }
    }

    private static ServerSocket loopback() throws IOException {
        return new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    }

    private void start(String name, List<String> command) throws IOException {
        processes.add(
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve(name + ".log").toFile())
                        .start());
    }

    /** Ready is asked over plain sockets, so that this class depends on no client under test. */
    private void awaitReady(int port) throws IOException, InterruptedException {
        var until = Instant.now().plus(START_AT_MOST);
        while (!ready(port)) {
            for (var process : processes) {
                if (!process.isAlive()) {
                    throw new IOException("ended: " + process.info().commandLine() + logs());
                }
            }
            if (Instant.now().isAfter(until)) {
                throw new IOException("not ready within " + START_AT_MOST + logs());
            }
            // There is no event to wait for from outside.
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private static boolean ready(int port) {
        try (var plain = new Socket(InetAddress.getLoopbackAddress(), port);
                var socket =
                        trustingAll()
                                .getSocketFactory()
                                .createSocket(plain, "127.0.0.1", port, true)) {
            socket.setSoTimeout(2000);
            socket.getOutputStream()
                    .write(
                            "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                                    .getBytes(UTF_8));
            return new String(socket.getInputStream().readAllBytes(), UTF_8)
                    .startsWith("HTTP/1.1 200");
        } catch (IOException | java.security.GeneralSecurityException _) {
            return false;
        }
    }

    private static javax.net.ssl.SSLContext trustingAll()
            throws java.security.GeneralSecurityException {
        var context = javax.net.ssl.SSLContext.getInstance("TLS");
        context.init(
                null,
                new javax.net.ssl.TrustManager[] {
                    new javax.net.ssl.X509TrustManager() {
                        @Override
                        public void checkClientTrusted(
                                java.security.cert.X509Certificate[] chain, String type) {}

                        @Override
                        public void checkServerTrusted(
                                java.security.cert.X509Certificate[] chain, String type) {}

                        @Override
                        public java.security.cert.X509Certificate[] getAcceptedIssuers() {
                            return new java.security.cert.X509Certificate[0];
                        }
                    }
                },
                null);
        return context;
    }

    private String logs() throws IOException {
        var text = new StringBuilder();
        for (var name : List.of("etcd.log", "kube-apiserver.log")) {
            var lines =
                    Files.exists(folder.resolve(name))
                            ? Files.readAllLines(folder.resolve(name))
                            : List.<String>of();
            text.append("\n--- ").append(name).append('\n');
            text.append(
                    String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size())));
        }
        return text.toString();
    }

    @Override
    public void close() throws IOException {
        // The API server first: without its etcd it would complain for a while.
        for (var process : processes.reversed()) {
            process.destroyForcibly().onExit().join();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
