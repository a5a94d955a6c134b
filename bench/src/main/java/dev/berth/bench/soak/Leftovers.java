package dev.berth.bench.soak;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Counts what an instance has on the machine: processes, mounts, links, routes, cgroups. */
public final class Leftovers {
    private Leftovers() {}

    /**
     * Everything that names the data folder or the instance. Network namespaces are held by mounts
     * below the instance's run folder and by processes, so they are counted with those.
     *
     * @param instance eight hex digits
     */
    public static List<String> of(Path data, String instance) throws IOException {
        var found = new ArrayList<String>();
        for (var line : Files.readAllLines(Path.of("/proc/mounts"))) {
            if (line.contains(data.toString()) || line.contains(instance)) {
                found.add("mount " + line);
            }
        }
        found.addAll(processes(data, instance));
        for (var cgroup :
                List.of(
                        "/sys/fs/cgroup/berth",
                        "/sys/fs/cgroup/memory/berth",
                        "/sys/fs/cgroup/cpu/berth",
                        "/sys/fs/cgroup/pids/berth")) {
            if (Files.isDirectory(Path.of(cgroup, instance))) {
                found.add("cgroup " + cgroup + "/" + instance);
            }
        }
        if (Files.exists(Path.of("/run/berth", instance))) {
            found.add("folder /run/berth/" + instance);
        }
        var link = linksOf(instance);
        try (var links = Files.newDirectoryStream(Path.of("/sys/class/net"), link + "*")) {
            links.forEach(name -> found.add("link " + name.getFileName()));
        }
        for (var line : Files.readAllLines(Path.of("/proc/net/route"))) {
            if (line.startsWith(link)) {
                found.add("route " + line);
            }
        }
        if (Files.isExecutable(Path.of("/usr/sbin/nft"))) {
            tables().lines()
                    .filter(table -> table.contains("berth_" + instance))
                    .forEach(table -> found.add("packet filter " + table));
        }
        return found;
    }

    private static String tables() throws IOException {
        var listing = new ProcessBuilder("/usr/sbin/nft", "list", "tables").start();
        try (var output = listing.getInputStream()) {
            return new String(output.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Processes that name the data folder or stand in the instance's cgroups. */
    public static List<String> processes(Path data, String instance) {
        var found = new ArrayList<String>();
        ProcessHandle.allProcesses()
                .filter(process -> process.pid() != ProcessHandle.current().pid())
                .forEach(process -> {
                    try {
                        var folder = Path.of("/proc", String.valueOf(process.pid()));
                        var command =
                                Files.readString(folder.resolve("cmdline")).replace('\0', ' ');
                        if (command.contains(data.toString())
                                || Files.readString(folder.resolve("cgroup"))
                                        .contains("berth/" + instance)) {
                            found.add("process " + process.pid() + " " + command);
                        }
                    } catch (IOException gone) {
                        // It ended while we looked.
                    }
                });
        return found;
    }

    /** How the names of an instance's links on the host begin. */
    private static String linksOf(String instance) {
        var number = Integer.toUnsignedLong(instance.hashCode()) % 2_176_782_336L;
        var text = "000000" + Long.toString(number, 36);
        return "brh" + text.substring(text.length() - 6);
    }
}
