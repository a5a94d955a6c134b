package dev.berth.engine.nodes;

import dev.berth.core.node.PlacedNode;
import dev.berth.core.node.PodPlace;
import dev.berth.core.node.SharedPlace;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodAdmission.Refusal;
import dev.berth.engine.podworker.PodNodes;
import java.util.Optional;

/**
 * All nodes of a cluster: those that Fargate made for one pod each, and the ordinary ones.
 *
 * @param fargate the former
 * @param ordinary the latter
 */
public record EveryNode(PodNodes fargate, OrdinaryNodes ordinary) implements PodNodes {
    @Override
    public Optional<? extends PodPlace> place(Pod pod) {
        var shared = ordinary.place(pod);
        return shared.isPresent() ? shared : fargate.place(pod);
    }

    @Override
    public Optional<Refusal> refusal(Pod pod, PodPlace place) {
        return of(place).refusal(pod, place);
    }

    @Override
    public boolean waits(Pod pod, PodPlace place) {
        return of(place).waits(pod, place);
    }

    @Override
    public Optional<Refusal> resize(Pod wanted, Pod allocated, PodPlace place) {
        return of(place).resize(wanted, allocated, place);
    }

    @Override
    public void adopted(Pod pod, PodPlace place) {
        of(place).adopted(pod, place);
    }

    @Override
    public void ended(Pod pod, PodPlace place) {
        of(place).ended(pod, place);
    }

    private PodNodes of(PodPlace place) {
        return switch (place) {
            case PlacedNode _ -> fargate;
            case SharedPlace _ -> ordinary;
        };
    }
}
