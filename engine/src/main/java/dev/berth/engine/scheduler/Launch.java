package dev.berth.engine.scheduler;

import dev.berth.core.logs.Logging;
import dev.berth.core.node.PlacedNode;
import dev.berth.core.pod.Pod;
import dev.berth.core.profile.FargateProfile;
import dev.berth.engine.Timeline;
import dev.berth.engine.Timeline.Phase;
import dev.berth.engine.nodes.FargateNodes;
import dev.berth.engine.scheduler.Inbox.Result;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.KubeUnavailable;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes one placed pod's Node and Binding. Both are written at once, because neither needs the
 * other and a pod's start is short: whatever is missing after a crash is made good at the next
 * start, the Binding from the Node's annotations, the Node from the pod's. Runs on a thread of its
 * own; every step may run twice.
 */
final class Launch {
    private static final Logger LOG = LoggerFactory.getLogger(Launch.class);

    private final KubeApi api;
    private final FargateNodes nodes;
    private final LaunchSettings settings;
    private final Tidings tidings;
    private final Timeline timeline;
    private final ExecutorService threads;

    Launch(
            KubeApi api,
            FargateNodes nodes,
            LaunchSettings settings,
            Tidings tidings,
            Timeline timeline,
            ExecutorService threads) {
        this.api = api;
        this.nodes = nodes;
        this.settings = settings;
        this.tidings = tidings;
        this.timeline = timeline;
        this.threads = threads;
    }

    /**
     * Launches.
     *
     * @param loggingTold whether the event about its logs was written; set when it is
     */
    Result run(Pod pod, FargateProfile profile, PlacedNode placed, AtomicBoolean loggingTold)
            throws InterruptedException {
        try {
            // A profile that was found blocked shall not make a Node flicker at each try.
            var checked = settings.likelyBlocked(profile) ? settings.fresh() : null;
            if (checked != null && settings.blocked(profile, checked).isPresent()) {
                return blocked(pod, profile, placed, checked, loggingTold);
            }
            var node = threads.submit(() -> writeNode(pod.uid()));
            try {
                return bind(pod, profile, placed, loggingTold);
            } finally {
                join(node, pod);
            }
        } catch (KubeUnavailable e) {
            LOG.debug("launch interrupted, will go on pod={} why={}", pod.key(), e.getMessage());
            return new Result.Later();
        }
    }

    private Result bind(
            Pod pod, FargateProfile profile, PlacedNode placed, AtomicBoolean loggingTold) {
        var now = settings.fresh();
        if (settings.blocked(profile, now).isPresent()) {
            return blocked(pod, profile, placed, now, loggingTold);
        }
        if (loggingTold.compareAndSet(false, true)) {
            tidings.logging(pod, now.logging());
        }
        var annotations =
                Map.of(
                        FargateNodes.CAPACITY_PROVISIONED,
                        placed.size().capacityProvisioned(),
                        Logging.ANNOTATION,
                        now.logging().annotation());
        try {
            api.bind(pod.key(), pod.uid(), placed.nodeName(), annotations);
        } catch (KubeRefused e) {
            return notBound(pod, placed, e);
        }
        return bound(pod, placed);
    }

    private Result bound(Pod pod, PlacedNode placed) {
        timeline.stamp(pod.uid(), Phase.BOUND);
        tidings.scheduled(pod, placed.nodeName());
        return new Result.Over();
    }

    private Result blocked(
            Pod pod,
            FargateProfile profile,
            PlacedNode placed,
            LaunchSettings.Settings now,
            AtomicBoolean loggingTold) {
        if (present(pod)
                .map(found -> found.spec().nodeName())
                .filter(placed.nodeName()::equals)
                .isPresent()) {
            // An earlier try bound it, and the answer was lost.
            return bound(pod, placed);
        }
        nodes.retire(pod.uid());
        if (loggingTold.compareAndSet(false, true)) {
            tidings.logging(pod, now.logging());
        }
        return new Result.Blocked(settings.blocked(profile, now).orElseThrow());
    }

    /** The server's no may be the answer to our own earlier write, whose answer was lost. */
    private Result notBound(Pod pod, PlacedNode placed, KubeRefused why) {
        var there = present(pod);
        var nodeName = there.map(found -> found.spec().nodeName());
        if (nodeName.filter(placed.nodeName()::equals).isPresent()) {
            return bound(pod, placed);
        }
        LOG.debug("pod is not bound pod={} why={}", pod.key(), why.getMessage());
        nodes.retire(pod.uid());
        return there.isEmpty() || nodeName.isPresent() || there.get().deleting()
                ? new Result.Over()
                : new Result.Later();
    }

    /** The pod as it is now, unless it is gone. */
    private Optional<Pod> present(Pod pod) {
        return api.pod(pod.key()).filter(found -> found.uid().equals(pod.uid()));
    }

    private boolean writeNode(String podUid) throws KubeRefused {
        nodes.write(podUid);
        timeline.stamp(podUid, Phase.NODE);
        return true;
    }

    /** The pod may be bound already, so a node that could not be written must come yet. */
    private void join(Future<Boolean> node, Pod pod) throws InterruptedException {
        try {
            node.get();
        } catch (ExecutionException e) {
            LOG.warn("node is not written yet pod={} why={}", pod.key(), e.getCause(), e);
            nodes.writeSoon(pod.uid());
        }
    }
}
