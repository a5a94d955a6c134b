package dev.berth.core.tenancy;

import dev.berth.core.node.OrdinaryNode;
import dev.berth.core.node.OrdinaryNodeObject;
import dev.berth.core.node.OrdinaryNodeObject.Pressure;
import dev.berth.core.pod.Container;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodObservation.Verdict;
import dev.berth.core.pod.PodWords;
import dev.berth.core.pod.StorageEviction;
import dev.berth.core.size.PodNeed;
import dev.berth.core.unit.Quantity;
import java.math.BigDecimal;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Who has to leave a node that runs out of something, as a kubelet 1.36 decides with its own
 * thresholds: when less than 100 MiB of memory or a tenth of the disk is left. Of the pods those go
 * first that use more than they asked for, then those of lower priority, then those that are
 * furthest above what they asked for; one at each look. Pods of critical priority stay.
 *
 * <p>A node is a share of this machine, so what is left is the share without what the node's pods
 * use (our choice: the machine's own free memory is not the node's).
 */
public final class NodeEviction {
    private NodeEviction() {}

    /**
     * A pod that has to go.
     *
     * @param pod the pod
     * @param why what its status is to tell
     */
    public record Eviction(Pod pod, Verdict why) {}

    /** What can run out. */
    private enum Resource {
        MEMORY("memory") {
            @Override
            long of(TenantUse use) {
                return use.memory();
            }

            @Override
            Map<String, Long> ofContainers(TenantUse use) {
                return use.memoryOfContainers();
            }

            @Override
            Quantity requested(PodNeed need) {
                return need.memory();
            }

            @Override
            long whole(OrdinaryNode node) {
                return ((long) node.memoryMebibytes()) << 20;
            }

            @Override
            long allocatable(OrdinaryNode node) {
                return OrdinaryNodeObject.allocatableMemoryBytes(node);
            }
        },
        DISK("ephemeral-storage") {
            @Override
            long of(TenantUse use) {
                return use.disk();
            }

            @Override
            Map<String, Long> ofContainers(TenantUse use) {
                return use.diskOfContainers();
            }

            @Override
            Quantity requested(PodNeed need) {
                return need.ephemeralStorage();
            }

            @Override
            long whole(OrdinaryNode node) {
                return node.ephemeralStorageBytes();
            }

            @Override
            long allocatable(OrdinaryNode node) {
                return OrdinaryNodeObject.allocatableDiskBytes(node);
            }
        };

        private final String text;

        Resource(String text) {
            this.text = text;
        }

        abstract long of(TenantUse use);

        abstract Map<String, Long> ofContainers(TenantUse use);

        abstract Quantity requested(PodNeed need);

        abstract long whole(OrdinaryNode node);

        abstract long allocatable(OrdinaryNode node);

        long left(OrdinaryNode node, Collection<TenantUse> uses) {
            return whole(node) - uses.stream().mapToLong(this::of).sum();
        }

        /** How much must be left. */
        long threshold(OrdinaryNode node) {
            return whole(node) - allocatable(node);
        }

        boolean runsOut(OrdinaryNode node, Collection<TenantUse> uses) {
            return left(node, uses) < threshold(node);
        }
    }

    /** What a node suffers from at this moment. */
    public static Pressure pressure(OrdinaryNode node, Collection<TenantUse> uses) {
        return new Pressure(Resource.MEMORY.runsOut(node, uses), Resource.DISK.runsOut(node, uses));
    }

    /** Who goes now; empty when nothing runs out, or when only critical pods are there. */
    public static Optional<Eviction> next(OrdinaryNode node, Collection<TenantUse> uses) {
        return Stream.of(Resource.MEMORY, Resource.DISK)
                .filter(resource -> resource.runsOut(node, uses))
                .findFirst()
                .flatMap(resource ->
                        ranked(resource, uses).stream()
                                .findFirst()
                                .map(use ->
                                        new Eviction(
                                                use.pod(),
                                                new Verdict(
                                                        StorageEviction.REASON,
                                                        words(resource, node, uses, use),
                                                        true))));
    }

    private static List<TenantUse> ranked(Resource resource, Collection<TenantUse> uses) {
        return uses.stream()
                .filter(use -> !NodeAdmission.critical(use.pod().spec()))
                .sorted(
                        Comparator.comparing((TenantUse use) -> excess(resource, use) <= 0)
                                .thenComparingInt(use -> use.pod().spec().priority())
                                .thenComparing(
                                        use -> excess(resource, use), Comparator.reverseOrder()))
                .toList();
    }

    /** By how much a pod uses more than it asked for. */
    private static long excess(Resource resource, TenantUse use) {
        return resource.of(use) - resource.requested(PodNeed.of(use.pod().spec())).unitsRoundedUp();
    }

    private static String words(
            Resource resource, OrdinaryNode node, Collection<TenantUse> uses, TenantUse leaving) {
        var words =
                new StringBuilder(
                        PodWords.nodeLow(
                                resource.text,
                                text(resource.threshold(node)),
                                text(Math.max(0, resource.left(node, uses)))));
        var spec = leaving.pod().spec();
        Stream.concat(spec.containers().stream(), spec.initContainers().stream())
                .forEach(container -> {
                    var used = resource.ofContainers(leaving).getOrDefault(container.name(), 0L);
                    var request = request(resource, container);
                    if (used > request.unitsRoundedUp()) {
                        words.append(
                                PodWords.usesMore(
                                        container.name(),
                                        text(used),
                                        request.shortText(),
                                        resource.text));
                    }
                });
        return words.toString();
    }

    private static Quantity request(Resource resource, Container container) {
        return container.requests().getOrDefault(resource.text, Quantity.ZERO);
    }

    private static String text(long bytes) {
        return new Quantity(BigDecimal.valueOf(bytes)).binaryText();
    }
}
