package dev.berth.core.pod;

import dev.berth.core.pod.Container.EnvSource;
import dev.berth.core.unit.Quantity;
import java.math.RoundingMode;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The values that a pod sees of itself: {@code fieldRef} and {@code resourceFieldRef}, in variables
 * and in downward API files.
 *
 * @param pod whose values
 * @param node where it runs
 * @param podIp its address
 */
public record FieldValues(Pod pod, NodeFacts node, String podIp) {
    /**
     * The text of a field.
     *
     * @param path such as {@code metadata.labels['app']} or {@code status.podIP}
     * @throws ConfigProblem when there is no such field
     */
    public String field(String path) throws ConfigProblem {
        if (path.endsWith("']") && path.indexOf("['") > 0) {
            var open = path.indexOf("['");
            var key = path.substring(open + 2, path.length() - 2);
            return switch (path.substring(0, open)) {
                case "metadata.labels" -> pod.metadata().labels().getOrDefault(key, "");
                case "metadata.annotations" -> pod.metadata().annotations().getOrDefault(key, "");
                default ->
                        throw new ConfigProblem(
                                "fieldPath \"" + path + "\" does not support subscript");
            };
        }
        var nodeName = pod.spec().nodeName();
        return switch (path) {
            case "metadata.name" -> pod.metadata().name();
            case "metadata.namespace" -> pod.metadata().namespace();
            case "metadata.uid" -> pod.metadata().uid();
            case "metadata.labels" -> lines(pod.metadata().labels());
            case "metadata.annotations" -> lines(pod.metadata().annotations());
            case "spec.nodeName" -> nodeName == null ? "" : nodeName;
            case "spec.serviceAccountName" -> pod.spec().serviceAccountName();
            case "status.hostIP", "status.hostIPs" -> node.hostIp();
            case "status.podIP", "status.podIPs" -> podIp;
            default -> throw new ConfigProblem("unsupported fieldPath: " + path);
        };
    }

    /**
     * The amount of a resource, in the divisor's units, rounded up. A limit that is not set is what
     * the node has.
     *
     * @param self the container that asks
     * @throws ConfigProblem when there is no such container or resource
     */
    public String resource(Container self, EnvSource.ResourceFieldRef reference)
            throws ConfigProblem {
        var container = self;
        if (reference.container() != null && !reference.container().isEmpty()) {
            container =
                    Stream.concat(
                                    pod.spec().containers().stream(),
                                    pod.spec().initContainers().stream())
                            .filter(one -> one.name().equals(reference.container()))
                            .findFirst()
                            .orElseThrow(() ->
                                    new ConfigProblem(
                                            "container " + reference.container() + " not found"));
        }
        return resourceOf(container, reference);
    }

    /** The same for a reference that names its container itself, as in a volume. */
    public String resource(EnvSource.ResourceFieldRef reference) throws ConfigProblem {
        return resource(pod.spec().containers().getFirst(), reference);
    }

    private String resourceOf(Container container, EnvSource.ResourceFieldRef reference)
            throws ConfigProblem {
        var dot = reference.resource().indexOf('.');
        var resource = reference.resource().substring(dot + 1);
        var amount =
                switch (reference.resource().substring(0, Math.max(0, dot))) {
                    case "limits" -> limit(container, resource);
                    case "requests" -> container.requests().getOrDefault(resource, Quantity.ZERO);
                    default ->
                            throw new ConfigProblem(
                                    "unsupported container resource : " + reference.resource());
                };
        var divisor = reference.divisor().amount();
        if (divisor.signum() == 0) {
            divisor = java.math.BigDecimal.ONE;
        }
        return amount.amount().divide(divisor, 0, RoundingMode.CEILING).toPlainString();
    }

    private Quantity limit(Container container, String resource) {
        var limit = container.limits().getOrDefault(resource, Quantity.ZERO);
        if (limit.amount().signum() != 0) {
            return limit;
        }
        return switch (resource) {
            case "cpu" -> new Quantity(java.math.BigDecimal.valueOf(node.cpuMillis(), 3));
            case "memory" -> new Quantity(java.math.BigDecimal.valueOf(node.memoryBytes()));
            case "ephemeral-storage" ->
                    new Quantity(java.math.BigDecimal.valueOf(node.ephemeralStorageBytes()));
            default -> Quantity.ZERO;
        };
    }

    /** A map as a kubelet writes it: {@code key="value"} lines, sorted, the values quoted. */
    private static String lines(Map<String, String> map) {
        return new TreeMap<>(map)
                .entrySet().stream()
                        .map(entry -> entry.getKey() + "=" + quoted(entry.getValue()))
                        .collect(Collectors.joining("\n"));
    }

    private static String quoted(String text) {
        var quoted = new StringBuilder("\"");
        text.codePoints()
                .forEach(point -> {
                    switch (point) {
                        case '"' -> quoted.append("\\\"");
                        case '\\' -> quoted.append("\\\\");
                        case '\n' -> quoted.append("\\n");
                        case '\r' -> quoted.append("\\r");
                        case '\t' -> quoted.append("\\t");
                        default -> {
                            if (point < 0x20 || point == 0x7f) {
                                quoted.append("\\x%02x".formatted(point));
                            } else {
                                quoted.appendCodePoint(point);
                            }
                        }
                    }
                });
        return quoted.append('"').toString();
    }
}
