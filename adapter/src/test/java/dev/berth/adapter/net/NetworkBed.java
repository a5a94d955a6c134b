package dev.berth.adapter.net;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.adapter.libc.MountTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** An instance of the network for one test class, and a count of what it leaves on the machine. */
final class NetworkBed implements AutoCloseable {
    private final AtomicInteger numbers;
    private final String name;
    private final Path root;
    private VpcNetwork network;

    NetworkBed(String kind) throws IOException {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "network namespaces need root on this machine");
        numbers = new AtomicInteger();
        name = "oci" + kind + ProcessHandle.current().pid();
        root = Path.of("/run/berth", name);
        network = new VpcNetwork(root, name);
        network.start();
    }

    VpcNetwork network() {
        return network;
    }

    String name() {
        return name;
    }

    String unique(String prefix) {
        return prefix + "-" + name + "-" + numbers.incrementAndGet();
    }

    /** Ends this life without tidying and begins another on the same files. */
    VpcNetwork restart() throws IOException {
        network.close();
        network = new VpcNetwork(root, name);
        network.start();
        return network;
    }

    /** What of this instance is on the machine: mounts, links, files. */
    List<String> traces() throws IOException {
        var traces = new java.util.ArrayList<String>();
        MountTable.read().below(root).forEach(mount -> traces.add("mount " + mount.point()));
        if (Files.exists(root)) {
            traces.add("folder " + root);
        }
        try (var netlink = new Rtnetlink()) {
            netlink.links().stream()
                    .filter(link -> link.startsWith("brh"))
                    .forEach(link -> traces.add("link " + link));
        }
        return traces;
    }

    @Override
    public void close() throws IOException {
        network.destroyAll();
    }
}
