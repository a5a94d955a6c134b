package dev.berth.engine.podworker;

import dev.berth.core.node.PlacedNode;
import dev.berth.core.node.PodPlace;
import dev.berth.core.node.SharedPlace;
import dev.berth.core.pod.Container;
import dev.berth.core.pod.ContainerRun;
import dev.berth.core.pod.Grant;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodAdmission.Refusal;
import dev.berth.core.pod.PodResize;
import dev.berth.core.pod.PodResize.Told;
import dev.berth.core.size.ResizeRoom;
import dev.berth.core.tenancy.PodLimits;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Gives running containers other resources when their pod wishes for them: grants or refuses the
 * wish as a whole, then changes one container after another. Owned by the pod's thread.
 */
final class PodResizes {
    private static final String INFEASIBLE = "Infeasible";
    private static final String DEFERRED = "Deferred";
    private static final String ERROR = "Error";

    private final Surroundings around;
    private final PodPlace node;
    private final ContainerPlans plans;
    private final PodGround ground;
    private final Map<String, Grant> allocated = new HashMap<>();
    private final Map<String, Grant> actual = new HashMap<>();
    private @Nullable Grant whole;
    private @Nullable Told pending;
    private @Nullable Told inProgress;
    private @Nullable Instant retry;

    PodResizes(Surroundings around, PodPlace node, ContainerPlans plans, PodGround ground) {
        this.around = around;
        this.node = node;
        this.plans = plans;
        this.ground = ground;
    }

    /** Takes over what was reported of the pod; what was not is as it wishes. */
    void adopt(Pod pod) {
        for (var status : pod.status().everyContainer().toList()) {
            var sizes = status.sizes();
            if (sizes != null) {
                allocated.put(status.name(), new Grant(sizes.allocated(), sizes.actual().limits()));
                actual.put(status.name(), sizes.actual());
            }
        }
        begin(pod);
        pending = told(pod, PodResize.PENDING);
        inProgress = told(pod, PodResize.IN_PROGRESS);
    }

    private static @Nullable Told told(Pod pod, String type) {
        var condition = pod.status().conditionsByType().get(type);
        return condition == null
                ? null
                : new Told(
                        condition.reason() == null ? "" : condition.reason(),
                        condition.message() == null ? "" : condition.message(),
                        condition.observedGeneration(),
                        condition.lastTransition());
    }

    private void begin(Pod pod) {
        for (var container : PodResize.resizable(pod.spec())) {
            allocated.putIfAbsent(container.name(), Grant.of(container));
        }
        if (whole == null) {
            whole = new Grant(pod.spec().requests(), pod.spec().limits());
        }
    }

    /** A container as it is to be made, with what was granted to it. */
    Container granted(Container container) {
        var grant = allocated.get(container.name());
        return grant == null ? container : container.given(grant);
    }

    /** A pod with what was granted to its containers and to itself, whatever they wish for. */
    Pod allocated(Pod pod) {
        begin(pod);
        return new Pod(
                pod.metadata(),
                pod.spec()
                        .with(
                                pod.spec().initContainers().stream().map(this::granted).toList(),
                                pod.spec().containers().stream().map(this::granted).toList(),
                                Objects.requireNonNull(whole)),
                pod.status());
    }

    /** A container has been started with what was granted to it. */
    void started(String name) {
        var grant = allocated.get(name);
        if (grant != null) {
            actual.put(name, grant);
        }
    }

    PodResize state() {
        return new PodResize(allocated, actual, pending, inProgress);
    }

    /** When a change that failed is to be tried again, or null. */
    @Nullable Instant due() {
        return retry;
    }

    /**
     * Grants or refuses what the pod wishes for, and changes what runs.
     *
     * @return the containers that have to start again for it
     */
    List<String> look(Pod pod, List<ContainerRun> running) throws InterruptedException {
        begin(pod);
        decide(pod);
        var restart = new ArrayList<String>();
        var error = limitPod(pod, true, "");
        for (var run : running) {
            var grant = allocated.get(run.name());
            var has = actual.get(run.name());
            var container = container(pod, run.name());
            if (grant == null || container == null) {
                continue;
            }
            var changes = has == null ? List.<String>of() : grant.differences(has);
            if (changes.isEmpty()) {
                actual.putIfAbsent(run.name(), grant);
            } else if (PodResize.restarts(container, changes)) {
                restart.add(run.name());
            } else {
                error = change(pod, container.given(grant), run, error);
            }
        }
        if (error.isEmpty() && restart.isEmpty()) {
            error = limitPod(pod, false, error);
        }
        tell(pod, error, restart.isEmpty());
        return restart;
    }

