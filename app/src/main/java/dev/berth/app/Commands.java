package dev.berth.app;

import dev.berth.adapter.image.DemoImages;
import dev.berth.adapter.image.OciImages;
import dev.berth.app.lab.KubeconfigText;
import dev.berth.app.lab.Lab;
import dev.berth.edge.cli.Actions;
import dev.berth.edge.cli.AwsClient;
import dev.berth.port.Images;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What Berth's commands do. */
final class Commands implements Actions {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final int TOKEN_MINUTES = 14;
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    /** How long a process without its lock may take to be gone. */
    private static final int PROCESS_END_SECONDS = 10;

    private final PrintStream out = System.out;
    private final PrintStream err = System.err;

    @Override
    public int up(Options options, boolean detach) throws Exception {
        var data = DataFolder.open(options.data());
        if (data.running()) {
            var running = InstanceFile.read(data.path());
            say(
                    "already running"
                            + running.map(instance -> " at " + instance.endpoint()).orElse("")
                            + " with data in "
                            + data.path());
            return detach ? 0 : 1;
        }
        if (detach) {
            var instance = new Detached(data).start(options);
            say("answers at " + instance.endpoint() + " (log: " + data.resolve("berth.log") + ")");
            return 0;
        }
        var lock = data.tryLock();
        if (lock.isEmpty()) {
            say("another Berth has just been started with data in " + data.path());
            return 1;
        }
        try (var _ = lock.get()) {
            serve(data, options);
        }
        return 0;
    }

