package dev.berth.engine.nodes;

import dev.berth.core.node.NodeView.Taint;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An ordinary node that somebody asks for.
 *
 * @param name its name, as a DNS label or several with dots
 * @param subnetId the subnet, or null for the first of the cluster's that has an address left
 * @param cpuMillis 100 to 1,000,000
 * @param memoryMebibytes 256 to 16 TiB
 * @param diskGibibytes 1 to 65536
 * @param podsMax 1 to 1000
 * @param hostRoot an absolute folder of this machine that hostPath volumes see as {@code /}, or
 *     null for one of the node's own
 * @param labels further labels
 * @param taints taints it is registered with
 */
public record NewNode(
        String name,
        @Nullable String subnetId,
        int cpuMillis,
        int memoryMebibytes,
        int diskGibibytes,
        int podsMax,
        @Nullable String hostRoot,
        Map<String, String> labels,
        List<Taint> taints) {
    private static final Pattern NAME =
            Pattern.compile(
                    "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*");

    /** The kernel's limit for a host name, less one. */
    private static final int NAME_MOST = 63;

    private static final int MEMORY_MOST = 16 << 20;

    /** Copies the collections. */
    public NewNode {
        labels = Map.copyOf(labels);
        taints = List.copyOf(taints);
    }

    /** What is wrong with it by itself; empty when nothing is. */
    List<String> wrongs() {
        var wrongs = new ArrayList<String>();
        if (name.length() > NAME_MOST || !NAME.matcher(name).matches()) {
            wrongs.add(
                    "a node's name is at most 63 lower case letters, digits, '-' and '.', not \""
                            + name
                            + "\"");
        }
        if (name.startsWith("fargate-")) {
            wrongs.add("names that begin with fargate- are those of Fargate's nodes");
        }
        within(wrongs, "CPU in millicores", cpuMillis, 100, 1_000_000);
        within(wrongs, "memory in MiB", memoryMebibytes, 256, MEMORY_MOST);
        within(wrongs, "disk in GiB", diskGibibytes, 1, 65_536);
        within(wrongs, "number of pods", podsMax, 1, 1000);
        if (hostRoot != null && !hostRoot.startsWith("/")) {
            wrongs.add("the folder for hostPath volumes is an absolute path, not " + hostRoot);
        }
        return wrongs;
    }

    private static void within(List<String> wrongs, String what, int value, int least, int most) {
        if (value < least || value > most) {
            wrongs.add("the " + what + " is " + least + " to " + most + ", not " + value);
        }
    }
}
