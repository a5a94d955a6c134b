package dev.berth.adapter.image;

import static dev.berth.adapter.image.TestImage.anImage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import dev.berth.core.pod.PullAccess;
import dev.berth.port.Images;
import dev.berth.port.Images.Image;
import dev.berth.port.Images.PullFailed;
import dev.berth.port.Images.PullFailed.Why;
import dev.berth.port.Images.RegistryCredential;
import dev.berth.port.PodNetwork;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class PullingImagesTest {
    private static final RegistryClient.Limits QUICK =
            new RegistryClient.Limits(
                    Duration.ofSeconds(2), Duration.ofSeconds(5), Duration.ofMillis(300));

    @TempDir Path folder;
    private TestRegistry registry;
    private OciImages images;

    @BeforeEach
    void start() throws IOException {
        registry = new TestRegistry();
        images = imagesWith(Map.of("docker.io", List.of(registry.address())));
    }

    @AfterEach
    void stop() {
        images.close();
        registry.close();
    }

    private OciImages imagesWith(Map<String, List<URI>> mirrors) {
        return new OciImages(
                folder.resolve("images"),
                folder.resolve("mounts"),
                new RegistrySettings(mirrors, true, Platform.here()),
                QUICK);
    }

    private static TestImage small() {
        return anImage().layer(Tar.archive().file("hello", "world"));
    }

    private static byte[] noise(int length) {
        byte[] noise = new byte[length];
        new Random(7).nextBytes(noise);
        return noise;
    }

    private PullFailed failureOf(String reference, RegistryCredential... credentials) {
        return catchThrowableOfType(
                PullFailed.class, () -> images.pull(reference, List.of(credentials)));
    }

    private List<Path> leftovers() throws IOException {
        try (Stream<Path> files = Files.walk(folder.resolve("images"))) {
            return files.filter(Files::isRegularFile)
                    .filter(each -> each.toString().contains("/ingest/"))
                    .toList();
        }
    }

    @Test
    void a_short_name_comes_from_docker_io_and_has_all_its_names() throws Exception {
        Digest digest = small().pushTo(registry, "library/nginx", "latest");
        Image image = images.pull("nginx", List.of());
        assertThat(image.reference()).isEqualTo("docker.io/library/nginx:latest");
        assertThat(image.repoDigest()).isEqualTo("docker.io/library/nginx@" + digest);
        assertThat(image.id()).isEqualTo(Digest.sha256Of(small().config()).toString());
        for (String name :
                List.of(
                        "nginx",
                        "library/nginx",
                        "docker.io/nginx:latest",
                        "nginx@" + digest,
                        image.id(),
                        image.id().substring(7))) {
            assertThat(images.find(name)).as(name).contains(image);
        }
        assertThat(images.find("nginx:other")).isEmpty();
        assertThat(images.list()).containsExactly(image);
    }

    @Test
    void a_registry_on_a_nodes_own_loopback_is_asked_by_the_way_there() throws Exception {
        small().pushTo(registry, "app", "1");
        try (OciImages direct = imagesWith(Map.of())) {
            Image image =
                    direct.pull(
                            "localhost:1/app:1",
                            List.of(),
                            (host, port) -> {
                                assertThat(host + ":" + port).isEqualTo("localhost:1");
                                return new Tcp(
                                        new Socket(
                                                registry.address().getHost(),
                                                registry.address().getPort()));
                            });
            assertThat(image.reference()).isEqualTo("localhost:1/app:1");
        }
    }

    @Test
    void where_nobody_listens_on_a_nodes_loopback_this_machines_registry_is_asked()
            throws Exception {
        small().pushTo(registry, "app", "1");
        try (OciImages direct = imagesWith(Map.of())) {
            String reference = "127.0.0.1:" + registry.address().getPort() + "/app:1";
            Images.Route nobody =
                    (host, port) -> {
                        throw new IOException("refused");
                    };
            assertThat(direct.pull(reference, List.of(), nobody).reference()).isEqualTo(reference);
        }
    }

    /** A connection of this machine. */
    private record Tcp(Socket socket) implements PodNetwork.Connection {
        @Override
        public InputStream input() {
            return stream(socket::getInputStream);
        }

        @Override
        public OutputStream output() {
            return stream(socket::getOutputStream);
        }

        @Override
        public void shutdownOutput() throws IOException {
            socket.shutdownOutput();
        }

        @Override
        public void close() {
            stream(() -> {
                socket.close();
                return true;
            });
        }

        private static <T> T stream(Callable<T> work) {
            try {
                return work.call();
            } catch (Exception broken) {
                throw new IllegalStateException(broken);
            }
        }
    }

    @Test
    void what_the_config_says_of_the_process_is_told() throws Exception {
        small().process(
                        Map.of(
                                "Entrypoint", List.of("/run"),
                                "Cmd", List.of("a", "b"),
                                "Env", List.of("A=1"),
                                "WorkingDir", "/srv",
                                "User", "web:web",
                                "StopSignal", "SIGQUIT",
                                "Labels", Map.of("k", "v")))
                .pushTo(registry, "library/app", "1");
        var config = images.pull("app:1", List.of()).config();
        assertThat(config.entrypoint()).containsExactly("/run");
        assertThat(config.command()).containsExactly("a", "b");
        assertThat(config.environment()).containsExactly("A=1");
        assertThat(config.workingDir()).isEqualTo("/srv");
        assertThat(config.user()).isEqualTo("web:web");
        assertThat(config.stopSignal()).isEqualTo("SIGQUIT");
        assertThat(config.labels()).containsEntry("k", "v");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd", "none"})
    void a_layer_may_be_compressed_or_not(String compression) throws Exception {
        anImage()
                .layer(Tar.archive().file("hello", "world").bytes(), compression)
                .pushTo(registry, "library/app", "1");
        assertThat(images.pull("app:1", List.of()).sizeBytes()).isPositive();
    }

    @Test
    void docker_s_documents_serve_as_well() throws Exception {
        small().asDocker().pushTo(registry, "library/app", "1");
        assertThat(images.pull("app:1", List.of()).reference())
                .isEqualTo("docker.io/library/app:1");
    }

    @Test
    void of_several_platforms_this_machine_s_is_taken() throws Exception {
        TestImage other = small().forArchitecture("s390x");
        TestImage mine = anImage().layer(Tar.archive().file("mine", "x"));
        other.pushTo(registry, "library/app", "other");
        mine.pushTo(registry, "library/app", "mine");
        Map<String, TestImage> both = new LinkedHashMap<>();
        both.put("linux/s390x", other);
        both.put(Platform.here().toString(), mine);
        Digest index =
                registry.manifest(
                        "library/app", "1", TestImage.index(both), ImageManifest.OCI_INDEX);
        Image image = images.pull("app:1", List.of());
        assertThat(image.id()).isEqualTo(Digest.sha256Of(mine.config()).toString());
        assertThat(image.repoDigest()).isEqualTo("docker.io/library/app@" + index);
        assertThat(images.find("app@" + Digest.sha256Of(mine.manifest()))).contains(image);
    }

    @Test
    void no_image_for_this_machine_is_no_match_for_platform() {
        TestImage other = small().forArchitecture("s390x");
        other.pushTo(registry, "library/app", "other");
        registry.manifest(
                "library/app",
                "1",
                TestImage.index(Map.of("linux/s390x", other)),
                ImageManifest.OCI_INDEX);
        PullFailed failed = failureOf("app:1");
        assertThat(failed.why()).isEqualTo(Why.NO_MATCHING_PLATFORM);
        assertThat(failed)
                .hasMessage(
                        "failed to pull and unpack image \"docker.io/library/app:1\": no match for"
                                + " platform in manifest: not found");
        assertThat(failureOf("app:other").why()).isEqualTo(Why.NO_MATCHING_PLATFORM);
        assertThat(images.list()).isEmpty();
    }

    @Test
    void an_unknown_image_is_told_in_containerd_s_words() {
        PullFailed failed = failureOf("nosuch");
        assertThat(failed.why()).isEqualTo(Why.NOT_FOUND);
        assertThat(failed)
                .hasMessage(
                        "failed to pull and unpack image \"docker.io/library/nosuch:latest\": failed"
                                + " to resolve reference \"docker.io/library/nosuch:latest\":"
                                + " docker.io/library/nosuch:latest: not found");
    }

    @Test
    void a_registry_that_does_not_answer_is_unreachable() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        PullFailed failed = failureOf("127.0.0.1:" + port + "/app:1");
        assertThat(failed.why()).isEqualTo(Why.UNREACHABLE);
        assertThat(failed.getMessage())
                .contains(
                        "failed to do request: Head \"http://127.0.0.1:"
                                + port
                                + "/v2/app/manifests/1\": dial tcp 127.0.0.1:"
                                + port
                                + ": connect: connection refused");
    }

    @Test
    void a_registry_in_trouble_is_unreachable() {
        registry.answersAlways(503);
        PullFailed failed = failureOf("app:1");
        assertThat(failed.why()).isEqualTo(Why.UNREACHABLE);
        assertThat(failed.getMessage())
                .contains("unexpected status from HEAD request to http://")
                .endsWith(": 503 Service Unavailable");
    }

    @Test
    void a_mirror_in_trouble_is_passed_over() throws Exception {
        small().pushTo(registry, "library/app", "1");
        try (TestRegistry broken = new TestRegistry();
                OciImages two =
                        imagesWith(Map.of("*", List.of(broken.address(), registry.address())))) {
            broken.answersAlways(500);
            assertThat(two.pull("app:1", List.of()).reference())
                    .isEqualTo("docker.io/library/app:1");
        }
    }

    @Test
    void a_name_of_a_loopback_registry_needs_no_mirror() throws Exception {
        small().pushTo(registry, "team/app", "1");
        assertThat(images.pull(registry.host() + "/team/app:1", List.of()).reference())
                .isEqualTo(registry.host() + "/team/app:1");
    }

    @Test
    void credentials_are_tried_in_order() throws Exception {
        registry.wantsBasic("good", "secret");
        small().pushTo(registry, "app", "1");
        String name = registry.host() + "/app:1";
        assertThat(failureOf(name).why()).isEqualTo(Why.UNAUTHORIZED);
        assertThat(failureOf(name).getMessage())
                .endsWith(
                        "pull access denied, repository does not exist or may require authorization:"
                                + " authorization failed: no basic auth credentials");
        RegistryCredential bad = new RegistryCredential(registry.host(), "bad", "guess");
        assertThat(failureOf(name, bad).why()).isEqualTo(Why.UNAUTHORIZED);
        RegistryCredential good =
                new RegistryCredential("http://" + registry.host() + "/v2/", "good", "secret");
        assertThat(images.pull(name, List.of(bad, good)).reference()).isEqualTo(name);
    }

    @Test
    void credentials_are_not_sent_before_they_are_asked_for() throws Exception {
        small().pushTo(registry, "library/app", "1");
        images.pull("app:1", List.of(new RegistryCredential("docker.io", "me", "secret")));
        assertThat(registry.requests()).noneMatch(each -> each.contains("+auth"));
    }

    @Test
    void tokens_are_fetched_where_the_challenge_says() throws Exception {
        registry.wantsBearer(null, null);
        small().pushTo(registry, "library/app", "1");
        assertThat(images.pull("app:1", List.of()).reference())
                .isEqualTo("docker.io/library/app:1");
        assertThat(registry.requests().stream().filter(each -> each.contains("/token"))).hasSize(1);
    }

    @Test
    void a_token_that_has_run_out_is_fetched_anew() throws Exception {
        registry.wantsBearer(null, null);
        registry.tokensLast(2);
        small().pushTo(registry, "library/app", "1");
        assertThat(images.pull("app:1", List.of()).reference())
                .isEqualTo("docker.io/library/app:1");
        assertThat(registry.requests().stream().filter(each -> each.contains("/token")).count())
                .isGreaterThan(1);
    }

    @Test
    void a_digest_that_is_here_is_asked_for_all_the_same() throws Exception {
        Digest digest = small().pushTo(registry, "library/app", "1");
        images.pull("app@" + digest, List.of());
        registry.wantsBasic("somebody", "else");
        assertThat(failureOf("app@" + digest).why()).isEqualTo(Why.UNAUTHORIZED);
    }

    @Test
    void a_layer_that_cannot_be_unpacked_leaves_no_archive() throws Exception {
        TestImage wrong = small().claimingDiffId(0, Digest.sha256Of(new byte[] {1}));
        wrong.pushTo(registry, "library/app", "1");
        assertThat(failureOf("app:1").why()).isEqualTo(Why.CORRUPT);
        assertThat(folder.resolve("images/blobs/sha256").resolve(wrong.layerDigest(0).hex()))
                .doesNotExist();
    }

    @Test
    void an_image_goes_with_the_layers_that_no_other_has() throws Exception {
        Tar shared = Tar.archive().file("shared", "by both");
        anImage()
                .layer(shared)
                .layer(Tar.archive().file("a", "1"))
                .pushTo(registry, "library/a", "1");
        anImage()
                .layer(shared)
                .layer(Tar.archive().file("b", "2"))
                .pushTo(registry, "library/b", "1");
        Image a = images.pull("a:1", List.of());
        Image b = images.pull("b:1", List.of());
        assertThat(images.storage().images())
                .extracting(Images.Stored::id, Images.Stored::used, Images.Stored::pinned)
                .containsExactlyInAnyOrder(
                        tuple(a.id(), false, false), tuple(b.id(), false, false));
        long layersBefore = layers();
        assertThat(images.clean(List.of(a.id()))).isEqualTo(a.sizeBytes());
        assertThat(images.find("a:1")).isEmpty();
        assertThat(images.find("b:1")).contains(b);
        assertThat(layers()).isEqualTo(layersBefore - 1);
        assertThat(images.remove("b:1")).isTrue();
        assertThat(images.remove("b:1")).isFalse();
        assertThat(layers()).isZero();
        try (var left = Files.walk(folder.resolve("images/blobs"))) {
            assertThat(left.filter(Files::isRegularFile)).isEmpty();
        }
        assertThat(images.pull("a:1", List.of()).id()).isEqualTo(a.id());
    }

    private long layers() throws IOException {
        try (var all = Files.list(folder.resolve("images/layers"))) {
            return all.filter(Files::isDirectory).count();
        }
    }

    @Test
    void who_may_use_an_image_is_still_known_after_a_restart() throws Exception {
        small().pushTo(registry, "library/app", "1");
        Image image = images.pull("app:1", List.of());
        assertThat(images.access(image.id())).contains(Map.of());
        PullAccess access =
                PullAccess.with(new PullAccess.SecretUse("uid", "default", "login", "hash"));
        images.allow(image.id(), "docker.io/library/app", access);
        images.close();
        images = imagesWith(Map.of("docker.io", List.of(registry.address())));
        assertThat(images.access(image.id())).contains(Map.of("docker.io/library/app", access));
        assertThat(images.access("sha256:" + "0".repeat(64))).isEmpty();
    }

    @Test
    void a_token_service_that_refuses_is_told() throws Exception {
        registry.wantsBearer("me", "secret");
        small().pushTo(registry, "app", "1");
        String name = registry.host() + "/app:1";
        PullFailed anonymous = failureOf(name);
        assertThat(anonymous.why()).isEqualTo(Why.UNAUTHORIZED);
        assertThat(anonymous.getMessage())
                .contains("failed to authorize: failed to fetch anonymous token: unexpected status")
                .endsWith("401 Unauthorized");
        assertThat(
                        images.pull(
                                name,
                                List.of(new RegistryCredential(registry.host(), "me", "secret"))))
                .isNotNull();
    }

    @Test
    void a_redirect_does_not_take_the_secret_along() throws Exception {
        try (TestRegistry store = new TestRegistry()) {
            registry.wantsBearer(null, null);
            small().pushTo(registry, "library/app", "1");
            small().pushTo(store, "library/app", "1");
            registry.redirectsBlobsTo(store.address());
            images.pull("app:1", List.of());
            assertThat(store.requests()).hasSize(2).noneMatch(each -> each.contains("+auth"));
        }
    }

    @Test
    void a_damaged_layer_is_refused_and_leaves_nothing() throws Exception {
        TestImage image = small();
        image.pushTo(registry, "library/app", "1");
        byte[] damaged = image.layers().getFirst().clone();
        damaged[damaged.length - 9] ^= 1;
        registry.blobAs(image.layerDigest(0), damaged);
        PullFailed failed = failureOf("app:1");
        assertThat(failed.why()).isEqualTo(Why.CORRUPT);
        assertThat(failed.getMessage())
                .contains(
                        "failed commit on ref \"layer-"
                                + image.layerDigest(0)
                                + "\": unexpected commit digest "
                                + Digest.sha256Of(damaged)
                                + ", expected "
                                + image.layerDigest(0)
                                + ": failed precondition");
        assertThat(images.list()).isEmpty();
        assertThat(leftovers()).isEmpty();
        registry.blobAs(image.layerDigest(0), image.layers().getFirst());
        assertThat(images.pull("app:1", List.of())).isNotNull();
    }

    @Test
    void a_layer_that_unpacks_to_something_else_is_refused() throws Exception {
        small().claimingDiffId(0, Digest.sha256Of(new byte[1]))
                .pushTo(registry, "library/app", "1");
        PullFailed failed = failureOf("app:1");
        assertThat(failed.why()).isEqualTo(Why.CORRUPT);
        assertThat(failed.getMessage()).contains("wrong diff id calculated on extraction");
        assertThat(images.list()).isEmpty();
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void a_layer_longer_or_shorter_than_told_is_refused() {
        TestImage image = small();
        image.pushTo(registry, "library/app", "1");
        registry.blobAs(image.layerDigest(0), new byte[1]);
        assertThat(failureOf("app:1").getMessage()).contains("failed size validation: 1 != ");
        registry.blobAs(image.layerDigest(0), noise(100_000));
        assertThat(failureOf("app:1").getMessage()).contains("failed size validation");
        assertThat(failureOf("app:1").why()).isEqualTo(Why.CORRUPT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "nonsense",
                "{\"schemaVersion\":2}",
                "{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:../../x\",\"size\":1}}",
                "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"x\",\"size\":1}]}",
                "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}",
                "{\"schemaVersion\":1,\"name\":\"old\"}"
            })
    void what_is_not_a_manifest_is_corrupt(String document) {
        registry.manifest("library/app", "1", TestImage.utf8(document), ImageManifest.OCI_MANIFEST);
        assertThat(failureOf("app:1").why()).isEqualTo(Why.CORRUPT);
    }

    @Test
    void a_manifest_that_is_not_what_its_digest_says_is_corrupt() {
        TestImage image = small();
        Digest digest = image.pushTo(registry, "library/app", "1");
        registry.manifestAs(
                "library/app",
                digest.toString(),
                anImage().layer(Tar.archive().file("evil", "x")).manifest(),
                image.mediaType());
        assertThat(failureOf("app@" + digest).why()).isEqualTo(Why.CORRUPT);
        assertThat(failureOf("app:1").why()).isEqualTo(Why.CORRUPT);
    }

    @Test
    void a_registry_that_tells_no_digests_serves_as_well() throws Exception {
        registry.saysNoDigests();
        Digest digest = small().pushTo(registry, "library/app", "1");
        assertThat(images.pull("app:1", List.of()).repoDigest())
                .isEqualTo("docker.io/library/app@" + digest);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_download_that_breaks_off_goes_on(boolean ranges) throws Exception {
        if (!ranges) {
            registry.knowsNoRanges();
        }
        byte[] archive =
                Tar.archive()
                        .file(
                                "big",
                                new String(
                                        noise(300_000),
                                        java.nio.charset.StandardCharsets.ISO_8859_1))
                        .bytes();
        TestImage image = anImage().layer(archive, "none");
        image.pushTo(registry, "library/app", "1");
        registry.breaksOff(image.layerDigest(0), 100_000);
        images.pull("app:1", List.of());
        assertThat(registry.downloads(image.layerDigest(0))).isEqualTo(2);
    }

    @Test
    void a_registry_that_stalls_is_given_up_in_time() throws Exception {
        small().pushTo(registry, "library/app", "1");
        registry.holdsBlobs();
        PullFailed failed = failureOf("app:1");
        assertThat(failed.why()).isEqualTo(Why.UNREACHABLE);
        assertThat(failed.getMessage()).contains("i/o timeout");
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void pulls_at_once_share_one_download() throws Exception {
        TestImage image = small();
        image.pushTo(registry, "library/app", "1");
        image.pushTo(registry, "library/app", "2");
        try (var workers = Executors.newVirtualThreadPerTaskExecutor()) {
            Callable<Image> one = () -> images.pull("app:1", List.of());
            Callable<Image> two = () -> images.pull("app:2", List.of());
            List<Future<Image>> pulls =
                    workers.invokeAll(List.of(one, two, one, two, one, two, one, two));
            for (Future<Image> each : pulls) {
                assertThat(each.get().id()).isEqualTo(Digest.sha256Of(image.config()).toString());
            }
        }
        assertThat(registry.downloads(image.layerDigest(0))).isEqualTo(1);
        assertThat(images.list()).hasSize(2);
    }

    @Test
    void a_caller_who_gives_up_does_not_spoil_it_for_the_others() throws Exception {
        TestImage image = small();
        image.pushTo(registry, "library/app", "1");
        try (OciImages patient =
                        new OciImages(
                                folder.resolve("images"),
                                folder.resolve("mounts"),
                                new RegistrySettings(
                                        Map.of("*", List.of(registry.address())),
                                        true,
                                        Platform.here()));
                var workers = Executors.newVirtualThreadPerTaskExecutor()) {
            var gate = registry.holdsBlobs();
            Future<Image> first = workers.submit(() -> patient.pull("app:1", List.of()));
            Future<Image> second = workers.submit(() -> patient.pull("app:1", List.of()));
            while (registry.requests().stream().filter(each -> each.startsWith("HEAD")).count() < 2
                    || registry.requests().stream().noneMatch(each -> each.contains("/blobs/"))) {
                Thread.onSpinWait();
            }
            first.cancel(true);
            gate.countDown();
            assertThat(second.get().reference()).isEqualTo("docker.io/library/app:1");
        }
    }

    @Test
    void a_tag_that_moved_brings_the_new_image() throws Exception {
        small().pushTo(registry, "library/app", "1");
        Image first = images.pull("app:1", List.of());
        anImage().layer(Tar.archive().file("new", "x")).pushTo(registry, "library/app", "1");
        Image second = images.pull("app:1", List.of());
        assertThat(second.id()).isNotEqualTo(first.id());
        assertThat(images.list()).containsExactly(second);
    }

    @Test
    void an_image_that_is_here_costs_one_question() throws Exception {
        small().pushTo(registry, "library/app", "1");
        images.pull("app:1", List.of());
        int before = registry.requests().size();
        images.pull("app:1", List.of());
        assertThat(registry.requests()).hasSize(before + 1);
    }

    @Test
    void another_life_of_berth_finds_what_was_pulled() throws Exception {
        small().pushTo(registry, "library/app", "1");
        Image image = images.pull("app:1", List.of());
        try (OciImages later = imagesWith(Map.of())) {
            later.sweep();
            assertThat(later.list()).containsExactly(image);
        }
    }

    @Test
    void a_hostile_reference_never_reaches_the_disk() {
        assertThat(failureOf("../../etc/passwd").why()).isEqualTo(Why.INVALID_NAME);
        assertThat(folder.resolve("images")).doesNotExist();
    }
}
