package dev.berth.core.pod;

import dev.berth.core.unit.Quantity;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a container may use: its wish when it was taken on, and later what a resize gave it.
 *
 * @param requests by resource name
 * @param limits by resource name
 */
public record Grant(Map<String, Quantity> requests, Map<String, Quantity> limits) {
    private static final List<String> RESIZABLE = List.of("cpu", "memory");

    /** Copies the maps. */
    public Grant {
        requests = Map.copyOf(requests);
        limits = Map.copyOf(limits);
    }

    /** What a container wishes for. */
    public static Grant of(Container container) {
        return new Grant(container.requests(), container.limits());
    }

    /** The resources that can be changed while a container runs, and differ. */
    public List<String> differences(Grant other) {
        return RESIZABLE.stream()
                .filter(name ->
                        !Objects.equals(requests.get(name), other.requests.get(name))
                                || !Objects.equals(limits.get(name), other.limits.get(name)))
                .toList();
    }
}
