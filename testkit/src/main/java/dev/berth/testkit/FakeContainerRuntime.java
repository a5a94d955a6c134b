package dev.berth.testkit;

import dev.berth.core.usage.GroupUse;
import dev.berth.port.ContainerRuntime;
import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Containers in memory. They run until the test ends them, except that {@code sh -c "exit N"} ends
 * at once with N, {@code sh -c "echo TEXT"} writes TEXT and ends, and that the test may say what
 * others do. Ends are told on the thread that causes them. Any thread may call.
 */
public final class FakeContainerRuntime implements ContainerRuntime {
    private static final Pattern ECHO = Pattern.compile("echo ([^;]*)");
    private static final Pattern EXIT = Pattern.compile("exit (\\d+)");

    private final Time time;
    private volatile boolean appArmor;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Made> containers = new LinkedHashMap<>();
    private final Map<String, PodGroup> groups = new TreeMap<>();
    private final Map<String, GroupUse> uses = new TreeMap<>();
    private final List<Consumer<Exit>> listeners = new ArrayList<>();
    private final Map<String, ArrayDeque<String>> faults = new HashMap<>();
    private final List<String> calls = new ArrayList<>();
    private final List<String> commands = new ArrayList<>();
    private final Map<String, Integer> starts = new HashMap<>();
    private Function<ContainerPlan, Behaviour> behaviour = _ -> Behaviour.RUNS;
    private Function<String, OptionalInt> commandsEnd = _ -> OptionalInt.of(0);

    /** Runs nothing yet. */
    public FakeContainerRuntime(Time time) {
        this.time = time;
    }

    /**
     * A pod's cgroup as it was asked for last.
     *
     * @param cpuShares its part of the CPU
     * @param cpuMillis 0 for no limit
     * @param memoryBytes 0 for no limit
     * @param pidsMax 0 for no limit
     */
    public record PodGroup(long cpuShares, long cpuMillis, long memoryBytes, long pidsMax) {}

    /**
     * What a started container does by itself.
     *
     * @param startProblem why it cannot be started, or null
     * @param endsAfter when it ends, or null when it runs for ever
     * @param exitCode how it ends then
     * @param hearsTerm whether SIGTERM (and any signal but SIGKILL) ends it
     */
    public record Behaviour(
            @Nullable String startProblem,
            @Nullable Duration endsAfter,
            int exitCode,
            boolean hearsTerm) {
        /** Runs until it is ended, by SIGTERM too. */
        public static final Behaviour RUNS = new Behaviour(null, null, 0, true);

        /** Runs until it is killed. */
        public static final Behaviour DEAF = new Behaviour(null, null, 0, false);

        /** Ends by itself. */
        public static Behaviour ends(Duration after, int exitCode) {
            return new Behaviour(null, after, exitCode, true);
        }

        /** Cannot be started. */
        public static Behaviour failsToStart(String why) {
            return new Behaviour(why, null, 0, true);
        }
    }

    private static final class Made {
        final ContainerPlan plan;
        final Instant createdAt;
        State state = State.CREATED;
        @Nullable Instant startedAt;
        @Nullable Exit exit;
        final List<String> log = new ArrayList<>();
        final List<Integer> signals = new ArrayList<>();
        int reopened;
        Limits limits;

        Made(ContainerPlan plan, Instant createdAt) {
            this.plan = plan;
            this.createdAt = createdAt;
            limits = plan.limits();
        }
    }

    // ---- what a test says and sees

    /** Sets what containers do by themselves from now on. */
    public void behaving(Function<ContainerPlan, Behaviour> newBehaviour) {
        locked(() -> behaviour = newBehaviour);
    }

    /**
     * Sets how commands end that do not say so themselves.
     *
     * @param how by the command, its parts with blanks between: the exit code, or empty for one
     *     that runs until it is closed
     */
    public void commandsEnd(Function<String, OptionalInt> how) {
        locked(() -> commandsEnd = how);
    }

    /** The commands that were run in containers, oldest first: {@code name#attempt command}. */
    public List<String> commands() {
        return lockedGet(() -> List.copyOf(commands));
    }

    /**
     * Makes the next call of a method fail before it does anything.
     *
     * @param method its name: createPodGroup, create, start, signal, list, exec, attach, reopenLog
     */
    public void failNext(String method, String message) {
        locked(() -> faults.computeIfAbsent(method, _ -> new ArrayDeque<>()).add(message));
    }

