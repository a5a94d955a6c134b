package dev.berth.core.pod;

import dev.berth.core.unit.Quantity;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where the change of a running pod's resources stands.
 *
 * @param allocated what was granted, by container
 * @param actual what running containers have, by container
 * @param pending why a wish is not granted, or null
 * @param inProgress what was granted and is not done yet, or null; its reason and message are empty
 *     unless it failed
 */
public record PodResize(
        Map<String, Grant> allocated,
        Map<String, Grant> actual,
        @Nullable Told pending,
        @Nullable Told inProgress) {
    /** The condition of a wish that was not granted. */
    public static final String PENDING = "PodResizePending";

    /** The condition of a grant that is not done. */
    public static final String IN_PROGRESS = "PodResizeInProgress";

    /** Nothing was changed. */
    public static final PodResize NONE = new PodResize(Map.of(), Map.of(), null, null);

    /** Copies the maps. */
    public PodResize {
        allocated = Map.copyOf(allocated);
        actual = Map.copyOf(actual);
    }

    /**
     * What a condition says.
     *
     * @param reason {@code Infeasible}, {@code Deferred}, {@code Error} or empty
     * @param message for people, or empty
     * @param generation the pod's generation that it is about
     * @param since since when that reason holds
     */
    public record Told(String reason, String message, long generation, Instant since) {}

    /** The containers whose resources can be changed. */
    public static List<Container> resizable(PodSpec spec) {
        return java.util.stream.Stream.of(spec.initContainers(), spec.containers())
                .flatMap(List::stream)
                .toList();
    }

    /** Whether a container wishes for something else than it was granted. */
    public static boolean wishes(PodSpec spec, Map<String, Grant> allocated) {
        return resizable(spec).stream()
                .anyMatch(container -> {
                    var granted = allocated.get(container.name());
                    return granted != null && !granted.differences(Grant.of(container)).isEmpty();
                });
    }

    /** Whether these changes need the container to start again. */
    public static boolean restarts(Container container, Collection<String> resources) {
        return resources.stream()
                .anyMatch(name ->
                        Objects.equals(container.resizePolicies().get(name), "RestartContainer"));
    }

    /** The event of a step of a resize: what all containers wish for, as JSON. */
    public static String event(String step, PodSpec spec, long generation, String error) {
        var init = spec.initContainers();
        return "Pod resize "
                + step
                + ": {"
                + (init.isEmpty() ? "" : "\"initContainers\":" + list(init) + ",")
                + "\"containers\":"
                + list(spec.containers())
                + ",\"generation\":"
                + generation
                + (error.isEmpty() ? "" : ",\"error\":" + PodWords.quoted(error))
                + "}";
    }

    private static String list(List<Container> containers) {
        return containers.stream()
                .map(container ->
                        "{\"name\":\""
                                + container.name()
                                + "\",\"resources\":{"
                                + List.of(
                                                amounts("limits", container.limits()),
                                                amounts("requests", container.requests()))
                                        .stream()
                                        .filter(text -> !text.isEmpty())
                                        .collect(Collectors.joining(","))
                                + "}}")
                .collect(Collectors.joining(",", "[", "]"));
    }

    private static String amounts(String kind, Map<String, Quantity> amounts) {
        return amounts.isEmpty()
                ? ""
                : new TreeMap<>(amounts)
                        .entrySet().stream()
                                .map(one ->
                                        "\""
                                                + one.getKey()
                                                + "\":\""
                                                + text(one.getKey(), one.getValue())
                                                + "\"")
                                .collect(Collectors.joining(",", "\"" + kind + "\":{", "}"));
    }

    /** An amount as it is usually written: CPU in decimal form, all else in binary form. */
    public static String text(String resource, Quantity amount) {
        return resource.equals("cpu") ? amount.decimalText() : amount.binaryText();
    }
}
