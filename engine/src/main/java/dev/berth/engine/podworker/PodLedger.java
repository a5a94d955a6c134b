package dev.berth.engine.podworker;

import dev.berth.core.node.PodPlace;
import dev.berth.core.pod.Container;
import dev.berth.core.pod.ContainerRun;
import dev.berth.core.pod.ContainerRun.End;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodObservation;
import dev.berth.core.pod.PodObservation.Verdict;
import dev.berth.core.pod.PodResize;
import dev.berth.core.pod.PodStatus;
import dev.berth.core.pod.PodStatuses;
import dev.berth.core.pod.StartProblem;
import dev.berth.engine.podworker.PodMailbox.Mail;
import dev.berth.port.ContainerRuntime.Exit;
import dev.berth.port.Subscription;
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
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What one pod's thread knows of its pod, and what it has told of it: the wish, the runs of its
 * containers, what keeps others from running, the status. Owned by that thread but for {@link
 * #view} and {@link #watch}.
 */
final class PodLedger implements AutoCloseable {
    private static final int LAST_WORDS_BYTES = 4096;

    private final Surroundings around;
    private final PodPlace node;
    private final PodGround ground;
    private final PodProbes probes;
    private final StatusReporter reporter;
    private final Instant firstSeen;
    private final Map<String, ContainerRun> runs = new LinkedHashMap<>();
    private final Set<String> existing = new LinkedHashSet<>();
    private final Map<String, StartProblem> problems = new HashMap<>();
    private final List<Exit> unread = new ArrayList<>();
    private Consumer<Exit> onExit = _ -> {};
    private final Set<Runnable> watchers = ConcurrentHashMap.newKeySet();
    private Pod pod;
    private PodStatus status;
    private @Nullable Verdict verdict;
    private @Nullable PodResizes resizes;
    private boolean adopted;
    private boolean gone;
    private boolean over;
    private boolean settled;
    private volatile View view;

    PodLedger(
            Surroundings around,
            Pod pod,
            PodPlace node,
            PodGround ground,
            PodProbes probes,
            StatusReporter reporter) {
        this.around = around;
        this.pod = pod;
        this.node = node;
        this.ground = ground;
        this.probes = probes;
        this.reporter = reporter;
        firstSeen = now();
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
    record View(Pod pod, PodPlace node, PodStatus status, List<ContainerRun> runs) {}

    /** The latest view. Any thread may call. */
    View view() {
        return view;
    }

    /** Is told after every change of {@link #view}; closing ends that. Any thread may call. */
    Subscription watch(Runnable watcher) {
        watchers.add(watcher);
        return () -> watchers.remove(watcher);
    }

    /** Who knows what the containers may use. */
    void resizes(PodResizes known) {
        resizes = known;
    }

    // ---- what comes in

    /** Tells of every end of a container, whether it was a run of the pod's or not. */
    void onExit(Consumer<Exit> listener) {
        onExit = listener;
    }

    /** Reads what came; ends of containers wait until it is known which containers there are. */
    void absorb(Mail mail) {
        if (mail.wish() != null) {
            pod = mail.wish();
            reporter.seen(pod);
        }
        gone |= mail.gone();
        unread.addAll(mail.exits());
        if (adopted) {
            readExits();
        }
        show();
    }

    private void readExits() {
        while (!unread.isEmpty()) {
            var exit = unread.getFirst();
            onExit.accept(exit);
            runs.values().stream()
                    .filter(run -> fullId(exit.id()).equals(run.containerId()) && !run.ended())
                    .findFirst()
                    .ifPresent(run -> put(run.endedBy(end(run, exit))));
            unread.removeFirst();
        }
    }

    /** How a run ended, with its last words. */
    End end(ContainerRun run, Exit exit) {
        var container = container(run.name());
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

    /** From here on these runs are all that there were before; what came meanwhile is read. */
    void adopted(List<ContainerRun> known, Set<String> containerIds) {
        known.forEach(this::put);
        existing.addAll(containerIds);
        adopted = true;
        readExits();
    }

    boolean adopted() {
        return adopted;
    }

    // ---- what is known

    Pod pod() {
        return pod;
    }

    PodStatus status() {
        return status;
    }

    boolean gone() {
        return gone;
    }

    /** Whether the pod is to go, by a deletion or because it is gone already. */
    boolean leaving() {
        return pod.deleting() || gone;
    }

    boolean over() {
        return over;
    }

    /** Nothing of the pod runs any more or will. */
    void isOver() {
        over = true;
        problems.clear();
    }

    boolean settled() {
        return settled;
    }

    /** Its end is written down and what it does not need any more is away. */
    void isSettled() {
        settled = true;
    }

    /** The pod has failed as a whole. */
    void fails(Verdict why) {
        verdict = why;
    }

    /** A node refuses the pod. */
    void rejected(String reason, String message) {
        status = PodStatuses.rejected(status, reason, message, now());
        reporter.report(status);
        settled = true;
        show();
    }

    /** When the pod began, for all that counts from there. */
    Instant since() {
        var reported = status.startTime();
        return reported != null ? reported : firstSeen;
    }

    PodObservation observed() {
        return new PodObservation(
                // Once it is over its namespaces are about to go, and a kubelet says so at once.
                ground.attached() && !over,
                ground.attached() ? node.address() : null,
                node.hostAddress(),
                firstSeen,
                List.copyOf(runs.values()),
                problems,
                probes.said(),
                verdict,
                over,
                resizes == null ? PodResize.NONE : resizes.state());
    }

    /** All runs that are known, the earlier ones of a container first. */
    List<ContainerRun> runs() {
        return List.copyOf(runs.values());
    }

    List<ContainerRun> running() {
        return runs.values().stream().filter(ContainerRun::running).toList();
    }

    boolean runs(List<String> names) {
        return running().stream().anyMatch(run -> names.contains(run.name()));
    }

    int nextAttempt(String name) {
        return observed().latest(name).map(run -> run.attempt() + 1).orElse(0);
    }

    void put(ContainerRun run) {
        runs.put(key(run), run);
    }

    void forget(ContainerRun run) {
        runs.remove(key(run));
    }

    private static String key(ContainerRun run) {
        return run.name() + "/" + run.attempt();
    }

    /** The ids of the pod's containers that may exist on the machine. */
    Set<String> existing() {
        return existing;
    }

    /** A container is about to be made; its end is ours to hear. */
    void makes(String id, PodMailbox box) {
        existing.add(id);
        around.claims().claim(id, box);
    }

    /** Of these containers nothing is left. */
    void released() {
        existing.forEach(around.claims()::release);
        existing.clear();
    }

    void problem(String name, StartProblem problem) {
        problems.put(name, problem);
    }

    void noProblem(String name) {
        problems.remove(name);
    }

    @Nullable Container container(String name) {
        return pod.spec()
                .everyContainer()
                .filter(container -> container.name().equals(name))
                .findFirst()
                .orElse(null);
    }

    /** {@code crun://<id>}. */
    String fullId(String id) {
        var version = around.machine().runtime().version();
        return version.substring(0, version.indexOf("://") + 3) + id;
    }

    static String rawId(ContainerRun run) {
        var full = Objects.requireNonNull(run.containerId());
        return full.substring(full.indexOf("://") + 3);
    }

    Instant now() {
        return around.machine().time().now();
    }

    // ---- what goes out

    /** Reports what is known now. */
    void report() {
        probes.know(pod, runs.values());
        status = made();
        reporter.report(status);
        show();
        probes.hurry();
    }

    /** Reports what is known now, unless something else is reported before long. */
    void reportLater(Duration delay) {
        reporter.reportLater(made(), delay);
    }

    /** Whether the API server knows all that was reported. */
    boolean written() {
        return reporter.settled();
    }

    private PodStatus made() {
        return PodStatuses.of(pod, status, observed(), now());
    }

    void show() {
        probes.know(pod, runs.values());
        view = new View(pod, node, status, runs());
        tellWatchers();
    }

    void tellWatchers() {
        watchers.forEach(Runnable::run);
    }

    void event(boolean warning, String reason, String message) {
        around.event(pod, null, warning, reason, message);
    }

    void event(String container, boolean warning, String reason, String message) {
        around.event(pod, Surroundings.fieldPath(pod, container), warning, reason, message);
    }

    /** Nothing is reported any more. */
    @Override
    public void close() {
        reporter.close();
    }
}