    /** Ends a running container. */
    public void end(String id, int exitCode) {
        end(id, exitCode, false);
    }

    /** Ends a running container as the kernel does that has no memory left. */
    public void outOfMemory(String id) {
        end(id, 137, true);
    }

    /** The plan that a container was made by, by its name in the pod; the newest of that name. */
    public ContainerPlan plan(String podUid, String name) {
        return lockedGet(() ->
                containers.values().stream()
                        .filter(made -> made.plan.podUid().equals(podUid))
                        .filter(made -> made.plan.name().equals(name))
                        .reduce((_, later) -> later)
                        .orElseThrow(() -> new AssertionError("no container " + name))
                        .plan);
    }

    /** How often containers came to run, by {@code pod uid/name}. */
    public Map<String, Integer> starts() {
        return lockedGet(() -> Map.copyOf(starts));
    }

    /** How many containers of a pod run. */
    public long running(String podUid) {
        return lockedGet(() ->
                containers.values().stream()
                        .filter(made -> made.plan.podUid().equals(podUid))
                        .filter(made -> made.state == State.RUNNING)
                        .count());
    }

    /** The signals that a container got, oldest first. */
    public List<Integer> signals(String id) {
        return lockedGet(() -> List.copyOf(made(id).signals));
    }

    /** What a container has written, in CRI's lines. */
    public List<String> log(String id) {
        return lockedGet(() -> List.copyOf(made(id).log));
    }

    /** What a container may use. */
    public Limits limits(String id) {
        return lockedGet(() -> made(id).limits);
    }

    /** How often a container's log was opened anew. */
    public int reopened(String id) {
        return lockedGet(() -> made(id).reopened);
    }

    /** The pods' cgroups by uid. */
    public Map<String, PodGroup> groups() {
        return lockedGet(() -> new TreeMap<>(groups));
    }

    /** Every call that changes something, oldest first: {@code method name#attempt}. */
    public List<String> calls() {
        return lockedGet(() -> List.copyOf(calls));
    }

    /** Forgets all containers and cgroups without telling anyone, as a reboot does. */
    public void reboot() {
        locked(() -> {
            containers.clear();
            groups.clear();
        });
    }

    // ---- the port

    @Override
    public String version() {
        return "fake://1.0.0";
    }

    @Override
    public void createPodGroup(
            String podUid, long cpuShares, long cpuMillis, long memoryBytes, long pidsMax)
            throws RuntimeFailed {
        checkFault("createPodGroup");
        locked(() -> groups.put(podUid, new PodGroup(cpuShares, cpuMillis, memoryBytes, pidsMax)));
    }

    @Override
    public void removePodGroup(String podUid) {
        var inside =
                lockedGet(() ->
                        containers.values().stream()
                                .filter(made -> made.plan.podUid().equals(podUid))
                                .map(made -> made.plan.id())
                                .toList());
        inside.forEach(id -> end(id, 137));
        locked(() -> groups.remove(podUid));
    }

    @Override
    public List<String> podGroups() {
        return lockedGet(() -> List.copyOf(groups.keySet()));
    }

    @Override
    public Optional<GroupUse> podUse(String podUid) {
        return lockedGet(() ->
                groups.containsKey(podUid)
                        ? Optional.of(uses.getOrDefault(podUid, idle(time.now())))
                        : Optional.empty());
    }

    @Override
    public Optional<GroupUse> containerUse(String podUid, String id) {
        return lockedGet(() -> {
            var made = containers.get(id);
            return made == null || made.state != State.RUNNING
                    ? Optional.empty()
                    : Optional.of(uses.getOrDefault(id, idle(time.now())));
        });
    }

    @Override
    public String podGroupPath(String podUid) {
        return "/fake/pod" + podUid;
    }

    /** Makes a pod (by its uid) or a container (by its id) look as if it used this. */
    public void using(String id, GroupUse use) {
        locked(() -> uses.put(id, use));
    }