    private void serve(DataFolder data, Options options) throws Exception {
        var began = System.nanoTime();
        var stop = new CountDownLatch(1);
        var ended = new CountDownLatch(1);
        var server = new Server(data, options, stop::countDown);
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform()
                                .unstarted(() -> {
                                    stop.countDown();
                                    try {
                                        ended.await();
                                    } catch (InterruptedException hurry) {
                                        Thread.currentThread().interrupt();
                                    }
                                }));
        try {
            server.start();
            say(
                    String.format(
                            Locale.ROOT,
                            "answers at %s after %d ms; eval \"$(berth env --data %s)\" for AWS clients; Ctrl-C stops all",
                            server.endpoint(),
                            (System.nanoTime() - began) / 1_000_000,
                            data.path()));
            stop.await();
            say("stopping");
        } finally {
            try {
                server.stop();
            } finally {
                ended.countDown();
            }
        }
    }

    @Override
    public int env(Path data) throws Exception {
        var instance = instance(data);
        out.println("export AWS_ENDPOINT_URL=" + instance.endpoint());
        out.println("export AWS_ACCESS_KEY_ID=" + instance.accessKeyId());
        out.println("export AWS_SECRET_ACCESS_KEY=" + instance.secretAccessKey());
        out.println("export AWS_REGION=" + instance.region());
        out.println("export AWS_DEFAULT_REGION=" + instance.region());
        out.println("export BERTH_DATA='" + data.toString().replace("'", "'\\''") + "'");
        return 0;
    }

    @Override
    public int kubeconfig(Path data, String cluster, @Nullable Path file) throws Exception {
        var described =
                client(instance(data))
                        .eks(
                                "GET",
                                "/clusters/"
                                        + URLEncoder.encode(cluster, StandardCharsets.UTF_8)
                                                .replace("+", "%20"),
                                null)
                        .path("cluster");
        if (described.path("endpoint").asString("").isEmpty()) {
            say(
                    "cluster "
                            + cluster
                            + " is "
                            + described.path("status").asString()
                            + " and has no endpoint yet");
            return 1;
        }
        var script = System.getProperty("berth.home", ".") + "/berth";
        var text =
                new KubeconfigText(
                                cluster,
                                described.path("endpoint").asString(),
                                described.path("certificateAuthority").path("data").asString())
                        .withCommand(
                                List.of(
                                        script,
                                        "token",
                                        "--cluster-name",
                                        cluster,
                                        "--data",
                                        data.toString()));
        if (file == null) {
            out.print(text);
            return 0;
        }
        Files.deleteIfExists(file);
        Files.createFile(
                file,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, text);
        say("wrote " + file);
        return 0;
    }

    @Override
    public int token(Path data, String cluster) throws Exception {
        var now = Instant.now();
        out.println(
                JSON.writeValueAsString(
                        Map.of(
                                "kind",
                                "ExecCredential",
                                "apiVersion",
                                "client.authentication.k8s.io/v1beta1",
                                "spec",
                                Map.of(),
                                "status",
                                Map.of(
                                        "expirationTimestamp",
                                                now.plus(TOKEN_MINUTES, ChronoUnit.MINUTES)
                                                        .truncatedTo(ChronoUnit.SECONDS)
                                                        .toString(),
                                        "token", client(instance(data)).token(cluster, now)))));
        return 0;
    }

    @Override
    public int importImage(Path data, Path file) throws Exception {
        try (var images = Wiring.images(DataFolder.open(data), List.of())) {
            for (var image : images.importFile(file)) {
                out.println(image.reference() + "  " + image.id());
            }
        }
        return 0;
    }

    @Override
    public int listImages(Path data) throws Exception {
        try (var images = Wiring.images(DataFolder.open(data), List.of())) {
            out.printf(Locale.ROOT, "%-56s %-20s %s%n", "IMAGE", "ID", "SIZE");
            for (var image : images.list()) {
                out.printf(
                        Locale.ROOT,
                        "%-56s %-20s %.1f MB%n",
                        image.reference(),
                        image.id().substring(0, 19),
                        image.sizeBytes() / 1e6);
            }
        }
        return 0;
    }

    @Override
    public int removeImages(Path data, List<String> names) throws Exception {
        try (var images = Wiring.images(DataFolder.open(data), List.of())) {
            for (var name : names) {
                boolean was;
                try {
                    was = images.remove(name);
                } catch (IllegalStateException used) {
                    say(used.getMessage() + "; delete its pods first");
                    return 1;
                }
                if (!was) {
                    say("there is no image " + name + " here");
                    return 1;
                }
                out.println("removed " + name);
            }
        }
        return 0;
    }

    @Override
    public int cleanImages(Path data) throws Exception {
        try (var images = Wiring.images(DataFolder.open(data), List.of())) {
            var unused =
                    images.storage().images().stream()
                            .filter(image -> !image.used() && !image.pinned())
                            .map(Images.Stored::id)
                            .toList();
            var freed = images.clean(unused);
            images.cleanOwnerless();
            out.printf(Locale.ROOT, "removed %d images, %.1f MB%n", unused.size(), freed / 1e6);
        }
        return 0;
    }

    @Override
    public int buildDemoImages(Path data, boolean force) throws Exception {
        try (OciImages images = Wiring.images(DataFolder.open(data), List.of())) {
            buildDemoImages(images, force);
        }
        return 0;
    }

    private void buildDemoImages(OciImages images, boolean force) throws Exception {
        for (var image :
                new DemoImages(images, Wiring.cache().resolve("debs"), this::say).build(force)) {
            say("image " + image.reference() + " is here");
        }
    }

    @Override
    public int addNode(Path data, String cluster, NodeWish wish) throws Exception {
        return new NodeActions(instance(data), out, err).add(cluster, wish);
    }

    @Override
    public int listNodes(Path data, String cluster, boolean json) throws Exception {
        return new NodeActions(instance(data), out, err).list(cluster, json);
    }

    @Override
    public int removeNode(Path data, String cluster, String name) throws Exception {
        return new NodeActions(instance(data), out, err).remove(cluster, name);
    }

    @Override
    public int status(Path data, boolean json) throws Exception {
        if (!Files.isDirectory(data) || !DataFolder.open(data).running()) {
            if (json) {
                out.println(
                        JSON.writeValueAsString(Map.of("running", false, "data", data.toString())));
            } else {
                out.println("not running (data: " + data + ")");
            }
            return 1;
        }
        var status = new ControlClient(instance(data)).run("status", Map.of(), PATIENCE, this::say);
        if (json) {
            out.println(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(status));
        } else {
            StatusText.print(status, out);
        }
        return 0;
    }

    @Override
    public int doctor(Path data) throws Exception {
        return new Doctor(out).examine() ? 0 : 1;
    }

    @Override
    public int down(Path data, boolean purge) throws Exception {
        if (!Files.isDirectory(data)) {
            say("nothing to stop: there is no " + data);
            return 0;
        }
        var folder = DataFolder.open(data);
        if (folder.running()) {
            var instance = instance(data);
            say("stopping the Berth at " + instance.endpoint());
            try {
                new ControlClient(instance).run("stop", Map.of(), PATIENCE, this::say);
            } catch (IOException deaf) {
                kill(instance, "it does not answer");
            }
            waitUntilEnded(folder, instance);
        }
        try (var _ =
                folder.tryLock()
                        .orElseThrow(() ->
                                new IOException(
                                        "another Berth has just been started with data in "
                                                + data))) {
            Wiring.removeLeftovers(folder);
            if (purge) {
                Wiring.purge(folder);
                say("stopped, and removed " + data);
            } else {
                say("stopped");
            }
        }
        return 0;
    }

    private void waitUntilEnded(DataFolder folder, InstanceFile instance)
            throws IOException, InterruptedException {
        var process = ProcessHandle.of(instance.pid());
        var told = Instant.now();
        var began = Instant.now();
        while (folder.running()) {
            if (Instant.now().isAfter(told.plusSeconds(2))) {
                told = Instant.now();
                say("still stopping");
            }
            if (Instant.now().isAfter(began.plusSeconds(60))) {
                kill(instance, "it did not end within a minute");
                began = Instant.now();
            }
            Thread.sleep(20);
        }
        // The lock goes a moment before the process does; who asks afterwards is to see neither.
        var end = Instant.now().plusSeconds(PROCESS_END_SECONDS);
        while (process.isPresent() && process.get().isAlive() && Instant.now().isBefore(end)) {
            Thread.sleep(5);
        }
    }

    /** Ends a Berth that holds its data folder's lock, and so is the one that wrote the file. */
    private void kill(InstanceFile instance, String why) {
        say(why + ": killing process " + instance.pid());
        ProcessHandle.of(instance.pid()).ifPresent(ProcessHandle::destroyForcibly);
    }

    @Override
    public int lab(Options options, boolean keepGoing) throws Exception {
        var data = DataFolder.open(options.data());
        InstanceFile instance;
        if (data.running()) {
            instance = instance(data.path());
            say("using the Berth at " + instance.endpoint());
        } else {
            say("starting Berth with data in " + data.path());
            instance = new Detached(data).start(options);
        }
        try (var images = Wiring.images(data, options.mirrors())) {
            buildDemoImages(images, false);
        }
        var kubectl = List.of(Wiring.kubeBinary().toString(), "kubectl");
        var well = new Lab(client(instance), kubectl, data.resolve("lab"), out).walk();
        if (!keepGoing) {
            down(data.path(), false);
        } else if (well) {
            var script = System.getProperty("berth.home", ".") + "/berth";
            out.println();
            out.println("Go on with:");
            out.println("  eval \"$(" + script + " env --data " + data.path() + ")\"");
            out.println("  aws eks describe-cluster --name shirwalab-eks-dev");
            out.println(
                    "  aws eks update-kubeconfig --name shirwalab-eks-dev --kubeconfig ./lab.kubeconfig");
            out.println("  kubectl --kubeconfig ./lab.kubeconfig get pods,nodes -o wide");
            out.println("  " + script + " down --data " + data.path());
        }
        return well ? 0 : 1;
    }

    private static AwsClient client(InstanceFile instance) {
        return new AwsClient(
                URI.create(instance.endpoint()),
                instance.region(),
                instance.accessKeyId(),
                instance.secretAccessKey());
    }

    private static InstanceFile instance(Path data) throws IOException {
        return InstanceFile.read(data)
                .orElseThrow(() ->
                        new IOException(
                                "no Berth has run with data in "
                                        + data
                                        + " yet: start one with berth up"));
    }

    private void say(String text) {
        err.println("berth: " + text);
    }

    /** The status for people. */
    static final class StatusText {
        private StatusText() {}

        static void print(JsonNode status, PrintStream out) {
            out.println("endpoint   " + status.path("endpoint").asString());
            out.println("data       " + status.path("data").asString());
            out.println(
                    "memory     "
                            + status.path("memoryMebibytes").asLong()
                            + " MiB, process "
                            + status.path("pid").asLong());
            if (status.path("clusters").isEmpty()) {
                out.println("clusters   none");
            }
            for (var cluster : status.path("clusters")) {
                out.println(
                        "cluster    "
                                + cluster.path("name").asString()
                                + "  "
                                + cluster.path("status").asString()
                                + "  "
                                + cluster.path("version").asString()
                                + "  "
                                + cluster.path("doing").asString());
            }
        }
    }
}
