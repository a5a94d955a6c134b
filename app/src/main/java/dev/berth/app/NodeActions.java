package dev.berth.app;

import dev.berth.edge.cli.Actions.NodeWish;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** What {@code berth node} does: asks the running Berth and prints what it says. */
final class NodeActions {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final ControlClient control;
    private final PrintStream out;
    private final PrintStream err;

    NodeActions(InstanceFile instance, PrintStream out, PrintStream err) {
        this.control = new ControlClient(instance);
        this.out = out;
        this.err = err;
    }

    int add(String cluster, NodeWish wish) throws IOException, InterruptedException {
        var arguments = new LinkedHashMap<String, String>();
        arguments.put("cluster", cluster);
        arguments.put("name", wish.name());
        if (wish.subnet() != null) {
            arguments.put("subnet", wish.subnet());
        }
        if (wish.hostRoot() != null) {
            arguments.put("hostRoot", wish.hostRoot());
        }
        arguments.put("cpuMillis", String.valueOf(wish.cpuMillis()));
        arguments.put("memoryMebibytes", String.valueOf(wish.memoryMebibytes()));
        arguments.put("diskGibibytes", String.valueOf(wish.diskGibibytes()));
        arguments.put("pods", String.valueOf(wish.pods()));
        arguments.put("labels", String.join("\n", wish.labels()));
        arguments.put("taints", String.join("\n", wish.taints()));
        var node = control.run("node-add", arguments, PATIENCE, err::println);
        out.println("node " + wish.name() + " is at " + node.path("address").asString());
        return 0;
    }

    int list(String cluster, boolean json) throws IOException, InterruptedException {
        var nodes = control.run("node-list", Map.of("cluster", cluster), PATIENCE, err::println);
        if (json) {
            out.println(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(nodes));
            return 0;
        }
        var form = "%-32s %-15s %-12s %6s %9s %9s%n";
        out.printf(Locale.ROOT, form, "NAME", "ADDRESS", "ZONE", "CPU", "MEMORY", "PODS");
        for (var node : nodes) {
            out.printf(
                    Locale.ROOT,
                    form,
                    node.path("name").asString(),
                    node.path("address").asString(),
                    node.path("zone").asString(),
                    node.path("cpuMillis").asInt() + "m",
                    node.path("memoryMebibytes").asInt() + "Mi",
                    node.path("pods").asInt() + "/" + node.path("podsMax").asInt());
        }
        return 0;
    }

    int remove(String cluster, String name) throws IOException, InterruptedException {
        control.run(
                "node-remove", Map.of("cluster", cluster, "name", name), PATIENCE, err::println);
        out.println("node " + name + " is removed");
        return 0;
    }
}
