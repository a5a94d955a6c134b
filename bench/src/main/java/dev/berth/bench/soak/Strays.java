package dev.berth.bench.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a running Berth has on the machine for pods that do not exist: folders, namespaces, mounts,
 * cgroups and processes, each of which bears its pod's uid or the id of a container.
 */
final class Strays {
    private static final Pattern UID =
            Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

    private final Path data;
    private final String name;

    /** Of the Berth with this data folder and this name. */
    Strays(Path data, String name) {
        this.data = data;
        this.name = name;
    }

    /** What there is beyond what these pods need. */
    Collection<String> beyond(Collection<String> podUids) throws IOException {
        var found = new TreeSet<String>();
        for (var folder :
                Stream.of(
                                data.resolve("pods"),
                                data.resolve("pods-memory"),
                                data.resolve("runtime"),
                                data.resolve("mounts"),
                                Path.of("/run/berth", name, "net", "pods"))
                        .toList()) {
            entries(folder, found);
        }
        for (var group : new String[] {"memory/", "cpu/", "pids/", ""}) {
            entries(Path.of("/sys/fs/cgroup/" + group + "berth/" + name), found);
        }
        for (var line : Files.readAllLines(Path.of("/proc/mounts"))) {
            if (line.contains(data.toString()) || line.contains("/run/berth/" + name)) {
                found.add(line.split(" ", -1)[1]);
            }
        }
        found.removeIf(one -> {
            var uid = UID.matcher(one);
            return !uid.find() || podUids.contains(uid.group());
        });
        return found;
    }

    private static void entries(Path folder, Collection<String> into) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (var entries = Files.list(folder)) {
            entries.map(Path::toString).forEach(into::add);
        }
    }
}
