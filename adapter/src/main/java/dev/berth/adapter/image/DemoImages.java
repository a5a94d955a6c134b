package dev.berth.adapter.image;

import dev.berth.adapter.image.DebianPackages.Package;
import dev.berth.adapter.image.DebianPackages.PackagesFailed;
import dev.berth.adapter.image.ImageRecords.Origin;
import dev.berth.port.Images.Image;
import dev.berth.port.Images.PullFailed;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes the images that demos need on a machine without a registry: nginx and busybox from this
 * machine's own Debian packages, pause from a few lines of C. The same packages make the same
 * digests. Nothing is installed, and apt runs as whoever runs this.
 */
public final class DemoImages {
    private static final String PATH =
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private static final int SECONDS_MAX = 60;

    private final OciImages images;
    private final Path packageCache;
    private final Consumer<String> progress;

    /**
     * Makes images into a store.
     *
     * @param packageCache where packages are kept, such as {@code ~/.cache/berth/debs}
     * @param progress is told what happens, in sentences for people
     */
    public DemoImages(OciImages images, Path packageCache, Consumer<String> progress) {
        this.images = images;
        this.packageCache = packageCache.toAbsolutePath();
        this.progress = progress;
    }

    /** The images cannot be made here. The message says why and what to do instead. */
    public static final class DemoFailed extends Exception {
        private static final long serialVersionUID = 1L;

