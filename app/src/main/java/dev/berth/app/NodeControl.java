package dev.berth.app;

import dev.berth.core.node.NodeView.Taint;
import dev.berth.core.node.OrdinaryNode;
import dev.berth.edge.control.ControlEndpoint.Command;
import dev.berth.engine.nodes.NewNode;
import dev.berth.engine.nodes.OrdinaryNodes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What {@code berth node} asks of the running Berth. */
final class NodeControl {
    private final Function<String, Optional<OrdinaryNodes>> clusters;

    /**
     * Answers for these.
     *
     * @param clusters the nodes of a running cluster, by the cluster's name
     */
    NodeControl(Function<String, Optional<OrdinaryNodes>> clusters) {
        this.clusters = clusters;
    }

    Map<String, Command> commands() {
        return Map.of(
                "node-add", (arguments, progress) -> add(arguments),
                "node-list", (arguments, progress) -> list(arguments),
                "node-remove", (arguments, progress) -> remove(arguments));
    }

    private Map<String, Object> add(Map<String, String> arguments) throws Exception {
        var taints = new ArrayList<Taint>();
        pairs(arguments.get("taints"))
                .forEach((key, rest) -> {
                    var colon = rest.lastIndexOf(':');
                    taints.add(new Taint(key, rest.substring(0, colon), rest.substring(colon + 1)));
                });
        return told(
                nodes(arguments)
                        .add(
                                new NewNode(
                                        text(arguments, "name"),
                                        arguments.get("subnet"),
                                        number(arguments, "cpuMillis"),
                                        number(arguments, "memoryMebibytes"),
                                        number(arguments, "diskGibibytes"),
                                        number(arguments, "pods"),
                                        arguments.get("hostRoot"),
                                        pairs(arguments.get("labels")),
                                        taints)),
                0);
    }

    private List<Map<String, Object>> list(Map<String, String> arguments) throws IOException {
        return nodes(arguments).all().entrySet().stream()
                .sorted(Comparator.comparing(entry -> entry.getKey().name()))
                .map(entry -> told(entry.getKey(), entry.getValue()))
                .toList();
    }

    private String remove(Map<String, String> arguments) throws Exception {
        nodes(arguments).remove(text(arguments, "name"));
        return "removed";
    }

    private static Map<String, Object> told(OrdinaryNode node, int pods) {
        var told = new LinkedHashMap<String, Object>();
        told.put("name", node.name());
        told.put("address", node.address());
        told.put("subnet", node.subnetId());
        told.put("zone", node.availabilityZone());
        told.put("cpuMillis", node.cpuMillis());
        told.put("memoryMebibytes", node.memoryMebibytes());
        told.put("diskGibibytes", node.diskGibibytes());
        told.put("podsMax", node.podsMax());
        told.put("pods", pods);
        told.put("hostRoot", node.hostRoot());
        return told;
    }

    private OrdinaryNodes nodes(Map<String, String> arguments) throws IOException {
        var cluster = text(arguments, "cluster");
        return clusters.apply(cluster)
                .orElseThrow(() -> new IOException("there is no running cluster " + cluster));
    }

    private static String text(Map<String, String> arguments, String name) {
        return arguments.getOrDefault(name, "");
    }

    private static int number(Map<String, String> arguments, String name) throws IOException {
        try {
            return Integer.parseInt(text(arguments, name));
        } catch (NumberFormatException wrong) {
            throw new IOException("not a number for " + name + ": " + text(arguments, name), wrong);
        }
    }

    /** {@code key=value} each, one a line. */
    private static Map<String, String> pairs(@Nullable String text) {
        var pairs = new LinkedHashMap<String, String>();
        if (text != null) {
            text.lines()
                    .forEach(line -> {
                        var equals = line.indexOf('=');
                        pairs.put(line.substring(0, equals), line.substring(equals + 1));
                    });
        }
        return pairs;
    }
}
