package dev.berth.engine.podworker;

import dev.berth.core.node.PodPlace;
import dev.berth.core.pod.ConfigProblem;
import dev.berth.core.pod.Container;
import dev.berth.core.pod.ContainerRun;
import dev.berth.core.pod.ContainerRun.End;
import dev.berth.core.pod.PodWords;
import dev.berth.core.pod.StartProblem;
import dev.berth.core.pod.StopPlan;
import dev.berth.engine.Timeline;
import dev.berth.engine.podworker.ContainerMaking.Made;
import dev.berth.engine.podworker.PodGround.GroundFailed;
import dev.berth.port.ContainerRuntime.ContainerPlan;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import dev.berth.port.Images.Image;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts containers of a pod: fetches images beside making the ground, makes the containers side by
 * side, starts them in their order, each with its hook. Owned by the pod's thread.
 */
final class ContainerStarts {
    private static final Logger LOG = LoggerFactory.getLogger(ContainerStarts.class);

    /** How long a pod may start before its status says that it does (our choice). */
    private static final Duration QUIET_START = Duration.ofSeconds(1);

    private final Surroundings around;
    private final PodLedger ledger;
    private final PodMailbox box;
    private final PodGround ground;
    private final ProcessHolder holder;
    private final PodResizes resizes;
    private final ContainerMaking making;
    private final ImagePulls images;
    private final ImageVolumes imageVolumes;
    private final LifecycleHooks hooks;
    private final StartTries tries;
    private final Alarm alarm;
    private final ContainerStops stops;
    private final Map<String, Image> imagesOf = new HashMap<>();
    private @Nullable Instant groundRetry;
    private boolean waits;

    ContainerStarts(
            Surroundings around,
            PodLedger ledger,
            PodPlace node,
            PodMailbox box,
            PodGround ground,
            ProcessHolder holder,
            ContainerPlans plans,
            PodResizes resizes,
            LifecycleHooks hooks,
            StartTries tries,
            Alarm alarm,
            ContainerStops stops) {
        this.around = around;
        this.ledger = ledger;
        this.box = box;
        this.ground = ground;
        this.holder = holder;
        this.resizes = resizes;
        this.hooks = hooks;
        this.tries = tries;
        this.alarm = alarm;
        this.stops = stops;
        making = new ContainerMaking(around, plans, node);
        images = new ImagePulls(around);
        imageVolumes = plans.imageVolumes();
    }

    /** Before this nothing can be started, because the ground could not be made; or null. */
    @Nullable Instant notBefore() {
        return groundRetry;
    }

    /** What the ground lacked may have come. */
    void tryNow() {
        waits |= groundRetry != null;
        groundRetry = null;
    }

    /** Starts those that can be; what keeps the others from it is noted. */
    void start(List<String> names) throws InterruptedException {
        ledger.reportLater(QUIET_START);
        var containers = names.stream().map(ledger::container).filter(Objects::nonNull).toList();
        Map<Container, Image> here;
        PodGround.Readings readings;
        var pod = ledger.pod();
        if (waits || groundRetry != null) {
            // It has failed before, so nothing is pulled in vain; as a kubelet, which always waits.
            try {
                ground.make(pod);
                waits = false;
            } catch (GroundFailed e) {
                failedGround(e);
                return;
            }
        }
        try (var side = Executors.newVirtualThreadPerTaskExecutor()) {
            var reading = side.submit(() -> ground.read(containers));
            try (var pulls = Executors.newVirtualThreadPerTaskExecutor()) {
                var pulling = new LinkedHashMap<Container, Future<ImagePulls.Outcome>>();
                var volumes = pulls.submit(() -> imageVolumes.pull(pod, images));
                for (var container : containers) {
                    pulling.put(
                            container,
                            pulls.submit(() -> imageVolumes.get(pod, container, volumes, images)));
                }
                try {
                    ground.make(pod);
                    holder.make(pod);
                } catch (GroundFailed e) {
                    pulls.shutdownNow();
                    failedGround(e);
                    return;
                } catch (InterruptedException | RuntimeException | Error cut) {
                    // Leaving waits for the pulls, and nobody would interrupt a second time.
                    pulls.shutdownNow();
                    throw cut;
                }
                here = pulled(pulls, pulling);
            }
            readings = get(reading);
        }
        groundRetry = null;
        alarm.worldIsWell();
        if (here.size() == containers.size()) {
            around.timeline().stamp(pod.uid(), Timeline.Phase.IMAGE);
        }
        var made = make(here, readings);
        if (made.isEmpty()) {
            return;
        }
        around.timeline().stamp(pod.uid(), Timeline.Phase.MADE);
        for (var plan : made) {
            startMade(plan);
        }
        around.timeline().stamp(pod.uid(), Timeline.Phase.STARTED);
        ledger.report();
    }

    private void failedGround(GroundFailed e) {
        ground.countFailure();
        ledger.event(true, e.reason(), e.text());
        LOG.info(
                "pod not prepared pod={} reason={} cause={}",
                ledger.pod().key(),
                e.reason(),
                e.text());
        groundRetry = ledger.now().plus(alarm.patience());
    }

