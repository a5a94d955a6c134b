package dev.berth.core.pod;

import dev.berth.core.pod.ContainerRun.End;
import dev.berth.core.pod.PodStatus.Condition;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.ContainerStatus;
import dev.berth.core.pod.PodStatus.Phase;
import dev.berth.core.pod.PodStatus.Sizes;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Makes the status that a node reports, in the words of a kubelet 1.36: states of containers, the
 * phase, and the conditions that a node owns. Conditions of others stay with the API server; the
 * pod's own last status is only asked for times and for what nobody else knows any more.
 */
public final class PodStatuses {
    private static final String LOST =
            "The container could not be located when the pod was terminated";

    /** The conditions that a node writes. */
    private static final Set<String> OWN =
            Set.of(
                    "PodReadyToStartContainers",
                    "Initialized",
                    "Ready",
                    "ContainersReady",
                    "PodScheduled",
                    "AllContainersRestarting",
                    PodResize.PENDING,
                    PodResize.IN_PROGRESS);

    private final Pod pod;
    private final PodStatus before;
    private final PodObservation seen;
    private final Instant now;

    private PodStatuses(Pod pod, PodStatus before, PodObservation seen, Instant now) {
        this.pod = pod;
        this.before = before;
        this.seen = seen;
        this.now = now;
    }

    /**
     * Makes the status.
     *
     * @param before what was reported last
     */
    public static PodStatus of(Pod pod, PodStatus before, PodObservation seen, Instant now) {
        return new PodStatuses(pod, before, seen, seconds(now)).make();
    }

    /**
     * The status of a pod that a node refuses to run.
     *
     * @param reason such as {@code UnsupportedPodSpec}
     * @param message what the event says
     */
    public static PodStatus rejected(PodStatus before, String reason, String message, Instant now) {
        return new PodStatus(
                Phase.FAILED,
                before.conditionsByType().containsKey("PodScheduled")
                        ? List.of(before.conditionsByType().get("PodScheduled"))
                        : List.of(),
                reason,
                "Pod was rejected: " + message,
                before.podIp(),
                before.hostIp(),
                before.startTime() == null ? seconds(now) : before.startTime(),
                before.initContainers(),
                before.containers(),
                before.qosClass(),
                before.observedGeneration(),
                before.ephemeralContainers());
    }

    /**
     * Whether two statuses say the same. The times of conditions do not count, nor their order, nor
     * the conditions that others own.
     */
    public static boolean same(PodStatus one, PodStatus other) {
        return untimed(one).equals(untimed(other));
    }

    private static PodStatus untimed(PodStatus status) {
        return new PodStatus(
                status.phase(),
                status.conditions().stream()
                        .filter(condition -> OWN.contains(condition.type()))
                        .sorted(Comparator.comparing(Condition::type))
                        .map(condition ->
                                new Condition(
                                        condition.type(),
                                        condition.status(),
                                        condition.reason(),
                                        condition.message(),
                                        Instant.EPOCH,
                                        condition.observedGeneration()))
                        .toList(),
                status.reason(),
                status.message(),
                status.podIp(),
                status.hostIp(),
                status.startTime(),
                status.initContainers(),
                status.containers(),
                status.qosClass(),
                status.observedGeneration(),
                status.ephemeralContainers());
    }

