package dev.berth.adapter.image;

import static dev.berth.adapter.image.TestImage.anImage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.berth.port.Images.Image;
import dev.berth.port.Images.PullFailed;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import land.oras.ContainerRef;
import land.oras.Manifest;
import land.oras.Registry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Debian's docker-registry, filled by another maker's client, so that neither side is ours. */
@Timeout(120)
class RealRegistryIT {
    private static final String PROGRAM = "/usr/bin/docker-registry";

    @TempDir Path folder;
    private Process server;
    private String host;

    @BeforeEach
    void start() throws Exception {
        Privileges.assumeRoot();
        Privileges.assumeProgram(PROGRAM, "apt-get install docker-registry");
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
                http: { addr: "%s" }
                """
                        .formatted(folder.resolve("data"), host));
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

    @Test
    void what_another_client_pushed_is_pulled_and_laid_out() throws Exception {
        TestImage image =
                anImage()
                        .layer(Tar.archive().file("below", "1"))
                        .layer(Tar.archive().file("above", "2").bytes(), "zstd");
        Registry registry = Registry.builder().insecure(host).build();
        ContainerRef reference = ContainerRef.parse(host + "/library/app:1");
        for (byte[] each : image.layers()) {
            registry.pushBlob(reference, each);
        }
        registry.pushBlob(reference, image.config());
        registry.pushManifest(
                reference,
                Manifest.fromJson(
                        new String(image.manifest(), java.nio.charset.StandardCharsets.UTF_8)));
        try (OciImages images =
                new OciImages(
                        folder.resolve("images"),
                        folder.resolve("mounts"),
                        new RegistrySettings(
                                Map.of("docker.io", List.of(URI.create("http://" + host))),
                                true,
                                Platform.here()))) {
            Image pulled = images.pull("app:1", List.of());
            assertThat(pulled.id()).isEqualTo(Digest.sha256Of(image.config()).toString());
            Path root = images.mount(pulled, "one");
            assertThat(root.resolve("below")).hasContent("1");
            assertThat(root.resolve("above")).hasContent("2");
            images.unmountAll();
            PullFailed failed =
                    catchThrowableOfType(
                            PullFailed.class, () -> images.pull("nosuch:2", List.of()));
            assertThat(failed.why()).isEqualTo(PullFailed.Why.NOT_FOUND);
            assertThat(images.pull(host + "/library/app:1", List.of()).id()).isEqualTo(pulled.id());
        }
    }
}
