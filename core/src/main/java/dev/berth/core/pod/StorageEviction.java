package dev.berth.core.pod;

import dev.berth.core.pod.PodObservation.Verdict;
import dev.berth.core.unit.Quantity;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Whether a pod uses more disk than it may, as a kubelet decides: each emptyDir's limit first, then
 * the pod's (the sum of its containers'), then each container's, and last what its node has.
 *
 * <p>A kubelet evicts no pod whose priority is critical, and Fargate gives that priority to all of
 * its pods; here the limits hold for them too (our choice: a limit that nobody holds helps nobody).
 */
public final class StorageEviction {
    /** The reason in events and statuses. */
    public static final String REASON = "Evicted";

    private static final String RESOURCE = "ephemeral-storage";

    /** A kubelet evicts when less than this share of the disk is left. */
    private static final long SHARE_LEFT = 10;

    private StorageEviction() {}

    /**
     * Why the pod has to go, or empty while it may stay.
     *
     * @param nodeBytes what pods can use of the disk of its node
     */
    public static Optional<Verdict> of(PodSpec spec, StorageUse use, long nodeBytes) {
        for (var limit : limits(spec)) {
            if (limit.used(spec, use) > limit.bytes()) {
                return Optional.of(new Verdict(REASON, limit.words()));
            }
        }
        return use.ofPod(spec) > nodeBytes
                ? Optional.of(new Verdict(REASON, nodeLow(spec, use, nodeBytes), true))
                : Optional.empty();
    }

    /** How many bytes the pod can write before it is nearest to one of its limits; 0 or more. */
    public static long room(PodSpec spec, StorageUse use, long nodeBytes) {
        var room = nodeBytes - use.ofPod(spec);
        for (var limit : limits(spec)) {
            room = Math.min(room, limit.bytes() - limit.used(spec, use));
        }
        return Math.max(0, room);
    }

    private sealed interface Limit {
        long bytes();

        long used(PodSpec spec, StorageUse use);

        String words();

        record OfVolume(String name, long bytes) implements Limit {
            @Override
            public long used(PodSpec spec, StorageUse use) {
                return use.volumes().getOrDefault(name, 0L);
            }

            @Override
            public String words() {
                return "Usage of EmptyDir volume \"%s\" exceeds the limit \"%s\". "
                        .formatted(name, text(bytes));
            }
        }

        record OfPod(long bytes) implements Limit {
            @Override
            public long used(PodSpec spec, StorageUse use) {
                return use.ofPod(spec);
            }

            @Override
            public String words() {
                return "Pod ephemeral local storage usage exceeds the total limit of containers %s. "
                        .formatted(text(bytes));
            }
        }

        record OfContainer(String name, long bytes) implements Limit {
            @Override
            public long used(PodSpec spec, StorageUse use) {
                return use.ofContainer(name);
            }

            @Override
            public String words() {
                return "Container %s exceeded its local ephemeral storage limit \"%s\". "
                        .formatted(name, text(bytes));
            }
        }
    }

    private static List<Limit> limits(PodSpec spec) {
        var limits = new ArrayList<Limit>();
        for (var volume : spec.volumes()) {
            if (volume.source() instanceof Volume.Source.EmptyDir(String _, Long bytes)
                    && bytes != null
                    && bytes > 0) {
                limits.add(new Limit.OfVolume(volume.name(), bytes));
            }
        }
        podLimit(spec).ifPresent(bytes -> limits.add(new Limit.OfPod(bytes)));
        for (var container : spec.containers()) {
            var bytes = limit(container);
            if (bytes > 0) {
                limits.add(new Limit.OfContainer(container.name(), bytes));
            }
        }
        return limits;
    }

    /** Upstream's: what runs at the end, or an init container with the sidecars before it. */
    private static OptionalLong podLimit(PodSpec spec) {
        var said =
                Stream.concat(spec.initContainers().stream(), spec.containers().stream())
                        .anyMatch(container -> container.limits().containsKey(RESOURCE));
        if (!said) {
            return OptionalLong.empty();
        }
        var sidecars = 0L;
        var largest = 0L;
        for (var init : spec.initContainers()) {
            var atItsTurn = sidecars + limit(init);
            largest = Math.max(largest, atItsTurn);
            if (init.sidecar()) {
                sidecars = atItsTurn;
            }
        }
        var running = sidecars + spec.containers().stream().mapToLong(StorageEviction::limit).sum();
        return OptionalLong.of(Math.max(running, largest));
    }

    private static long limit(Container container) {
        return bytes(container.limits());
    }

    private static long bytes(Map<String, Quantity> amounts) {
        return amounts.getOrDefault(RESOURCE, Quantity.ZERO).unitsRoundedUp();
    }

    private static String nodeLow(PodSpec spec, StorageUse use, long nodeBytes) {
        var wholeBytes = nodeBytes * 100 / (100 - SHARE_LEFT);
        var words =
                new StringBuilder(
                        PodWords.nodeLow(
                                RESOURCE,
                                text(wholeBytes - nodeBytes),
                                text(Math.max(0, wholeBytes - use.ofPod(spec)))));
        Stream.concat(spec.containers().stream(), spec.initContainers().stream())
                .filter(container -> use.roots().containsKey(container.name()))
                .filter(container ->
                        use.ofContainer(container.name()) > bytes(container.requests()))
                .forEach(container ->
                        words.append(
                                PodWords.usesMore(
                                        container.name(),
                                        text(use.ofContainer(container.name())),
                                        text(bytes(container.requests())),
                                        RESOURCE)));
        return words.toString();
    }

    private static String text(long bytes) {
        return new Quantity(BigDecimal.valueOf(bytes)).shortText();
    }
}
