package dev.berth.adapter.image;

import static dev.berth.adapter.image.TestImage.anImage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.berth.port.Images.PullFailed;
import dev.berth.port.Images.RegistryCredential;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import land.oras.ContainerRef;
import land.oras.Manifest;
import land.oras.Registry;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Debian's docker-registry behind TLS of its own making and a password, standing in for ECR. */
@Timeout(120)
class GuardedRegistryIT {
    private static final String PROGRAM = "/usr/bin/docker-registry";
    private static final String REGISTRY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    private static final String IMAGE = REGISTRY + "/web:1";

    /** The password is {@code a-token-of-aws}, which is what {@code get-login-password} gives. */
    private static final String HTPASSWD =
            "AWS:$2y$05$LjQX8x.G2HNHRB3bCJ9I7OXwda/8oLbjyBxTHgc0qfShUPkd6HcWy\n";

    private static final RegistryCredential TOKEN =
            new RegistryCredential(REGISTRY, "AWS", "a-token-of-aws");

    @TempDir Path folder;
    private @Nullable Process server;
    private String host = "";

    @BeforeEach
    void start() throws Exception {
        Privileges.assumeRoot();
        Privileges.assumeProgram(PROGRAM, "apt-get install docker-registry");
        Privileges.assumeProgram("/usr/bin/openssl", "apt-get install openssl");
        serve("");
        TestImage image = anImage().layer(Tar.archive().file("hello", "world"));
        Registry registry = Registry.builder().insecure(host).build();
        ContainerRef reference = ContainerRef.parse(host + "/web:1");
        registry.pushBlob(reference, image.layers().getFirst());
        registry.pushBlob(reference, image.config());
        registry.pushManifest(
                reference, Manifest.fromJson(new String(image.manifest(), StandardCharsets.UTF_8)));
        stop();
        certificate();
        Files.writeString(folder.resolve("htpasswd"), HTPASSWD);
        serve(
                """
                , tls: { certificate: %1$s/ca.crt, key: %1$s/key.pem } }
                auth: { htpasswd: { realm: test, path: %1$s/htpasswd }
                """
                        .formatted(folder));
    }

    private void certificate() throws IOException, InterruptedException {
        assertThat(
                        new ProcessBuilder(
                                        "/usr/bin/openssl",
                                        "req",
                                        "-x509",
                                        "-newkey",
                                        "rsa:2048",
                                        "-nodes",
                                        "-subj",
                                        "/CN=registry",
                                        "-addext",
                                        "subjectAltName=IP:127.0.0.1",
                                        "-keyout",
                                        folder.resolve("key.pem").toString(),
                                        "-out",
                                        folder.resolve("ca.crt").toString())
                                .redirectErrorStream(true)
                                .redirectOutput(folder.resolve("openssl.log").toFile())
                                .start()
                                .waitFor())
                .isZero();
    }

    private void serve(String guard) throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        host = "127.0.0.1:" + port;
        Path config = folder.resolve("registry.yml");
        Files.writeString(
                config,
                """
                version: 0.1
                log: { level: warn, accesslog: { disabled: true } }
                storage: { filesystem: { rootdirectory: %s } }
                http: { addr: "%s" %s }
                """
                        .formatted(folder.resolve("data"), host, guard));
        server =
                new ProcessBuilder(PROGRAM, "serve", config.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("registry.log").toFile())
                        .start();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!answers(port)) {
            assertThat(server.isAlive()).isTrue();
            assertThat(System.nanoTime()).isLessThan(deadline);
        }
    }

    private static boolean answers(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            Thread.onSpinWait();
            return false;
        }
    }

    @AfterEach
    void stop() throws Exception {
        if (server != null) {
            server.destroy();
            server.waitFor();
        }
    }

    private OciImages images(@Nullable Path dockerConfig, List<Path> certificates) {
        return new OciImages(
                folder.resolve("images"),
                folder.resolve("mounts"),
                new RegistrySettings(
                        Map.of("*.dkr.ecr.*.amazonaws.com", List.of(URI.create("https://" + host))),
                        true,
                        Platform.here(),
                        dockerConfig,
                        certificates));
    }

    private List<Path> believing() throws IOException {
        Path own = Files.createDirectories(folder.resolve("certs.d").resolve(host));
        Files.copy(folder.resolve("ca.crt"), own.resolve("ca.crt"));
        return List.of(folder.resolve("certs.d"));
    }

    @Test
    void a_token_of_aws_opens_a_mirror_of_ecr_that_is_believed() throws Exception {
        try (OciImages images = images(null, believing())) {
            assertThat(failure(images)).endsWith("authorization failed: no basic auth credentials");
            assertThat(failure(images, new RegistryCredential(REGISTRY, "AWS", "an-old-one")))
                    .contains("pull access denied, repository does not exist or may require")
                    .endsWith(": authorization failed");
            assertThat(images.pull(IMAGE, List.of(TOKEN)).reference()).isEqualTo(IMAGE);
            // It is here now, and still the registry decides who gets it.
            assertThat(failure(images)).endsWith("no basic auth credentials");
        }
    }

    @Test
    void an_authority_that_nobody_knows_is_told() {
        try (OciImages images = images(null, List.of())) {
            assertThat(failure(images, TOKEN))
                    .endsWith(
                            "tls: failed to verify certificate: x509: certificate signed by unknown"
                                    + " authority");
        }
    }

    @Test
    void the_machine_s_docker_login_serves_for_a_registry_and_for_its_mirror() throws Exception {
        Path config = folder.resolve("config.json");
        String auth =
                Base64.getEncoder()
                        .encodeToString("AWS:a-token-of-aws".getBytes(StandardCharsets.UTF_8));
        try (OciImages images = images(config, believing())) {
            assertThat(images.credentials(IMAGE)).isEmpty();
            for (String name : List.of("*.dkr.ecr.eu-west-1.amazonaws.com", host)) {
                Files.writeString(
                        config, "{\"auths\": {\"%s\": {\"auth\": \"%s\"}}}".formatted(name, auth));
                assertThat(images.pull(IMAGE, images.credentials(IMAGE)).reference())
                        .as(name)
                        .isEqualTo(IMAGE);
            }
            assertThat(images.credentials("quay.io/web")).isEmpty();
        }
    }

    private static String failure(OciImages images, RegistryCredential... credentials) {
        return String.valueOf(
                catchThrowableOfType(
                                PullFailed.class, () -> images.pull(IMAGE, List.of(credentials)))
                        .getMessage());
    }
}
