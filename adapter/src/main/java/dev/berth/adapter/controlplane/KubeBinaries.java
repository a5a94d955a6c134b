package dev.berth.adapter.controlplane;

import dev.berth.port.ControlPlanes.ControlPlaneFailed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where the built programs of Kubernetes are: one file {@code berth-kube} for each version, in
 * folders {@code v1.36.3} of {@code BERTH_KUBE_DIR} or of the cache {@code ~/.cache/berth/kube}, in
 * this order. They are looked up each time, since one may be built while Berth runs.
 */
public final class KubeBinaries {
    /** What clusters run that ask for nothing; EKS had it by July 2026. */
    static final String DEFAULT_VERSION = "1.36";

    private static final String FILE = "berth-kube";
    private static final Pattern FOLDER = Pattern.compile("v(\\d+)\\.(\\d+)\\.(\\d+)");

    private final List<Path> places;

    /**
     * Looks in these places.
     *
     * @param directory {@code BERTH_KUBE_DIR}, or null
     * @param cache the folder of versions in the cache
     */
    public KubeBinaries(@Nullable Path directory, Path cache) {
        this.places = directory == null ? List.of(cache) : List.of(directory, cache);
    }

    /**
     * A built version.
     *
     * @param version such as {@code v1.36.3}
     * @param program the file
     */
    public record Binary(String version, Path program) {
        /** The minor version, such as {@code 1.36}. */
        public String minor() {
            return version.substring(1, version.lastIndexOf('.'));
        }

        private int number(int group) {
            var matcher = FOLDER.matcher(version);
            return matcher.matches() ? Integer.parseInt(matcher.group(group)) : 0;
        }
    }

    /** The minor versions that are there, oldest first; the default one is always named. */
    public List<String> minors() {
        var minors =
                new ArrayList<>(
                        all().stream()
                                .sorted(
                                        Comparator.comparingInt((Binary b) -> b.number(1))
                                                .thenComparingInt(b -> b.number(2)))
                                .map(Binary::minor)
                                .distinct()
                                .toList());
        if (minors.isEmpty()) {
            minors.add(DEFAULT_VERSION);
        }
        return List.copyOf(minors);
    }

    /** The minor version for clusters that ask for none. */
    public String defaultMinor() {
        var minors = minors();
        return minors.contains(DEFAULT_VERSION) ? DEFAULT_VERSION : minors.getLast();
    }

    /** The newest patch of a minor version. */
    public Binary of(String minor) throws ControlPlaneFailed {
        return newest(all().stream().filter(b -> b.minor().equals(minor)).toList())
                .orElseThrow(() ->
                        new ControlPlaneFailed(
                                "Kubernetes "
                                        + minor
                                        + " is not built: no "
                                        + FILE
                                        + " in "
                                        + places,
                                null));
    }

    /** Any: for etcd, which is the same program for all. The newest. */
    public Binary any() throws ControlPlaneFailed {
        return newest(all())
                .orElseThrow(() ->
                        new ControlPlaneFailed(
                                "Kubernetes is not built: no " + FILE + " in " + places, null));
    }

    /**
     * CoreDNS as an image for pods.
     *
     * @param name such as {@code berth.dev/coredns:v1.14.7}
     * @param layout a folder with an OCI image layout, which names it so
     */
    public record CoreDnsImage(String name, Path layout) {}

    /** The image beside the built CoreDNS. */
    public Optional<CoreDnsImage> coreDnsImage() {
        var program = coreDns();
        var folder = program.map(Path::getParent).map(Path::getFileName).map(Path::toString);
        return program.flatMap(file ->
                        folder.map(named ->
                                new CoreDnsImage(
                                        "berth.dev/coredns:" + named.substring("coredns-".length()),
                                        file.resolveSibling("image"))))
                .filter(image -> Files.isRegularFile(image.layout().resolve("index.json")));
    }

    /** The built CoreDNS, such as {@code coredns-v1.14.7/berth-coredns}; the newest by name. */
    public Optional<Path> coreDns() {
        for (var place : places) {
            if (Files.isDirectory(place)) {
                try (var folders = Files.newDirectoryStream(place, "coredns-v*")) {
                    var found = new ArrayList<Path>();
                    folders.forEach(folder -> found.add(folder.resolve("berth-coredns")));
                    found.removeIf(program -> !Files.isExecutable(program));
                    if (!found.isEmpty()) {
                        return Optional.of(java.util.Collections.max(found));
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException("cannot look for CoreDNS in " + place, e);
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<Binary> newest(List<Binary> binaries) {
        return binaries.stream()
                .max(
                        Comparator.comparingInt((Binary b) -> b.number(1))
                                .thenComparingInt(b -> b.number(2))
                                .thenComparingInt(b -> b.number(3)));
    }

    private List<Binary> all() {
        var found = new ArrayList<Binary>();
        for (var place : places) {
            if (!Files.isDirectory(place)) {
                continue;
            }
            try (var folders = Files.newDirectoryStream(place, "v*")) {
                for (var folder : folders) {
                    var name = String.valueOf(folder.getFileName());
                    var program = folder.resolve(FILE);
                    boolean earlier = found.stream().anyMatch(b -> b.version().equals(name));
                    if (FOLDER.matcher(name).matches() && !earlier && Files.isExecutable(program)) {
                        found.add(new Binary(name, program));
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException("cannot look for Kubernetes in " + place, e);
            }
        }
        return found;
    }
}
