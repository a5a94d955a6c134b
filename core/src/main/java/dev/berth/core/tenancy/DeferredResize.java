package dev.berth.core.tenancy;

import dev.berth.core.pod.ContainerResources;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodAdmission.Refusal;
import dev.berth.core.size.PodNeed;
import java.time.Instant;
import java.util.Comparator;

/**
 * A pod's wish for other resources that its node could not grant yet. When there is room they are
 * tried again in the order of {@link #ORDER}, each by itself: one that still does not fit does not
 * keep those after it from theirs, as with a kubelet 1.36.
 *
 * @param wanted the pod with the resources it wishes for
 * @param allocated the pod with those it was given
 * @param situation the node when it was asked first
 * @param why why not
 * @param since since when it waits
 */
public record DeferredResize(
        Pod wanted, Pod allocated, NodeAdmission.Situation situation, Refusal why, Instant since) {
    /**
     * Those that ask for no more than they have, then the more important, then pods of class
     * Guaranteed, then who has waited longest.
     */
    public static final Comparator<DeferredResize> ORDER =
            Comparator.comparing(DeferredResize::grows)
                    .thenComparing(
                            resize -> resize.wanted.spec().priority(), Comparator.reverseOrder())
                    .thenComparing(resize -> !resize.guaranteed())
                    .thenComparing(DeferredResize::since);

    /** The same, refused again. */
    public DeferredResize because(Refusal again) {
        return new DeferredResize(wanted, allocated, situation, again, since);
    }

    private boolean grows() {
        var now = PodNeed.of(allocated.spec());
        var then = PodNeed.of(wanted.spec());
        return then.cpu().compareTo(now.cpu()) > 0 || then.memory().compareTo(now.memory()) > 0;
    }

    private boolean guaranteed() {
        return ContainerResources.qosClass(wanted.spec()).equals("Guaranteed");
    }
}
