package dev.berth.engine.podworker;

import dev.berth.core.node.PlacedNode;
import dev.berth.core.node.PodPlace;
import dev.berth.core.node.SharedPlace;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodAdmission;
import dev.berth.core.pod.PodAdmission.Refusal;
import java.util.Optional;
import java.util.function.Function;

/** The nodes whose pods are run here, as the pods' workers see them. Any thread may call. */
public interface PodNodes {
    /**
     * Where a pod is that is bound to a node; empty when the node is none of ours, or not known
     * yet, or has no address left for the pod. Asked when a pod is met, and again until there is an
     * answer.
     */
    Optional<? extends PodPlace> place(Pod pod);

    /**
     * Why the node does not run a pod; empty takes it on, and it counts from then on. Asked once,
     * before anything of the pod is made.
     */
    Optional<Refusal> refusal(Pod pod, PodPlace place);

    /**
     * Whether a pod that was taken on has to wait for others to end that make room for it. It is
     * looked at again when they have.
     */
    default boolean waits(Pod pod, PodPlace place) {
        return false;
    }

    /**
     * Why the node does not give a pod other resources now; empty gives them, and they count from
     * then on. A pod that was refused is looked at again when there is room.
     *
     * @param wanted with the resources it wishes for
     * @param allocated with those that it was given
     */
    default Optional<Refusal> resize(Pod wanted, Pod allocated, PodPlace place) {
        return Optional.empty();
    }

    /**
     * A pod counts with these resources, whatever it needs: the node took it on in an earlier life
     * of Berth, or it has taken a wish back.
     */
    void adopted(Pod pod, PodPlace place);

    /** Nothing of a pod runs any more, and nothing will: it does not count any more. */
    void ended(Pod pod, PodPlace place);

    /** Nodes that were made for one pod each. */
    static PodNodes ofFargate(Function<String, Optional<PlacedNode>> placed) {
        return new PodNodes() {
            @Override
            public Optional<? extends PodPlace> place(Pod pod) {
                var nodeName = pod.spec().nodeName();
                return nodeName == null ? Optional.empty() : placed.apply(nodeName);
            }

            @Override
            public Optional<Refusal> refusal(Pod pod, PodPlace place) {
                return switch (place) {
                    case PlacedNode own -> PodAdmission.refusal(pod, own.podUid());
                    case SharedPlace _ -> Optional.empty();
                };
            }

            @Override
            public void adopted(Pod pod, PodPlace place) {
                // It is the only one there.
            }

            @Override
            public void ended(Pod pod, PodPlace place) {
                // The node goes with it.
            }
        };
    }
}