        DemoFailed(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * Makes those that are not here.
     *
     * @param force whether to make them anew, from packages fetched anew
     * @return what was made, one per name; pause is left out where there is no C compiler
     */
    public List<Image> build(boolean force) throws DemoFailed, PullFailed, InterruptedException {
        DebianPackages packages =
                new DebianPackages(packageCache, Platform.here().architecture(), progress);
        List<Image> made = new ArrayList<>();
        try {
            if (wanted("docker.io/library/busybox:latest", force)) {
                made.addAll(busybox(packages, force));
            }
            if (wanted("docker.io/library/nginx:latest", force)) {
                made.addAll(nginx(packages, force));
            }
            if (wanted("registry.k8s.io/pause:3.10", force)) {
                made.addAll(pause());
            }
        } catch (PackagesFailed failed) {
            throw new DemoFailed(String.valueOf(failed.getMessage()), failed);
        } catch (IOException failed) {
            throw new DemoFailed("cannot make demo images: " + failed.getMessage(), failed);
        }
        return made;
    }

    private boolean wanted(String reference, boolean force) {
        if (!force && images.find(reference).isPresent()) {
            progress.accept(reference + " is here already");
            return false;
        }
        return true;
    }

    private List<Image> busybox(DebianPackages packages, boolean force)
            throws PackagesFailed, IOException, PullFailed, InterruptedException {
        if (force) {
            packages.download(List.of("busybox-static"));
        }
        Package source = packages.get("busybox-static");
        RootfsBuilder root = new RootfsBuilder();
        for (String each : List.of("bin", "dev", "etc", "home", "proc", "root", "sys", "var/www")) {
            root.folder(each, 0755);
        }
        root.folder("tmp", 01777);
        byte[] program = busyboxOf(source);
        root.file("bin/busybox", 0755, program);
        for (String applet : applets(program)) {
            if (!applet.equals("busybox")) {
                root.link("bin/" + applet, "busybox");
            }
        }
        // Scripts name interpreters by these paths.
        root.link("usr/bin/env", "../../bin/busybox");
        root.file(
                "etc/passwd",
                "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n");
        root.file("etc/group", "root:x:0:\nnogroup:x:65534:\n");
        Map<String, Object> process = new LinkedHashMap<>();
        process.put("Env", List.of(PATH));
        process.put("Cmd", List.of("sh"));
        return make(
                "docker.io/library/busybox",
                tags(source.upstreamVersion()),
                root,
                process,
                Map.of("busybox-static", source.version()));
    }

    private static byte[] busyboxOf(Package source) throws PackagesFailed, IOException {
        RootfsBuilder unpacked = new RootfsBuilder();
        DebianPackages.unpack(source, unpacked, true);
        return unpacked.content("usr/bin/busybox");
    }

    private List<String> applets(byte[] busybox) throws IOException, InterruptedException {
        Path place = images.content().place();
        try {
            // It looks at its own name to know what it is asked to be.
            Path program = Files.createDirectory(place).resolve("busybox");
            Files.write(program, busybox);
            Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
            return run(List.of(program.toString(), "--list")).lines().sorted().toList();
        } finally {
            NativeFiles.deleteTree(place);
        }
    }

    private List<Image> nginx(DebianPackages packages, boolean force)
            throws PackagesFailed, IOException, PullFailed, InterruptedException {
        if (force) {
            packages.download(List.of("nginx", "nginx-common", "busybox"));
        }
        // iproute2, debconf and init scripts are needed to install nginx, not to run it.
        Map<String, Package> sources =
                packages.closure(List.of("nginx"), List.of("nginx", "lib", "zlib"));
        Package shell = packages.get("busybox");
        RootfsBuilder root = new RootfsBuilder();
        for (String each : List.of("bin", "sbin", "lib", "lib64")) {
            root.folder("usr/" + each, 0755).link(each, "usr/" + each);
        }
        for (String each : List.of("dev", "proc", "root", "run", "sys", "var/cache/nginx")) {
            root.folder(each, 0755);
        }
        root.folder("tmp", 01777).folder("var/tmp", 01777).link("var/run", "../run");
        Map<String, String> contents = new LinkedHashMap<>();
        for (Package each : sources.values()) {
            DebianPackages.unpack(each, root, true);
            root.file("var/lib/dpkg/status.d/" + each.name(), each.control());
            contents.put(each.name(), each.version());
        }
        for (String each :
                List.of(
                        "usr/share/doc",
                        "usr/share/man",
                        "usr/share/lintian",
                        "usr/share/bash-completion",
                        "usr/share/vim",
                        "usr/share/gdb",
                        "usr/share/locale",
                        "usr/share/gcc",
                        "usr/lib/systemd",
                        "etc/init.d",
                        "etc/logrotate.d",
                        "etc/ufw",
                        "etc/default",
                        "etc/nginx/sites-enabled",
                        "etc/nginx/modules-enabled")) {
            root.remove(each);
        }
        removeConverters(root);
        byte[] busybox = busyboxOf(shell);
        root.file("usr/bin/busybox", 0755, busybox);
        contents.put("busybox", shell.version());
        for (String applet :
                List.of(
                        "sh",
                        "ls",
                        "cat",
                        "cp",
                        "mv",
                        "rm",
                        "mkdir",
                        "echo",
                        "ps",
                        "wget",
                        "nc",
                        "hostname",
                        "ip",
                        "env",
                        "id",
                        "sleep",
                        "mount",
                        "df",
                        "top",
                        "grep",
                        "kill",
                        "head",
                        "tail",
                        "find",
                        "date",
                        "touch",
                        "chmod",
                        "chown",
                        "test",
                        "true",
                        "false",
                        "nslookup",
                        "ping",
                        "sed",
                        "stat",
                        "free")) {
            if (!root.has("usr/bin/" + applet)) {
                root.link("usr/bin/" + applet, "busybox");
            }
        }
        root.file(
                "etc/passwd",
                """
                root:x:0:0:root:/root:/bin/sh
                www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
                nobody:x:65534:65534:nobody:/:/usr/sbin/nologin
                """);
        root.file("etc/group", "root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n");
        root.file("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
        root.file("etc/nginx/nginx.conf", resource("nginx.conf"));
        root.file("etc/nginx/conf.d/default.conf", resource("nginx-default.conf"));
        root.file("usr/share/nginx/html/index.html", resource("index.html"));
        root.folder("var/lib/nginx", 0755);
        root.folder("var/log/nginx", 0755);
        root.link("var/log/nginx/access.log", "/dev/stdout");
        root.link("var/log/nginx/error.log", "/dev/stderr");
        Map<String, Object> process = new LinkedHashMap<>();
        process.put("ExposedPorts", Map.of("80/tcp", Map.of()));
        process.put("Env", List.of(PATH));
        process.put("Cmd", List.of("nginx", "-g", "daemon off;"));
        process.put("StopSignal", "SIGQUIT");
        Package nginx = sources.values().iterator().next();
        return make(
                "docker.io/library/nginx", tags(nginx.upstreamVersion()), root, process, contents);
    }

    /** Tables that convert between encodings: two thirds of libc's size, of no use here. */
    private static void removeConverters(RootfsBuilder root) {
        for (String triple : List.of("x86_64-linux-gnu", "aarch64-linux-gnu")) {
            root.remove("usr/lib/" + triple + "/gconv");
        }
    }

    private List<Image> pause() throws IOException, PullFailed, InterruptedException {
        Path source = images.content().place();
        Path program = images.content().place();
        Path file = source.resolveSibling(source.getFileName() + ".c");
        try {
            Files.writeString(file, resource("pause.c"));
            List<String> small =
                    List.of(
                            "-nostdlib",
                            "-nostartfiles",
                            "-fno-stack-protector",
                            "-fno-asynchronous-unwind-tables",
                            "-Wl,--build-id=none");
            List<String> command =
                    new ArrayList<>(
                            List.of("gcc", "-Os", "-static", "-s", "-o", program.toString()));
            if (Platform.here().architecture().equals("amd64")) {
                command.addAll(small);
            }
            command.add(file.toString());
            try {
                run(command);
            } catch (IOException absent) {
                progress.accept(
                        "pause is left out, as there is no C compiler here ("
                                + absent.getMessage()
                                + "); pods do not need it");
                return List.of();
            }
            RootfsBuilder root = new RootfsBuilder();
            root.file("pause", 0755, Files.readAllBytes(program));
            Map<String, Object> process = new LinkedHashMap<>();
            process.put("User", "65535:65535");
            process.put("Env", List.of(PATH));
            process.put("Entrypoint", List.of("/pause"));
            process.put("WorkingDir", "/");
            return make("registry.k8s.io/pause", List.of("3.10", "3.9"), root, process, Map.of());
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(program);
        }
    }

    /** {@code latest}, {@code 1.22.1} and {@code 1.22} for version 1.22.1. */
    private static List<String> tags(String version) {
        List<String> tags = new ArrayList<>(List.of("latest", version));
        int last = version.lastIndexOf('.');
        if (version.indexOf('.') < last) {
            tags.add(version.substring(0, last));
        }
        return tags;
    }

    private List<Image> make(
            String name,
            List<String> tags,
            RootfsBuilder root,
            Map<String, Object> process,
            Map<String, String> packages)
            throws IOException, PullFailed, InterruptedException {
        byte[] layer = root.archive();
        Digest layerDigest = Digest.sha256Of(layer);
        Map<String, Object> settings = new LinkedHashMap<>(process);
        if (!packages.isEmpty()) {
            Map<String, String> labels = new LinkedHashMap<>();
            packages.forEach(
                    (each, version) -> labels.put("dev.berth.demo.package." + each, version));
            settings.put("Labels", labels);
        }
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("architecture", Platform.here().architecture());
        config.put("os", "linux");
        config.put("created", "1970-01-01T00:00:00Z");
        config.put("config", settings);
        Map<String, Object> rootfs = new LinkedHashMap<>();
        rootfs.put("type", "layers");
        rootfs.put("diff_ids", List.of(layerDigest.toString()));
        config.put("rootfs", rootfs);
        byte[] configBytes = Json.write(config);
        Digest configDigest = Digest.sha256Of(configBytes);
        Map<String, Object> manifest = new LinkedHashMap<>();
        manifest.put("schemaVersion", 2);
        manifest.put("mediaType", ImageManifest.OCI_MANIFEST);
        manifest.put(
                "config",
                ImageImport.descriptor(ImageManifest.OCI_CONFIG, configDigest, configBytes.length));
        manifest.put(
                "layers",
                List.of(
                        ImageImport.descriptor(
                                ImageManifest.OCI_LAYER, layerDigest, layer.length)));
        byte[] manifestBytes = Json.write(manifest);
        Digest manifestDigest = Digest.sha256Of(manifestBytes);
        ContentStore content = images.content();
        content.put(layer, layerDigest);
        content.put(configBytes, configDigest);
        content.put(manifestBytes, manifestDigest);
        if (!(ImageManifest.parse(manifestBytes, "") instanceof ImageManifest.Single single)) {
            throw new AssertionError("our own manifest is none");
        }
        List<Image> made = new ArrayList<>();
        for (String tag : tags) {
            made.add(
                    images.arrival()
                            .take(
                                    name + ":" + tag,
                                    manifestDigest,
                                    new ImageArrival.Chosen(manifestDigest, single),
                                    Origin.LOCAL,
                                    descriptor ->
                                            offset -> {
                                                throw new AssertionError("all content is here");
                                            }));
        }
        progress.accept("made " + name + " (" + String.join(", ", tags) + ")");
        return made;
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = DemoImages.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("missing in this program: " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            process.getOutputStream().close();
            String said =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException(command.getFirst() + " failed: " + said.strip());
            }
            return said;
        } finally {
            process.destroyForcibly();
        }
    }
}