    /** What something uses that does nothing. */
    public static GroupUse idle(Instant at) {
        return new GroupUse(
                at,
                new GroupUse.Cpu(0, 0, 0, 0, 0, 0),
                new GroupUse.Memory(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
                1,
                1,
                List.of(),
                new GroupUse.Limits(2, 0, 100_000, 0, 0));
    }

    @Override
    public void create(ContainerPlan plan) throws RuntimeFailed {
        checkFault("create");
        lock.lock();
        try {
            calls.add("create " + plan.name() + "#" + plan.attempt());
            if (!groups.containsKey(plan.podUid())) {
                throw new RuntimeFailed("no cgroup for pod " + plan.podUid(), null);
            }
            var other = plan.processesOf();
            if (other != null && !runs(other)) {
                throw new RuntimeFailed("container " + other + " is not running", null);
            }
            if (containers.containsKey(plan.id())) {
                throw new RuntimeFailed("container " + plan.id() + " exists", null);
            }
            containers.put(plan.id(), new Made(plan, time.now()));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void start(String id) throws RuntimeFailed {
        checkFault("start");
        Behaviour does;
        lock.lock();
        try {
            var made = containers.get(id);
            if (made == null) {
                throw new RuntimeFailed("container " + id + " does not exist", null);
            }
            if (made.state != State.CREATED) {
                throw new RuntimeFailed("container " + id + " was started before", null);
            }
            calls.add("start " + made.plan.name() + "#" + made.plan.attempt());
            does = scripted(made.plan, behaviour.apply(made.plan));
            if (does.startProblem() != null) {
                throw new RuntimeFailed(does.startProblem(), null);
            }
            made.state = State.RUNNING;
            made.startedAt = time.now();
            starts.merge(made.plan.podUid() + "/" + made.plan.name(), 1, Integer::sum);
            say(made, made.plan.command());
        } finally {
            lock.unlock();
        }
        if (does.endsAfter() != null) {
            if (does.endsAfter().isZero()) {
                end(id, does.exitCode());
            } else {
                var _ = time.after(does.endsAfter(), () -> end(id, does.exitCode()));
            }
        }
    }

    @Override
    public void signal(String id, int signal) throws RuntimeFailed {
        checkFault("signal");
        boolean ends;
        lock.lock();
        try {
            var made = containers.get(id);
            if (made == null || made.state != State.RUNNING) {
                return;
            }
            made.signals.add(signal);
            calls.add("signal " + signal + " " + made.plan.name() + "#" + made.plan.attempt());
            ends = signal == 9 || behaviour.apply(made.plan).hearsTerm();
        } finally {
            lock.unlock();
        }
        if (ends) {
            end(id, 128 + signal);
        }
    }

    private boolean runs(String id) {
        var made = containers.get(id);
        return made != null && made.state == State.RUNNING;
    }

    @Override
    public void limit(String id, Limits limits) throws RuntimeFailed {
        checkFault("limit");
        locked(() -> {
            if (runs(id)) {
                var made = made(id);
                made.limits = limits;
                calls.add("limit " + made.plan.name() + "#" + made.plan.attempt());
            }
        });
    }

    @Override
    public void kill(String id) {
        end(id, 137);
    }

    @Override
    public void remove(String id) {
        end(id, 137);
        locked(() -> {
            var gone = containers.remove(id);
            if (gone != null) {
                calls.add("remove " + gone.plan.name() + "#" + gone.plan.attempt());
            }
        });
    }

    @Override
    public boolean hasAppArmor() {
        return appArmor;
    }

    /** From now on the machine has AppArmor, or has it no more. */
    public void hasAppArmor(boolean has) {
        appArmor = has;
    }

    @Override
    public List<Container> list() throws RuntimeFailed {
        checkFault("list");
        return lockedGet(() ->
                containers.values().stream()
                        .map(made ->
                                new Container(
                                        made.plan.id(),
                                        made.plan.podUid(),
                                        made.plan.podNamespace(),
                                        made.plan.podName(),
                                        made.plan.name(),
                                        made.plan.attempt(),
                                        made.plan.image(),
                                        made.state,
                                        made.state == State.RUNNING ? 4711 : 0,
                                        made.createdAt,
                                        made.startedAt,
                                        made.exit,
                                        made.plan.user()))
                        .toList());
    }

    @Override
    public Subscription onExit(Consumer<Exit> listener) {
        var missed =
                lockedGet(() -> {
                    listeners.add(listener);
                    return containers.values().stream()
                            .map(made -> made.exit)
                            .filter(java.util.Objects::nonNull)
                            .toList();
                });
        missed.forEach(listener);
        return () -> locked(() -> listeners.remove(listener));
    }

    @Override
    public Execution exec(String id, ExecPlan plan) throws RuntimeFailed {
        checkFault("exec");
        lock.lock();
        try {
            var made = containers.get(id);
            if (made == null || made.state != State.RUNNING) {
                throw new RuntimeFailed("container " + id + " is not running", null);
            }
            var command = String.join(" ", plan.command());
            commands.add(made.plan.name() + "#" + made.plan.attempt() + " " + command);
            return new Command(plan, commandsEnd.apply(command));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void reopenLog(String id) throws RuntimeFailed {
        checkFault("reopenLog");
        locked(() -> made(id).reopened++);
    }

    @Override
    public Execution attach(String id) throws RuntimeFailed {
        checkFault("attach");
        lock.lock();
        try {
            var made = containers.get(id);
            if (made == null || made.state != State.RUNNING) {
                throw new RuntimeFailed("container " + id + " is not running", null);
            }
        } finally {
            lock.unlock();
        }
        return new Command(new ExecPlan(List.of("cat"), false, true), OptionalInt.of(0));
    }

    // ---- within

    private void end(String id, int exitCode, boolean outOfMemory) {
        Exit exit;
        List<Consumer<Exit>> told;
        lock.lock();
        try {
            var made = containers.get(id);
            if (made == null || made.state != State.RUNNING) {
                return;
            }
            exit = new Exit(id, exitCode, outOfMemory, time.now());
            made.state = State.EXITED;
            made.exit = exit;
            told = List.copyOf(listeners);
        } finally {
            lock.unlock();
        }
        told.forEach(listener -> listener.accept(exit));
    }

    private Made made(String id) {
        var made = containers.get(id);
        if (made == null) {
            throw new AssertionError("no container " + id);
        }
        return made;
    }

    private static Behaviour scripted(ContainerPlan plan, Behaviour otherwise) {
        if (plan.command().size() != 3 || !plan.command().getFirst().endsWith("sh")) {
            return otherwise;
        }
        var script = plan.command().get(2);
        var exit = EXIT.matcher(script);
        if (exit.find()) {
            return Behaviour.ends(Duration.ZERO, Integer.parseInt(exit.group(1)));
        }
        return script.startsWith("echo ") && !script.contains("sleep")
                ? Behaviour.ends(Duration.ZERO, 0)
                : otherwise;
    }

    private void say(Made made, List<String> command) {
        if (command.size() == 3) {
            var echo = ECHO.matcher(command.get(2));
            while (echo.find()) {
                made.log.add(time.now() + " stdout F " + echo.group(1).strip());
            }
        }
    }

    private void checkFault(String method) throws RuntimeFailed {
        lock.lock();
        try {
            var planned = faults.get(method);
            var message = planned == null ? null : planned.poll();
            if (message != null) {
                throw new RuntimeFailed(message, null);
            }
        } finally {
            lock.unlock();
        }
    }

    private void locked(Runnable task) {
        lock.lock();
        try {
            task.run();
        } finally {
            lock.unlock();
        }
    }

    private <T> T lockedGet(java.util.function.Supplier<T> ask) {
        lock.lock();
        try {
            return ask.get();
        } finally {
            lock.unlock();
        }
    }

    /** A command in a container: {@code cat} answers what it reads, others say what they echo. */
    private static final class Command implements Execution {
        private final CountDownLatch ended = new CountDownLatch(1);
        private final InputStream stdout;
        private final OutputStream stdin;
        private final int exitCode;

        Command(ExecPlan plan, OptionalInt end) {
            var script = String.join(" ", plan.command());
            if (plan.command().getFirst().equals("cat") && plan.stdin()) {
                var pipe = new Pipe(ended);
                stdin = pipe.sink();
                stdout = pipe.source();
                exitCode = 0;
                return;
            }
            var text = new StringBuilder();
            var echo = ECHO.matcher(script);
            while (echo.find()) {
                text.append(echo.group(1).strip()).append('\n');
            }
            var exit = EXIT.matcher(script);
            exitCode = exit.find() ? Integer.parseInt(exit.group(1)) : end.orElse(137);
            stdin = new ByteArrayOutputStream();
            stdout = new ByteArrayInputStream(text.toString().getBytes(StandardCharsets.UTF_8));
            if (end.isPresent()) {
                ended.countDown();
            }
        }

        @Override
        public OutputStream stdin() {
            return stdin;
        }

        @Override
        public InputStream stdout() {
            return stdout;
        }

        @Override
        public InputStream stderr() {
            return InputStream.nullInputStream();
        }

        @Override
        public void resize(int columns, int rows) {}

        @Override
        public OptionalInt await() throws InterruptedException {
            ended.await();
            return OptionalInt.of(exitCode);
        }

        @Override
        public void close() {
            try {
                stdin.close();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
            ended.countDown();
        }
    }
}
