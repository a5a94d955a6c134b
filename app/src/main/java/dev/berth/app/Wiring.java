package dev.berth.app;

import dev.berth.adapter.controlplane.KubeBinaries;
import dev.berth.adapter.image.OciImages;
import dev.berth.adapter.image.Platform;
import dev.berth.adapter.image.RegistrySettings;
import dev.berth.adapter.libc.MountTable;
import dev.berth.port.ControlPlanes.ControlPlaneFailed;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Makes the adapters that commands and server share, from the data folder and the environment. */
final class Wiring {
    private Wiring() {}

    /** What is dear to make and belongs to no data folder. */
    static Path cache() {
        var told = System.getProperty("berth.cache");
        return told != null
                ? Path.of(told)
                : Path.of(System.getProperty("user.home"), ".cache", "berth");
    }

    static KubeBinaries kubeBinaries() {
        @Nullable String folder = System.getenv("BERTH_KUBE_DIR");
        return new KubeBinaries(
                folder == null || folder.isEmpty() ? null : Path.of(folder),
                cache().resolve("kube"));
    }

    static Optional<Path> findKubeBinary() {
        try {
            return Optional.of(kubeBinary());
        } catch (IOException none) {
            return Optional.empty();
        }
    }

    /** A program of the system; a missing one is named when it is first used. */
    static Path program(String name) {
        return Doctor.onPath(name).orElse(Path.of("/usr/bin", name));
    }

    /** The multi-call binary, of the default version if that is there. */
    static Path kubeBinary() throws IOException {
        try {
            return kubeBinaries().any().program();
        } catch (ControlPlaneFailed none) {
            throw new IOException(none.getMessage(), none);
        }
    }

    /**
     * The images of a data folder.
     *
     * @param mirrors {@code registry=url} each
     */
    static OciImages images(DataFolder data, List<String> mirrors) {
        return images(data, mirrors, null);
    }

    /**
     * The same with credentials.
     *
     * @param dockerConfig a file of {@code docker login}'s, or null
     */
    static OciImages images(DataFolder data, List<String> mirrors, @Nullable Path dockerConfig) {
        var byRegistry = new LinkedHashMap<String, List<URI>>();
        for (var mirror : mirrors) {
            var equals = mirror.indexOf('=');
            byRegistry
                    .computeIfAbsent(mirror.substring(0, equals), none -> new ArrayList<>())
                    .add(URI.create(mirror.substring(equals + 1)));
        }
        return new OciImages(
                data.resolve("images"),
                data.resolve("mounts"),
                new RegistrySettings(
                        Map.copyOf(byRegistry),
                        !byRegistry.isEmpty(),
                        Platform.here(),
                        dockerConfig));
    }

    /** Removes what a Berth that ended badly has left on the machine; nothing of its data. */
    static void removeLeftovers(DataFolder data) throws IOException, InterruptedException {
        new Machine(data, List.of(), null).destroy();
        removeTree(data.runFolder());
    }

    /** Removes a data folder with all that is in it. */
    static void purge(DataFolder data) throws IOException {
        removeTree(data.path());
    }

    /** Removes a folder with all that is in it; nothing when there is none. */
    static void removeTree(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        var real = root.toRealPath();
        if (MountTable.read().below(real).stream().anyMatch(mount -> !mount.point().equals(real))) {
            // What is mounted may be a folder of the user's.
            throw new IOException(root + " is not removed: something is still mounted there");
        }
        Files.walkFileTree(
                root,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path folder, @Nullable IOException failure) throws IOException {
                        if (failure != null) {
                            throw failure;
                        }
                        Files.delete(folder);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }
}
