package dev.berth.engine.podworker;

import dev.berth.core.node.PlacedNode;
import dev.berth.core.pod.ConfigNeeds;
import dev.berth.core.pod.ConfigProblem;
import dev.berth.core.pod.Container;
import dev.berth.core.pod.ContainerResources;
import dev.berth.core.pod.ContainerRun;
import dev.berth.core.pod.ContainerRun.End;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodAdmission;
import dev.berth.core.pod.PodDecision;
import dev.berth.core.pod.PodDecision.Kill;
import dev.berth.core.pod.PodMetadata;
import dev.berth.core.pod.PodObservation;
import dev.berth.core.pod.PodObservation.Verdict;
import dev.berth.core.pod.PodStatus;
import dev.berth.core.pod.PodStatuses;
import dev.berth.core.pod.PodWords;
import dev.berth.core.pod.RestartBackOffs;
import dev.berth.core.pod.StartProblem;
import dev.berth.core.pod.StopPlan;
import dev.berth.core.pod.StopStep;
import dev.berth.core.usage.ProbeCounts;
import dev.berth.engine.Timeline;
import dev.berth.engine.podworker.PodGround.GroundFailed;
import dev.berth.engine.podworker.PodMailbox.Mail;
import dev.berth.port.ContainerRuntime;
import dev.berth.port.ContainerRuntime.ContainerPlan;
import dev.berth.port.ContainerRuntime.Exit;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import dev.berth.port.Images.Image;
import dev.berth.port.Images.PullFailed;
import dev.berth.port.KubeApi.ConfigChange;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.Subscription;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One pod's life on this machine. One virtual thread owns everything here but the mailbox and
 * {@link #view}: it waits for mail, looks, decides and acts, and survives every failure of the
 * world by looking again later.
 */
final class PodWorker implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(PodWorker.class);

    /** How long a pod may start before its status says that it does (our choice). */
    private static final Duration QUIET_START = Duration.ofMillis(100);

    /** When a container that could not be configured or made is tried again, as a kubelet does. */
    private static final Duration CONTAINER_RETRY = Duration.ofSeconds(10);

    private static final Duration WORLD_RETRY_FIRST = Duration.ofSeconds(1);
    private static final Duration WORLD_RETRY_LONGEST = Duration.ofSeconds(10);

    /** How long after SIGKILL a container may still be reported as running. */
    private static final Duration KILL_TAKES = Duration.ofSeconds(10);

    private static final int LAST_WORDS_BYTES = 4096;

    private final Surroundings around;
    private final PlacedNode node;
    private final PodMailbox box;
    private final List<ContainerRuntime.Container> found;
    private final Runnable forget;
    private final PodRemains remains;
    private final PodGround ground;
    private final ImagePulls images;
    private final ContainerPlans plans;
    private final PodProbes probes;
    private final LifecycleHooks hooks;
    private final StatusReporter reporter;
    private final Instant firstSeen;
    private final Map<String, ContainerRun> runs = new LinkedHashMap<>();
    private final Set<String> existing = new LinkedHashSet<>();
    private final Map<String, StartProblem> problems = new HashMap<>();
    private final Map<String, Instant> retries = new HashMap<>();
    private final Map<String, Image> imagesOf = new HashMap<>();
    private final Map<String, String> triedImages = new HashMap<>();
    private final Set<String> toldBackOff = new LinkedHashSet<>();
    private final Set<String> killed = new LinkedHashSet<>();
    private final Set<Runnable> watchers = ConcurrentHashMap.newKeySet();
    private Pod pod;
    private PodStatus status;
    private RestartBackOffs backOffs = RestartBackOffs.NONE;
    private Duration worldRetry = WORLD_RETRY_FIRST;
    private @Nullable Instant groundRetry;
    private @Nullable Instant limitRetry;
    private @Nullable Instant volumesRetry;
    private @Nullable PodMetadata volumesTell;
    private @Nullable Verdict verdict;
    private boolean began;
    private boolean over;
    private boolean settled;
    private boolean gone;
    private boolean forgotten;
    private Subscription timer = () -> {};
    private final AtomicBoolean configChanged = new AtomicBoolean();
    private volatile View view;
    private volatile boolean ended;

    PodWorker(
            Surroundings around,
            Pod pod,
            PlacedNode node,
            List<ContainerRuntime.Container> found,
            PodMailbox box,
            Runnable forget) {
        this.around = around;
        this.pod = pod;
        this.node = node;
        this.found = found;
        this.box = box;
        this.forget = forget;
        var machine = around.machine();
        remains = new PodRemains(machine);
        ground = new PodGround(around, pod, node);
        images = new ImagePulls(around);
        plans = new ContainerPlans(around, ground, node);
        probes = new PodProbes(around, pod, node, box);
        hooks = new LifecycleHooks(around, node);
        reporter =
                new StatusReporter(
                        pod,
                        around.api(),
                        machine.time(),
                        around.timeline(),
                        around.busy(),
                        box::poke);
        firstSeen = machine.time().now();
        status = pod.status();
        view = new View(pod, node, status, List.of());
    }

    /**
     * What others may know of a pod.
     *
     * @param pod the latest form that was read
     * @param node where it is
     * @param status what was reported last
     * @param runs the known runs of its containers
     */
    record View(Pod pod, PlacedNode node, PodStatus status, List<ContainerRun> runs) {}

    View view() {
        return view;
    }

    /** A ConfigMap or Secret has changed, which the pod's volumes may be made from. Any thread. */
    void configChanged(ConfigChange change) {
        var seen = view.pod();
        var needs = ConfigNeeds.ofVolumes(seen.spec().volumes());
        if (seen.metadata().namespace().equals(change.namespace())
                && (change.secret() ? needs.secrets() : needs.configMaps())
                        .contains(change.name())) {
            configChanged.set(true);
            box.poke();
        }
    }

    /** How often its probes were asked. */
    List<ProbeCounts> probeCounts() {
        return probes.counts();
    }

    /** Whether this worker has ended, so that nothing more will be known. */
    boolean ended() {
        return ended;
    }

    PodMailbox box() {
        return box;
    }

    @Override
    public void run() {
        try {
            adopt();
            box.poke();
            while (!forgotten) {
                absorb(box.take());
                try {
                    round();
                } catch (InterruptedException cut) {
                    if (box.closed()) {
                        throw cut;
                    }
                    box.poke();
                } catch (KubeUnavailable | UncheckedIOException e) {
                    LOG.info("the world failed, tried again pod={}", pod.key(), e);
                    again(worldRetry());
                }
            }
        } catch (InterruptedException closed) {
            LOG.debug("worker stopped pod={}", pod.key());
        } catch (RuntimeException | Error bug) {
            LOG.error("worker ended by a fault of its own pod={}", pod.key(), bug);
            throw bug;
        } finally {
            timer.close();
            probes.close();
            reporter.close();
            existing.forEach(around.claims()::release);
            ended = true;
            watchers.forEach(Runnable::run);
            forget.run();
            // Last: from here on this pod counts as nothing under way.
            box.over();
        }
    }

    // ---- taking on

    private void adopt() throws InterruptedException {
        ground.adopt(around.machine().network().sandbox(pod.uid()).orElse(null));
        var ours = new ArrayList<ContainerRun>();
        var images = around.machine().images();
        for (var container : found) {
            if (container.state() == ContainerRuntime.State.CREATED) {
                // Made and never started: the crash came between. It is made anew.
                around.machine().runtime().remove(container.id());
                images.unmount(container.id());
                around.claims().release(container.id());
                continue;
            }
            existing.add(container.id());
            around.claims().claim(container.id(), box);
            var wanted = containerNamed(container.name());
            if (wanted != null) {
                triedImages.put(wanted.name(), wanted.image());
            }
            var image = wanted == null ? null : images.find(wanted.image()).orElse(null);
            var run =
                    new ContainerRun(
                            container.name(),
                            container.attempt(),
                            fullId(container.id()),
                            container.startedAt() == null
                                    ? container.createdAt()
                                    : container.startedAt(),
                            null,
                            image == null ? "" : image.reference(),
                            image == null ? "" : image.repoDigest(),
                            true);
            var exit = container.exit();
            ours.add(exit == null ? run : run.endedBy(end(run, exit)));
        }
        for (var run : PodStatuses.adopted(pod, ours, ground.attached())) {
            runs.put(key(run.name(), run.attempt()), run);
            if (run.running()) {
                Stream.concat(
                                pod.status().initContainers().stream(),
                                pod.status().containers().stream())
                        .filter(reported ->
                                Objects.equals(reported.containerId(), run.containerId()))
                        .forEach(reported -> probes.adopt(run, reported));
            }
        }
        began = !found.isEmpty() || pod.status().startTime() != null;
        if (!ground.attached() && runs.values().stream().anyMatch(run -> !run.current())) {
            around.event(
                    pod,
                    null,
                    false,
                    "SandboxChanged",
                    "Pod sandbox changed, it will be killed and re-created.");
        }
        show();
    }

    private void absorb(Mail mail) {
        if (mail.wish() != null) {
            pod = mail.wish();
        }
        gone |= mail.gone();
        for (var exit : mail.exits()) {
            runs.values().stream()
                    .filter(run -> fullId(exit.id()).equals(run.containerId()) && !run.ended())
                    .findFirst()
                    .ifPresent(run -> put(run.endedBy(end(run, exit))));
        }
        show();
    }

    private End end(ContainerRun run, Exit exit) {
        var container = containerNamed(run.name());
        var words =
                container == null || container.terminationMessagePath().isEmpty()
                        ? ""
                        : around.machine()
                                .files()
                                .lastWords(pod.uid(), run.name(), run.attempt(), LAST_WORDS_BYTES);
        if (words.isEmpty()
                && container != null
                && exit.exitCode() != 0
                && container.terminationMessagePolicy().equals("FallbackToLogsOnError")) {
            words =
                    LogText.end(
                            around.machine().logs(),
                            ContainerPlans.log(pod, run.name(), run.attempt()));
        }
        return End.of(
                exit.exitCode(),
                exit.outOfMemory(),
                words.isEmpty() ? null : words,
                exit.finishedAt());
    }

    // ---- one look

    private void round() throws InterruptedException {
        timer.close();
        if (gone) {
            stopAll();
            removeEverything();
            return;
        }
        if (settled) {
            if (pod.deleting()) {
                letGo();
            }
            return;
        }
        if (!began) {
            began = true;
            around.timeline().stamp(pod.uid(), Timeline.Phase.TAKEN);
            if (refuse()) {
                return;
            }
        }
        if (pod.status().phase().ended() || pod.deleting() || over) {
            stopAll();
            settle();
            return;
        }
        if (pastDeadline()) {
            verdict = new Verdict("DeadlineExceeded", PodWords.DEADLINE_EXCEEDED);
            around.event(pod, null, false, "DeadlineExceeded", PodWords.DEADLINE_EXCEEDED);
            stopAll();
            settle();
            return;
        }
        live();
    }

    private boolean refuse() throws InterruptedException {
        var refusal = PodAdmission.refusal(pod, node.podUid());
        if (refusal.isEmpty() || pod.deleting()) {
            return false;
        }
        var reason = refusal.get().reason();
        var message = refusal.get().message();
        around.event(pod, null, true, reason, message);
        status = PodStatuses.rejected(status, reason, message, now());
        reporter.report(status);
        settled = true;
        show();
        return true;
    }

    private boolean pastDeadline() {
        var deadline = deadline();
        return deadline != null && !now().isBefore(deadline);
    }

    private @Nullable Instant deadline() {
        var seconds = pod.spec().activeDeadlineSeconds();
        var since = status.startTime() != null ? status.startTime() : firstSeen;
        return seconds == null ? null : since.plusSeconds(seconds);
    }

    private void live() throws InterruptedException {
        probes.begin(!found.isEmpty());
        if (restartChanged()) {
            box.poke();
            return;
        }
        var decision = PodDecision.of(pod.spec(), observed(), backOffs, now());
        if (decision.over()) {
            stopAll();
            settle();
            return;
        }
        if (!decision.kill().isEmpty()) {
            killFailed(decision.kill());
            box.poke();
            return;
        }
        for (var waiting : decision.waiting()) {
            problems.put(
                    waiting.name(),
                    new StartProblem(
                            "CrashLoopBackOff",
                            PodWords.crashLoop(pod, waiting.name(), waiting.delay())));
            retries.put(waiting.name(), waiting.until());
            if (toldBackOff.add(waiting.name())) {
                containerEvent(
                        waiting.name(), true, "BackOff", PodWords.backOff(pod, waiting.name()));
            }
        }
        var due =
                decision.start().stream()
                        .filter(name -> !now().isBefore(retries.getOrDefault(name, Instant.MIN)))
                        .toList();
        if (!due.isEmpty() && (groundRetry == null || !now().isBefore(groundRetry))) {
            start(due);
        }
        limitCpu();
        renewVolumes();
        report();
        removeSpent();
        lookAgain();
    }

    /**
     * Stops running containers whose image is another one by now, and starts them anew, whatever
     * the restart policy; one that waits with its old image need not wait any more. As with a
     * kubelet, whose back-off goes by name and image.
     *
     * @return whether something was stopped
     */
    private boolean restartChanged() throws InterruptedException {
        var changed = new ArrayList<String>();
        for (var container : pod.spec().containers()) {
            var name = container.name();
            var tried = triedImages.get(name);
            if (tried != null && !tried.equals(container.image())) {
                triedImages.remove(name);
                backOffs = backOffs.without(name);
                retries.remove(name);
                toldBackOff.remove(name);
                if (runs(List.of(name))) {
                    changed.add(name);
                }
            }
        }
        for (var name : changed) {
            containerEvent(name, false, "Killing", PodWords.definitionChanged(name));
            stop(List.of(name), StopPlan.graceSeconds(pod, null), false);
            if (pod.deleting() || gone) {
                return true;
            }
        }
        if (!changed.isEmpty()) {
            start(changed);
        }
        return !changed.isEmpty();
    }

    /** Sets the timer for whatever falls due next. */
    private void lookAgain() {
        var dues = new ArrayList<Instant>();
        var decision = PodDecision.of(pod.spec(), observed(), backOffs, now());
        // What is not to be done now must not be due: it would be looked at again and again.
        decision.start().forEach(name -> dues.add(retries.getOrDefault(name, now())));
        decision.waiting().forEach(waiting -> dues.add(waiting.until()));
        if (groundRetry != null) {
            dues.replaceAll(due -> due.isBefore(groundRetry) ? groundRetry : due);
        }
        if (decision.over()) {
            dues.add(now());
        }
        if (deadline() != null) {
            dues.add(deadline());
        }
        var volumesDue = volumesRetry != null ? volumesRetry : ground.tokensDue();
        if (volumesDue != null) {
            dues.add(volumesDue);
        }
        if (limitRetry != null && !running().isEmpty()) {
            dues.add(limitRetry);
        }
        dues.stream().min(Instant::compareTo).ifPresent(due -> again(Duration.between(now(), due)));
    }

    /** Time goes on while one counts, so what was to come may be past. */
    private void again(Duration delay) {
        timer.close();
        if (!delay.isPositive()) {
            box.poke();
        } else {
            timer = around.machine().time().after(delay, box::poke);
        }
    }

    private Duration worldRetry() {
        var delay = worldRetry;
        worldRetry = worldRetry.multipliedBy(2);
        if (worldRetry.compareTo(WORLD_RETRY_LONGEST) > 0) {
            worldRetry = WORLD_RETRY_LONGEST;
        }
        return delay;
    }

    /**
     * Makes the volumes hold what they are made from now: ConfigMaps, Secrets, the pod's own labels
     * and annotations, and tokens before these expire. What was there stays until this works.
     */
    private void renewVolumes() throws InterruptedException {
        if (running().isEmpty() && ground.tokensDue() == null) {
            return;
        }
        var told = volumesTell;
        var due = volumesRetry != null ? volumesRetry : ground.tokensDue();
        var changed = configChanged.getAndSet(false);
        changed |= told == null || !sameFields(told, pod.metadata());
        if (!changed && (due == null || now().isBefore(due))) {
            return;
        }
        volumesTell = pod.metadata();
        try {
            ground.renewVolumes(pod);
            volumesRetry = null;
        } catch (GroundFailed e) {
            LOG.info("volumes not renewed pod={} cause={}", pod.key(), e.text());
            volumesRetry = now().plus(CONTAINER_RETRY);
        }
    }

    private static boolean sameFields(PodMetadata one, PodMetadata other) {
        return one.labels().equals(other.labels()) && one.annotations().equals(other.annotations());
    }

    // ---- starting

    private void start(List<String> names) throws InterruptedException {
        reporter.reportLater(made(), QUIET_START);
        var containers = names.stream().map(this::containerNamed).filter(Objects::nonNull).toList();
        Map<Container, Image> here;
        PodGround.Readings readings;
        try (var side = Executors.newVirtualThreadPerTaskExecutor()) {
            var reading = side.submit(() -> ground.read(containers));
            try (var pulls = Executors.newVirtualThreadPerTaskExecutor()) {
                var pulling = new LinkedHashMap<Container, Future<ImagePulls.Outcome>>();
                for (var container : containers) {
                    pulling.put(container, pulls.submit(() -> images.get(pod, container)));
                }
                try {
                    volumesTell = volumesTell == null ? pod.metadata() : volumesTell;
                    ground.make(pod);
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
        worldRetry = WORLD_RETRY_FIRST;
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
        report();
    }

    /** The CPU quota comes after the start, which it would make slow. */
    private void limitCpu() {
        if (running().isEmpty()) {
            return;
        }
        try {
            ground.limitCpu();
            limitRetry = null;
        } catch (GroundFailed e) {
            LOG.warn("CPU limit not set, tried again pod={} cause={}", pod.key(), e.text());
            limitRetry = now().plus(CONTAINER_RETRY);
        }
    }

    private void failedGround(GroundFailed e) {
        around.event(pod, null, true, e.reason(), e.text());
        LOG.info("pod not prepared pod={} reason={} cause={}", pod.key(), e.reason(), e.text());
        groundRetry = now().plus(worldRetry());
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
                    retries.remove(name);
                }
                case ImagePulls.Outcome.Not(StartProblem problem, Instant again) -> {
                    problems.put(name, problem);
                    retries.put(name, again);
                }
            }
        }
        return here;
    }

    /** Makes containers side by side; those that could be made, in their order. */
    private List<ContainerPlan> make(Map<Container, Image> here, PodGround.Readings readings)
            throws InterruptedException {
        var made = new ArrayList<ContainerPlan>();
        try (var children = Executors.newVirtualThreadPerTaskExecutor()) {
            var making = new LinkedHashMap<Container, Future<Made>>();
            for (var entry : here.entrySet()) {
                var container = entry.getKey();
                var attempt = nextAttempt(container.name());
                triedImages.put(container.name(), container.image());
                var id = ContainerPlans.id(pod.uid(), container.name(), attempt);
                existing.add(id);
                around.claims().claim(id, box);
                making.put(
                        container,
                        children.submit(
                                () -> make(container, attempt, entry.getValue(), readings)));
            }
            for (var entry : making.entrySet()) {
                var container = entry.getKey();
                switch (get(entry.getValue())) {
                    case Made.Ready(ContainerPlan plan) -> made.add(plan);
                    case Made.NotMade(String reason, String message) -> {
                        containerEvent(container.name(), true, "Failed", "Error: " + message);
                        problems.put(container.name(), new StartProblem(reason, message));
                        retries.put(container.name(), now().plus(CONTAINER_RETRY));
                    }
                    case Made.Unstartable(int attempt, String message) -> {
                        containerEvent(container.name(), false, "Created", "Container created");
                        tried(container.name());
                        failedStart(container.name(), attempt, message);
                    }
                }
            }
        }
        return made;
    }

    private sealed interface Made {
        record Ready(ContainerPlan plan) implements Made {}

        record NotMade(String reason, String message) implements Made {}

        record Unstartable(int attempt, String message) implements Made {}
    }

    private Made make(Container container, int attempt, Image image, PodGround.Readings readings)
            throws InterruptedException {
        var machine = around.machine();
        var id = ContainerPlans.id(pod.uid(), container.name(), attempt);
        var limit = ContainerResources.cpuQuotaMicros(container);
        if (around.settings().cpuLimitsMustFit() && limit > node.size().cpuMillis() * 100L) {
            return new Made.Unstartable(
                    attempt,
                    PodWords.cpuLimitTooLarge(pod, ContainerResources.qosClass(pod.spec()), limit));
        }
        try {
            var variables = plans.variables(pod, container, readings);
            var rootfs = machine.images().mount(image, id);
            var plan = plans.plan(pod, container, attempt, image, rootfs, variables);
            machine.runtime().create(plan);
            return new Made.Ready(plan);
        } catch (ConfigProblem | FilesFailed e) {
            clear(id);
            return new Made.NotMade("CreateContainerConfigError", String.valueOf(e.getMessage()));
        } catch (PullFailed e) {
            clear(id);
            return new Made.NotMade("CreateContainerError", String.valueOf(e.getMessage()));
        } catch (RuntimeFailed e) {
            clear(id);
            var message = readable(String.valueOf(e.getMessage()), id, container.name());
            return e.containersFault() || blamesTheProgram(message)
                    ? new Made.Unstartable(attempt, message)
                    : new Made.NotMade("CreateContainerError", message);
        }
    }

    /**
     * Whether a runtime's words are about the program that the container is to run. A runtime that
     * knows says so itself; crun's words do without.
     */
    private static boolean blamesTheProgram(String message) {
        return message.contains("executable file") || message.contains("open executable");
    }

    private void clear(String id) throws InterruptedException {
        around.machine().runtime().remove(id);
        around.machine().images().unmount(id);
    }

    /** Ids in messages keep equal events apart; a kubelet puts the name in their place. */
    private static String readable(String message, String id, String name) {
        return message.replace(id, name);
    }

    private void startMade(ContainerPlan plan) throws InterruptedException {
        var name = plan.name();
        containerEvent(name, false, "Created", "Container created");
        tried(name);
        var image = Objects.requireNonNull(imagesOf.get(name));
        put(
                new ContainerRun(
                        name,
                        plan.attempt(),
                        fullId(plan.id()),
                        now(),
                        null,
                        image.reference(),
                        image.repoDigest(),
                        true));
        try {
            around.machine().runtime().start(plan.id());
        } catch (RuntimeFailed e) {
            clear(plan.id());
            failedStart(
                    name,
                    plan.attempt(),
                    readable(String.valueOf(e.getMessage()), plan.id(), name));
            return;
        }
        containerEvent(name, false, "Started", "Container started");
        problems.remove(name);
        retries.remove(name);
        toldBackOff.remove(name);
        postStart(name, plan.id());
    }

    /** Runs a container's hook, which keeps those after it waiting; a stop cuts it short. */
    private void postStart(String name, String id) throws InterruptedException {
        var container = containerNamed(name);
        if (container == null || container.postStart() == null) {
            return;
        }
        var hook = container.postStart();
        try {
            box.unlessStopped(() -> {
                hooks.run(pod, container, id, hook);
                return true;
            });
        } catch (LifecycleHooks.HookFailed e) {
            containerEvent(name, true, "FailedPostStartHook", PodWords.POST_START_FAILED);
            containerEvent(name, false, "Killing", PodWords.POST_START_KILLS);
            problems.put(name, new StartProblem("PostStartHookError", e.getMessage()));
            stop(List.of(name), StopPlan.graceSeconds(pod, null), false);
        } catch (InterruptedException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** A run that could not begin counts as one that ended with 128, as with containerd. */
    private void failedStart(String name, int attempt, String message) {
        containerEvent(name, true, "Failed", "Error: " + message);
        var image = imagesOf.get(name);
        put(
                new ContainerRun(
                        name,
                        attempt,
                        fullId(ContainerPlans.id(pod.uid(), name, attempt)),
                        null,
                        End.startError(message, now()),
                        image == null ? "" : image.reference(),
                        image == null ? "" : image.repoDigest(),
                        true));
        problems.put(name, new StartProblem("RunContainerError", message));
        toldBackOff.remove(name);
    }

    /** Notes for the back-off that a container is started after its last end. */
    private void tried(String name) {
        var seen = observed();
        (killed.contains(name) ? seen.previous(name) : seen.latest(name))
                .map(ContainerRun::end)
                .map(End::finishedAt)
                .ifPresent(at -> backOffs = backOffs.tried(name, at, now()));
    }

    private int nextAttempt(String name) {
        return observed().latest(name).map(run -> run.attempt() + 1).orElse(0);
    }

    // ---- stopping

    /**
     * Stops what runs: asks, waits as long as the grace period lasts, kills. Sidecars stop after
     * the others, the last one first. A newer wish may shorten the wait.
     */
    private void stopAll() throws InterruptedException {
        if (running().isEmpty()) {
            return;
        }
        var grace = StopPlan.graceSeconds(pod, gone ? 0L : null);
        for (var run : running()) {
            containerEvent(run.name(), false, "Killing", PodWords.stopping(run.name()));
        }
        probes.podStops();
        stop(running().stream().map(ContainerRun::name).toList(), grace, true);
        report();
    }

    /**
     * Kills containers that their probes gave up, one after another, and starts again at once those
     * that may.
     */
    private void killFailed(List<Kill> kills) throws InterruptedException {
        var again = new ArrayList<String>();
        try {
            for (var kill : kills) {
                var container = containerNamed(kill.name());
                if (container == null || pod.deleting() || gone) {
                    return;
                }
                containerEvent(kill.name(), false, "Killing", kill.message());
                stop(
                        List.of(kill.name()),
                        StopPlan.graceSeconds(pod, container, kill.probe()),
                        false);
                if (kill.again() && !runs(List.of(kill.name()))) {
                    again.add(kill.name());
                    killed.add(kill.name());
                }
            }
            if (!again.isEmpty() && !pod.deleting() && !gone) {
                start(again);
            }
        } finally {
            killed.clear();
        }
    }

    /**
     * Stops containers: runs their hooks, asks them in their turn, waits, kills.
     *
     * @param whole whether all of the pod stops. Then sidecars wait for the others, and a newer
     *     wish may shorten the time; else such a wish ends this, for then all of the pod is to stop
     */
    private void stop(List<String> names, long graceSeconds, boolean whole)
            throws InterruptedException {
        var shortest = graceSeconds;
        var until = now().plusSeconds(graceSeconds);
        var asked = new HashMap<String, Instant>();
        try (var preStops = new PreStops(around, hooks, box, pod)) {
            for (var run : running()) {
                if (graceSeconds > 0 && names.contains(run.name())) {
                    preStops.begin(Objects.requireNonNull(containerNamed(run.name())), rawId(run));
                }
            }
            while (runs(names)) {
                var step = StopStep.of(leaving(names, whole, preStops, asked), until, now());
                for (var run : running()) {
                    if (step.ask().contains(run.name())) {
                        asked.put(run.name(), now());
                        signal(run, stopSignal(run.name()));
                    }
                }
                if (!step.kill().isEmpty()) {
                    kill(step.kill());
                }
                if (!step.ask().isEmpty() || !step.kill().isEmpty()) {
                    // What that changes shows at another look.
                    continue;
                }
                again(atLeastZero(Duration.between(now(), step.next().orElseThrow())));
                var said = probes.said();
                absorb(box.take());
                if (!whole && (pod.deleting() || gone)) {
                    return;
                }
                var newer =
                        StopPlan.graceSeconds(pod, gone ? Long.valueOf(0) : Long.valueOf(shortest));
                if (whole && newer < shortest) {
                    shortest = newer;
                    var earlier = now().plusSeconds(Math.max(newer, StopPlan.GRACE_LEAST_SECONDS));
                    until = earlier.isBefore(until) ? earlier : until;
                }
                if (!said.equals(probes.said())) {
                    report();
                }
            }
        } finally {
            timer.close();
        }
    }

    private List<StopStep.Leaving> leaving(
            List<String> names, boolean whole, PreStops preStops, Map<String, Instant> asked) {
        return running().stream()
                .map(ContainerRun::name)
                .filter(names::contains)
                .map(name ->
                        new StopStep.Leaving(
                                name,
                                preStops.running(name),
                                whole ? StopStep.after(pod.spec(), name) : Set.of(),
                                asked.get(name)))
                .toList();
    }

    private static Duration atLeastZero(Duration duration) {
        return duration.isNegative() ? Duration.ZERO : duration;
    }

    private void kill(List<String> names) throws InterruptedException {
        for (var run : running()) {
            if (names.contains(run.name())) {
                signal(run, StopPlan.KILL);
            }
        }
        var end = now().plus(KILL_TAKES);
        while (runs(names) && now().isBefore(end)) {
            again(Duration.between(now(), end));
            absorb(box.take());
        }
        for (var run : running()) {
            if (names.contains(run.name())) {
                // The runtime did not tell of its end; removing kills whatever there is.
                LOG.warn("container removed by force pod={} container={}", pod.key(), run.name());
                around.machine().runtime().remove(rawId(run));
                put(run.endedBy(End.of(137, false, null, now())));
            }
        }
    }

    private void signal(ContainerRun run, int signal) throws InterruptedException {
        try {
            around.machine().runtime().signal(rawId(run), signal);
        } catch (RuntimeFailed e) {
            LOG.warn(
                    "signal not sent pod={} container={} signal={} cause={}",
                    pod.key(),
                    run.name(),
                    signal,
                    e.getMessage());
        }
    }

    private int stopSignal(String name) {
        var container = containerNamed(name);
        var image =
                container == null
                        ? null
                        : around.machine().images().find(container.image()).orElse(null);
        return StopPlan.signal(
                container == null ? null : container.stopSignal(),
                image == null ? null : image.config().stopSignal());
    }

    /** Nothing runs any more and nothing will: says so, cleans up, and lets a deleted pod go. */
    private void settle() throws InterruptedException {
        var reportedOver = pod.status().phase().ended() && status.phase().ended();
        over = true;
        probes.close();
        problems.clear();
        if (!reportedOver) {
            report();
        }
        if (!gone && !reporter.settled()) {
            // The containers are the only witnesses of their ends until these are written down;
            // the reporter pokes once they are.
            return;
        }
        try {
            remains.removeRunning(pod.uid(), existing);
        } catch (FilesFailed e) {
            LOG.info("pod not cleaned up, tried again pod={} cause={}", pod.key(), e.getMessage());
            again(worldRetry());
            return;
        }
        existing.forEach(around.claims()::release);
        existing.clear();
        settled = true;
        worldRetry = WORLD_RETRY_FIRST;
        if (pod.deleting() || gone) {
            box.poke();
        }
    }

    private void letGo() {
        if (!reporter.settled()) {
            return;
        }
        try {
            around.api().deletePod(pod.key(), pod.uid(), 0);
        } catch (KubeRefused no) {
            if (no.code() != 404 && no.code() != 409) {
                LOG.warn(
                        "pod not let go, tried again pod={} code={} message={}",
                        pod.key(),
                        no.code(),
                        no.getMessage());
                again(worldRetry());
            }
        }
    }

    private void removeEverything() throws InterruptedException {
        reporter.close();
        probes.close();
        try {
            remains.removeRunning(pod.uid(), existing);
            remains.removeRest(pod.uid(), pod.metadata().namespace(), pod.metadata().name());
            forgotten = true;
        } catch (FilesFailed e) {
            LOG.info("pod not removed, tried again pod={} cause={}", pod.key(), e.getMessage());
            again(worldRetry());
        }
    }

    /** Takes away ended containers that a later run has replaced, once that is written down. */
    private void removeSpent() throws InterruptedException {
        if (!reporter.settled()) {
            return;
        }
        for (var run : List.copyOf(runs.values())) {
            var latest = observed().latest(run.name()).orElse(run);
            if (run.attempt() < latest.attempt() && run.ended()) {
                var id = ContainerPlans.id(pod.uid(), run.name(), run.attempt());
                if (existing.remove(id)) {
                    clear(id);
                    around.claims().release(id);
                }
                if (run.attempt() < latest.attempt() - 1) {
                    runs.remove(key(run.name(), run.attempt()));
                    try {
                        around.machine()
                                .logs()
                                .remove(ContainerPlans.log(pod, run.name(), run.attempt()));
                    } catch (FilesFailed e) {
                        LOG.info("old log not removed pod={}", pod.key(), e);
                    }
                }
            }
        }
    }

    // ---- knowing

    private PodObservation observed() {
        return new PodObservation(
                ground.attached() && !settled,
                ground.attached() ? node.address() : null,
                node.address(),
                firstSeen,
                List.copyOf(runs.values()),
                problems,
                probes.said(),
                verdict,
                over);
    }

    private PodStatus made() {
        return PodStatuses.of(pod, status, observed(), now());
    }

    private void report() {
        probes.know(pod, runs.values());
        status = made();
        reporter.report(status);
        show();
        probes.hurry();
    }

    private void show() {
        probes.know(pod, runs.values());
        view = new View(pod, node, status, List.copyOf(runs.values()));
        watchers.forEach(Runnable::run);
    }

    /** Is told after every change of {@link #view}; closing ends that. Any thread may call. */
    Subscription watch(Runnable watcher) {
        watchers.add(watcher);
        return () -> watchers.remove(watcher);
    }

    private List<ContainerRun> running() {
        return runs.values().stream().filter(ContainerRun::running).toList();
    }

    private boolean runs(List<String> names) {
        return running().stream().anyMatch(run -> names.contains(run.name()));
    }

    private void put(ContainerRun run) {
        runs.put(key(run.name(), run.attempt()), run);
    }

    private static String key(String name, int attempt) {
        return name + "/" + attempt;
    }

    private @Nullable Container containerNamed(String name) {
        return pod.spec()
                .everyContainer()
                .filter(container -> container.name().equals(name))
                .findFirst()
                .orElse(null);
    }

    private void containerEvent(String name, boolean warning, String reason, String message) {
        around.event(pod, Surroundings.fieldPath(pod, name), warning, reason, message);
    }

    /** {@code crun://<id>}. */
    private String fullId(String id) {
        var version = around.machine().runtime().version();
        return version.substring(0, version.indexOf("://") + 3) + id;
    }

    static String rawId(ContainerRun run) {
        var full = Objects.requireNonNull(run.containerId());
        return full.substring(full.indexOf("://") + 3);
    }

    private Instant now() {
        return around.machine().time().now();
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