    /** The API holds whole seconds; what is told is what can be read again. */
    private static Instant seconds(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS);
    }

    private PodStatus make() {
        var init = pod.spec().initContainers().stream().map(this::initStatus).toList();
        // A kubelet sorts the others by name, so that clients see one order.
        var others =
                pod.spec().containers().stream()
                        .map(this::status)
                        .sorted(Comparator.comparing(ContainerStatus::name))
                        .toList();
        var phase = phase(init, others);
        var verdict = seen.verdict();
        var reason = before.phase() == phase ? before.reason() : null;
        var message = before.phase() == phase ? before.message() : null;
        return new PodStatus(
                phase,
                conditions(init, others, phase),
                verdict != null ? verdict.reason() : reason,
                verdict != null ? verdict.message() : message,
                seen.podIp() != null ? seen.podIp() : before.podIp(),
                seen.hostIp() != null ? seen.hostIp() : before.hostIp(),
                before.startTime() != null ? before.startTime() : seconds(seen.firstSeen()),
                init,
                others,
                before.qosClass() != null
                        ? before.qosClass()
                        : ContainerResources.qosClass(pod.spec()),
                pod.metadata().generation(),
                // Neither readiness nor probes mean anything for them.
                pod.spec().ephemeralContainers().stream()
                        .map(container -> with(status(container), false, null))
                        .toList());
    }

    // ---- containers

    private ContainerStatus initStatus(Container container) {
        var status = status(container);
        if (container.sidecar()) {
            return status;
        }
        var done =
                status.state() instanceof ContainerState.Terminated ended && ended.exitCode() == 0;
        return with(status, done, status.started());
    }

    private ContainerStatus status(Container container) {
        var run = seen.latest(container.name());
        var old = old(container.name());
        var state = state(container, run);
        var lastState = lastState(container, run, state, old);
        var running = state instanceof ContainerState.Running;
        var started = running && started(container, seen);
        return new ContainerStatus(
                container.name(),
                state,
                lastState,
                started && ready(container),
                started,
                run.map(ContainerRun::attempt)
                        .orElse(old.map(ContainerStatus::restartCount).orElse(0)),
                run.map(ContainerRun::image)
                        .filter(image -> !image.isEmpty())
                        .orElse(container.image()),
                run.map(ContainerRun::imageId).orElse(""),
                run.map(ContainerRun::containerId).orElse(null),
                run.isPresent() ? sizes(container, running) : null,
                container.volumeMounts().stream().map(PodStatuses::mount).toList(),
                run.map(ContainerRun::user).orElse(null));
    }

    private static PodStatus.MountStatus mount(Container.VolumeMount mount) {
        var asked = mount.recursiveReadOnly();
        return new PodStatus.MountStatus(
                mount.volume(),
                mount.mountPath(),
                mount.readOnly(),
                mount.readOnly()
                        ? Boolean.valueOf(asked.equals("Enabled") || asked.equals("IfPossible"))
                        : null);
    }

    private @Nullable Sizes sizes(Container container, boolean running) {
        var allocated = seen.resize().allocated().get(container.name());
        if (allocated == null) {
            return null;
        }
        var actual = running ? seen.resize().actual().get(container.name()) : null;
        return new Sizes(actual == null ? allocated : actual, allocated.requests());
    }

    private ContainerState state(Container container, Optional<ContainerRun> run) {
        var problem = seen.problems().get(container.name());
        var startedAt = run.map(ContainerRun::startedAt);
        if (run.isPresent() && run.get().running() && startedAt.isPresent()) {
            return new ContainerState.Running(seconds(startedAt.get()));
        }
        if (run.isPresent() && run.get().end() != null) {
            return problem == null || seen.over() || !comesBack(container, run.get())
                    ? terminated(run.get())
                    : new ContainerState.Waiting(problem.reason(), problem.message());
        }
        if (seen.over() && neverRanButShould(container)) {
            return new ContainerState.Terminated(
                    137, 0, "ContainerStatusUnknown", LOST, Instant.EPOCH, Instant.EPOCH, null);
        }
        if (problem != null) {
            return new ContainerState.Waiting(problem.reason(), problem.message());
        }
        return new ContainerState.Waiting(
                pod.spec().initContainers().isEmpty() ? "ContainerCreating" : "PodInitializing",
                null);
    }

    /** Once a pod is initialized, a container that is absent in the end counts as failed. */
    private boolean neverRanButShould(Container container) {
        return pod.spec().containers().contains(container) && initialized();
    }

    private boolean initialized() {
        return pod.spec().initContainers().isEmpty()
                || pod.spec().containers().stream()
                        .anyMatch(container -> seen.latest(container.name()).isPresent())
                || seen.latest(pod.spec().initContainers().getLast().name())
                        .filter(run -> run.succeeded() || run.running())
                        .isPresent();
    }

    private boolean comesBack(Container container, ContainerRun run) {
        var code = Objects.requireNonNull(run.end()).exitCode();
        if (pod.spec().ephemeralContainers().contains(container)) {
            return false;
        }
        if (run.reset()) {
            return true;
        }
        return pod.spec().initContainers().contains(container)
                ? RestartDecision.initRestarts(pod.spec(), container, code)
                : RestartDecision.restarts(pod.spec(), container, code);
    }

    private @Nullable ContainerState lastState(
            Container container,
            Optional<ContainerRun> run,
            ContainerState state,
            Optional<ContainerStatus> old) {
        if (run.isPresent() && run.get().ended() && state instanceof ContainerState.Waiting) {
            return terminated(run.get());
        }
        var previous = seen.previous(container.name()).filter(ContainerRun::ended);
        if (previous.isPresent()) {
            return terminated(previous.get());
        }
        return old.map(ContainerStatus::lastState).orElse(null);
    }

    private static ContainerState.Terminated terminated(ContainerRun run) {
        var end = Objects.requireNonNull(run.end());
        return new ContainerState.Terminated(
                end.exitCode(),
                0,
                end.reason(),
                end.message(),
                run.startedAt() == null ? Instant.EPOCH : seconds(run.startedAt()),
                end.finishedAt() == null ? Instant.EPOCH : seconds(end.finishedAt()),
                run.containerId());
    }

    /** Whether a running container's startup probe has passed; without one it has. */
    static boolean started(Container container, PodObservation seen) {
        var probed = seen.probes().get(container.name());
        return container.startupProbe() == null || (probed != null && probed.started());
    }

    private boolean ready(Container container) {
        var probed = seen.probes().get(container.name());
        return container.readinessProbe() == null || (probed != null && probed.ready());
    }

    private Optional<ContainerStatus> old(String name) {
        return before.everyContainer().filter(status -> status.name().equals(name)).findFirst();
    }

    private static ContainerStatus with(
            ContainerStatus status, boolean ready, @Nullable Boolean started) {
        return new ContainerStatus(
                status.name(),
                status.state(),
                status.lastState(),
                ready,
                started,
                status.restartCount(),
                status.image(),
                status.imageId(),
                status.containerId(),
                status.sizes(),
                status.mounts(),
                status.user());
    }

    // ---- phase

    private Phase phase(List<ContainerStatus> init, List<ContainerStatus> others) {
        if (pod.status().phase().ended()) {
            return pod.status().phase();
        }
        if (before.phase().ended()) {
            return before.phase();
        }
        if (seen.verdict() != null) {
            return Phase.FAILED;
        }
        var begun = others.stream().anyMatch(status -> seen.latest(status.name()).isPresent());
        var phase = ContainersPhase.of(pod.spec(), init, others, begun, seen.over());
        return seen.over() && !phase.ended() ? Phase.FAILED : phase;
    }

    // ---- conditions

    private List<Condition> conditions(
            List<ContainerStatus> init, List<ContainerStatus> others, Phase phase) {
        var containersReady = containersReady(init, others, phase);
        var conditions = new ArrayList<Condition>();
        conditions.add(condition("PodReadyToStartContainers", seen.attached(), null, null));
        conditions.add(initialized(init, others, phase));
        conditions.add(ready(containersReady));
        conditions.add(containersReady);
        conditions.add(condition("PodScheduled", true, null, null));
        if (RestartDecision.mayRestartAll(pod.spec())) {
            conditions.add(allRestarting(phase));
        }
        if (!phase.ended()) {
            resizing(PodResize.PENDING, seen.resize().pending()).ifPresent(conditions::add);
            resizing(PodResize.IN_PROGRESS, seen.resize().inProgress()).ifPresent(conditions::add);
        }
        var verdict = seen.verdict();
        if (verdict != null && verdict.disruption()) {
            conditions.add(
                    condition(
                            "DisruptionTarget",
                            true,
                            "TerminationByKubelet",
                            verdict.disruptionMessage()));
        }
        return conditions;
    }

    private static Optional<Condition> resizing(String type, PodResize.@Nullable Told told) {
        return told == null
                ? Optional.empty()
                : Optional.of(
                        new Condition(
                                type,
                                "True",
                                told.reason().isEmpty() ? null : told.reason(),
                                told.message().isEmpty() ? null : told.message(),
                                seconds(told.since()),
                                told.generation()));
    }

    private Condition allRestarting(Phase phase) {
        var restarting = !phase.ended() && PodDecision.reset(pod.spec(), seen).isPresent();
        var reason =
                switch (phase) {
                    case SUCCEEDED -> "PodCompleted";
                    case FAILED -> "PodFailed";
                    case PENDING, RUNNING, UNKNOWN ->
                            restarting ? "RestartAllContainersStarted" : null;
                };
        return condition(
                "AllContainersRestarting",
                restarting,
                reason,
                restarting ? "container exited with restart policy rule" : null);
    }

    private Condition initialized(
            List<ContainerStatus> init, List<ContainerStatus> others, Phase phase) {
        if (phase == Phase.SUCCEEDED) {
            return condition("Initialized", true, "PodCompleted", null);
        }
        var begun =
                others.stream()
                        .anyMatch(status ->
                                status.state() instanceof ContainerState.Running
                                        || status.state() instanceof ContainerState.Terminated
                                        || status.lastState() != null);
        var was = before.conditionsByType().get("Initialized");
        if (begun || (was != null && was.status().equals("True"))) {
            return condition("Initialized", true, null, null);
        }
        var incomplete = new ArrayList<String>();
        for (var index = 0; index < init.size(); index++) {
            var sidecar = pod.spec().initContainers().get(index).sidecar();
            var status = init.get(index);
            if (sidecar ? !Boolean.TRUE.equals(status.started()) : !status.ready()) {
                incomplete.add(status.name());
            }
        }
        return incomplete.isEmpty()
                ? condition("Initialized", true, null, null)
                : condition(
                        "Initialized",
                        false,
                        "ContainersNotInitialized",
                        "containers with incomplete status: " + list(incomplete));
    }

    private Condition containersReady(
            List<ContainerStatus> init, List<ContainerStatus> others, Phase phase) {
        var type = "ContainersReady";
        if (phase == Phase.SUCCEEDED) {
            return condition(type, false, "PodCompleted", null);
        }
        if (phase == Phase.FAILED) {
            return condition(type, false, "PodFailed", null);
        }
        var ready = new HashMap<String, Boolean>();
        Stream.concat(init.stream(), others.stream())
                .forEach(status -> ready.put(status.name(), status.ready()));
        var unready =
                Stream.concat(
                                pod.spec().initContainers().stream().filter(Container::sidecar),
                                pod.spec().containers().stream())
                        .map(Container::name)
                        .filter(name -> !ready.getOrDefault(name, false))
                        .toList();
        return unready.isEmpty()
                ? condition(type, true, null, null)
                : condition(
                        type,
                        false,
                        "ContainersNotReady",
                        "containers with unready status: " + list(unready));
    }

    private Condition ready(Condition containersReady) {
        if (!containersReady.status().equals("True")) {
            return condition("Ready", false, containersReady.reason(), containersReady.message());
        }
        var known = pod.status().conditionsByType();
        var unready = new ArrayList<String>();
        for (var gate : pod.spec().readinessGates()) {
            var condition = known.get(gate);
            if (condition == null) {
                unready.add(
                        "corresponding condition of pod readiness gate \""
                                + gate
                                + "\" does not exist.");
            } else if (!condition.status().equals("True")) {
                unready.add(
                        "the status of pod readiness gate \""
                                + gate
                                + "\" is not \"True\", but "
                                + condition.status());
            }
        }
        return unready.isEmpty()
                ? condition("Ready", true, null, null)
                : condition("Ready", false, "ReadinessGatesNotReady", String.join(", ", unready));
    }

    private Condition condition(
            String type, boolean holds, @Nullable String reason, @Nullable String message) {
        var status = holds ? "True" : "False";
        var was = before.conditionsByType().get(type);
        var since = was != null && was.status().equals(status) ? was.lastTransition() : now;
        return new Condition(type, status, reason, message, since, pod.metadata().generation());
    }

    /** A list as Go prints it: {@code [a b]}. */
    private static String list(List<String> names) {
        return "[" + String.join(" ", names) + "]";
    }

    // ---- what was reported becomes what is known

    /**
     * The runs of a pod's containers when a node takes it on: what the machine has, and for
     * containers it does not have what was reported of them. One that was reported as running and
     * is not there has ended in a way that nobody knows.
     *
     * @param found what the machine has, of this pod
     * @param attached whether the pod's namespaces are still there
     */
    public static List<ContainerRun> adopted(Pod pod, List<ContainerRun> found, boolean attached) {
        var runs = new ArrayList<>(found);
        for (var status : pod.status().everyContainer().toList()) {
            var here = PodObservation.latest(found, status.name());
            if (here.isPresent() && here.get().attempt() >= status.restartCount()) {
                continue;
            }
            reportedEnd(pod, status)
                    .ifPresent(end ->
                            runs.add(
                                    new ContainerRun(
                                            status.name(),
                                            status.restartCount(),
                                            end.containerId(),
                                            end.startedAt(),
                                            new End(
                                                    end.exitCode(),
                                                    end.reason(),
                                                    end.message(),
                                                    end.finishedAt()),
                                            status.image(),
                                            status.imageId(),
                                            attached && !end.reason().equals(End.RESETTING),
                                            status.user())));
        }
        return List.copyOf(runs);
    }

    private static Optional<ContainerState.Terminated> reportedEnd(
            Pod pod, ContainerStatus status) {
        return switch (status.state()) {
            case ContainerState.Terminated ended -> Optional.of(ended);
            case ContainerState.Waiting _ ->
                    status.lastState() instanceof ContainerState.Terminated ended
                            ? Optional.of(ended)
                            : Optional.empty();
            case ContainerState.Running running ->
                    Optional.of(
                            new ContainerState.Terminated(
                                    137,
                                    0,
                                    "ContainerStatusUnknown",
                                    pod.deleting()
                                            ? "The container could not be located when the pod was"
                                                    + " deleted.  The container used to be Running"
                                            : LOST,
                                    running.startedAt(),
                                    running.startedAt(),
                                    status.containerId()));
        };
    }
}