    /** Waits for the images; a stop cuts the waiting and the pulls short. */
    private Map<Container, Image> pulled(
            ExecutorService pulls, Map<Container, Future<ImagePulls.Outcome>> pulling)
            throws InterruptedException {
        var here = new LinkedHashMap<Container, Image>();
        for (var entry : pulling.entrySet()) {
            var name = entry.getKey().name();
            ImagePulls.Outcome outcome;
            try {
                outcome = box.unlessStopped(() -> entry.getValue().get());
            } catch (InterruptedException cut) {
                pulls.shutdownNow();
                throw cut;
            } catch (ExecutionException e) {
                throw unexpected(e);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
            switch (outcome) {
                case ImagePulls.Outcome.Here(Image image) -> {
                    here.put(entry.getKey(), image);
                    imagesOf.put(name, image);
                    tries.pulled(name);
                }
                case ImagePulls.Outcome.Not(StartProblem problem, Instant again) ->
                        tries.blocked(name, problem, again);
            }
        }
        return here;
    }

    /** Makes containers side by side; those that could be made, in their order. */
    private List<ContainerPlan> make(Map<Container, Image> here, PodGround.Readings readings)
            throws InterruptedException {
        var made = new ArrayList<ContainerPlan>();
        var pod = ledger.pod();
        try (var children = Executors.newVirtualThreadPerTaskExecutor()) {
            var parts = new LinkedHashMap<String, Future<Made>>();
            for (var entry : here.entrySet()) {
                var container = entry.getKey();
                String processesOf;
                try {
                    processesOf = processesOf(container);
                } catch (ConfigProblem e) {
                    notMade(
                            container.name(),
                            "CreateContainerConfigError",
                            String.valueOf(e.getMessage()));
                    continue;
                }
                var attempt = ledger.nextAttempt(container.name());
                tries.image(container.name(), container.image());
                ledger.makes(ContainerPlans.id(pod.uid(), container.name(), attempt), box);
                parts.put(
                        container.name(),
                        children.submit(() ->
                                making.make(
                                        pod,
                                        resizes.granted(container),
                                        attempt,
                                        entry.getValue(),
                                        readings,
                                        processesOf)));
            }
            for (var entry : parts.entrySet()) {
                var name = entry.getKey();
                switch (get(entry.getValue())) {
                    case Made.Ready(ContainerPlan plan) -> made.add(plan);
                    case Made.NotMade(String reason, String message) ->
                            notMade(name, reason, message);
                    case Made.Unstartable(int attempt, String message) -> {
                        ledger.event(name, false, "Created", "Container created");
                        tries.tried(name);
                        failedStart(name, attempt, message);
                    }
                }
            }
        }
        return made;
    }

    private void notMade(String name, String reason, String message) {
        ground.countFailure();
        ledger.event(name, true, "Failed", "Error: " + message);
        tries.blocked(name, new StartProblem(reason, message));
    }

    /** Whose processes a container sees beside its own, or null. */
    private @Nullable String processesOf(Container container) throws ConfigProblem {
        if (holder.id() != null) {
            return holder.id();
        }
        var target = container.targetContainer();
        if (target == null) {
            return null;
        }
        return ledger.running().stream()
                .filter(run -> run.name().equals(target))
                .map(PodLedger::rawId)
                .findFirst()
                .orElseThrow(() -> new ConfigProblem("unable to find target container " + target));
    }

    private void startMade(ContainerPlan plan) throws InterruptedException {
        var name = plan.name();
        ledger.event(name, false, "Created", "Container created");
        tries.tried(name);
        var image = Objects.requireNonNull(imagesOf.get(name));
        ledger.put(
                new ContainerRun(
                        name,
                        plan.attempt(),
                        ledger.fullId(plan.id()),
                        ledger.now(),
                        null,
                        image.reference(),
                        image.repoDigest(),
                        true,
                        ContainerPlans.identity(plan.user())));
        try {
            around.machine().runtime().start(plan.id());
        } catch (RuntimeFailed e) {
            // The start may have come to something all the same. The container itself stays until
            // its
            // end is written down: without it another life of Berth would know nothing of this run.
            around.machine().runtime().kill(plan.id());
            failedStart(
                    name,
                    plan.attempt(),
                    ContainerMaking.readable(String.valueOf(e.getMessage()), plan.id(), name));
            return;
        }
        ledger.event(name, false, "Started", "Container started");
        tries.started(name);
        resizes.started(name);
        postStart(name, plan.id());
    }

    /** Runs a container's hook, which keeps those after it waiting; a stop cuts it short. */
    private void postStart(String name, String id) throws InterruptedException {
        var container = ledger.container(name);
        if (container == null || container.postStart() == null) {
            return;
        }
        var hook = container.postStart();
        try {
            box.unlessStopped(() -> {
                hooks.run(ledger.pod(), container, id, hook);
                return true;
            });
        } catch (LifecycleHooks.HookFailed e) {
            ledger.event(name, true, "FailedPostStartHook", PodWords.POST_START_FAILED);
            ledger.event(name, false, "Killing", PodWords.POST_START_KILLS);
            ledger.problem(name, new StartProblem("PostStartHookError", e.getMessage()));
            stops.some(List.of(name), StopPlan.graceSeconds(ledger.pod(), null));
        } catch (InterruptedException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** A run that could not begin counts as one that ended with 128, as with containerd. */
    private void failedStart(String name, int attempt, String message) {
        ground.countFailure();
        ledger.event(name, true, "Failed", "Error: " + message);
        var image = imagesOf.get(name);
        ledger.put(
                new ContainerRun(
                        name,
                        attempt,
                        ledger.fullId(ContainerPlans.id(ledger.pod().uid(), name, attempt)),
                        null,
                        End.startError(message, ledger.now()),
                        image == null ? "" : image.reference(),
                        image == null ? "" : image.repoDigest(),
                        true));
        tries.failed(name, message);
    }

    private static <T> T get(Future<T> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw unexpected(e);
        }
    }

    private static RuntimeException unexpected(ExecutionException e) {
        return switch (e.getCause()) {
            case RuntimeException cause -> cause;
            case Error bug -> throw bug;
            case null, default -> new IllegalStateException(e);
        };
    }
}