    private void decide(Pod pod) {
        var generation = pod.metadata().generation();
        if (!PodResize.wishes(pod.spec(), allocated)) {
            if (pending != null) {
                pending = null;
                around.nodes().adopted(pod, node);
            }
            return;
        }
        var refusal =
                switch (node) {
                    case PlacedNode _ ->
                            ResizeRoom.refusal(pod.spec(), node.cpuMillis(), node.memoryMebibytes())
                                    .map(words -> new Refusal(INFEASIBLE, words));
                    case SharedPlace _ -> around.nodes().resize(pod, allocated(pod), node);
                };
        if (refusal.isEmpty()) {
            PodResize.resizable(pod.spec())
                    .forEach(container -> allocated.put(container.name(), Grant.of(container)));
            pending = null;
            inProgress = new Told("", "", generation, now());
            retry = null;
            event(pod, false, "ResizeStarted", "started", "");
        } else {
            refused(pod, refusal.get());
        }
    }

    /** A wish that cannot be granted ever, or not now. */
    private void refused(Pod pod, Refusal refusal) {
        var generation = pod.metadata().generation();
        var reason = refusal.reason().equals(INFEASIBLE) ? INFEASIBLE : DEFERRED;
        var before = pending;
        if (before != null && before.generation() == generation && before.reason().equals(reason)) {
            pending = new Told(reason, refusal.message(), generation, before.since());
            return;
        }
        pending = new Told(reason, refusal.message(), generation, now());
        around.event(
                pod,
                null,
                true,
                "Resize" + reason,
                PodResize.event(refusal.reason(), pod.spec(), generation, refusal.message()));
    }

    /** The pod's own limits grow before its containers' and shrink after them. */
    private String limitPod(Pod pod, boolean atLeast, String error) {
        if (waitsForRetry()) {
            return error;
        }
        try {
            ground.limit(PodLimits.of(allocated(pod).spec()), atLeast);
            return error;
        } catch (PodGround.GroundFailed e) {
            return error.isEmpty() ? e.text() : error;
        }
    }

    private boolean waitsForRetry() {
        return retry != null && now().isBefore(retry);
    }

    /** Changes one; the first error of all, or empty. */
    private String change(Pod pod, Container container, ContainerRun run, String error)
            throws InterruptedException {
        if (waitsForRetry()) {
            return inProgress == null ? error : inProgress.message();
        }
        try {
            around.machine()
                    .runtime()
                    .limit(PodLedger.rawId(run), plans.limits(pod.spec(), container));
            actual.put(container.name(), Grant.of(container));
            return error;
        } catch (RuntimeFailed e) {
            return error.isEmpty() ? String.valueOf(e.getMessage()) : error;
        }
    }

    private void tell(Pod pod, String error, boolean done) {
        if (inProgress == null) {
            return;
        }
        if (!error.isEmpty()) {
            if (!inProgress.message().equals(error)) {
                inProgress = new Told(ERROR, error, inProgress.generation(), now());
                event(pod, true, "ResizeError", "error", error);
            }
            if (retry == null || !now().isBefore(retry)) {
                retry = now().plus(StartTries.CONTAINER_RETRY);
            }
        } else if (done) {
            retry = null;
            event(pod, false, "ResizeCompleted", "completed", "");
            inProgress = null;
        }
    }

    private void event(Pod pod, boolean warning, String reason, String step, String error) {
        var generation = inProgress == null ? pod.metadata().generation() : inProgress.generation();
        around.event(
                pod, null, warning, reason, PodResize.event(step, pod.spec(), generation, error));
    }

    private static @Nullable Container container(Pod pod, String name) {
        return PodResize.resizable(pod.spec()).stream()
                .filter(container -> container.name().equals(name))
                .findFirst()
                .orElse(null);
    }

    private Instant now() {
        return around.machine().time().now();
    }
}
