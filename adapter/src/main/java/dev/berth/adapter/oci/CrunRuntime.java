package dev.berth.adapter.oci;

import dev.berth.adapter.libc.BlockingCalls;
import dev.berth.adapter.libc.Descriptor;
import dev.berth.adapter.libc.Errno;
import dev.berth.adapter.libc.Libc;
import dev.berth.adapter.libc.MountTable;
import dev.berth.core.usage.GroupUse;
import dev.berth.port.ContainerRuntime;
import dev.berth.port.Subscription;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchService;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Containers by crun and conmon, without a daemon. To make one takes two processes that end at once
 * (conmon's first half and {@code crun create}) and leaves one behind (conmon); to start, signal,
 * list or remove one takes none. Files in the state folder tell a later life of Berth everything.
 *
 * <p>One thread of ours hears of ends, by inotify on the folder where conmon writes exit codes, and
 * tells the listeners. Calls for the same container wait for each other; all others run at once,
 * but for the number of programs that may start together.
 */
public final class CrunRuntime implements ContainerRuntime, AutoCloseable {
    /** Where conmon and crun look for programs. */
    static final String SEARCH_PATH =
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static final Logger log = LoggerFactory.getLogger(CrunRuntime.class);

    private static final Pattern ID = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
    private static final int STARTS_PER_CORE = 3;
    private static final int CONMON_END_MILLIS = 5000;
    private static final int SIGSTOP = 19;
    private static final int SIGCONT = 18;
    private static final int REOPEN_MILLIS = 2000;
    private static final int ERROR_BYTES_MAX = 8192;
    private static final int PID_FD = 3;

    /** Told when the end of a container was not seen by anybody, as containerd does. */
    private static final int UNKNOWN_EXIT_CODE = 255;

    private final Path state;
    private final Path crunRoot;
    private final Path exits;
    private final String instance;
    private final Path crun;
    private final Path conmonPath;
    private final List<Path> mountFolders;
    private final AppArmor appArmor;
    private final JsonMapper json = JsonMapper.builder().build();
    private final Map<String, Entry> entries = new ConcurrentHashMap<>();
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();
    private @Nullable Running running;

    /**
     * Does nothing yet.
     *
     * @param state a folder of ours, such as {@code DATA/runtime}; must survive Berth
     * @param instance this Berth's name; names its cgroups, {@code /berth/<instance>}
     * @param crun the program
     * @param conmon the program
     * @param mountFolders where root file systems, volumes and namespaces are mounted that
     *     containers use; where crun needs it, they are made shared mounts
     */
    public CrunRuntime(
            Path state, String instance, Path crun, Path conmon, List<Path> mountFolders) {
        if (!NAME.matcher(instance).matches()) {
            throw new IllegalArgumentException("not a name for cgroups: " + instance);
        }
        this.state = state.toAbsolutePath().normalize();
        this.instance = instance;
        this.crun = crun;
        conmonPath = conmon;
        this.mountFolders = List.copyOf(mountFolders);
        appArmor = AppArmor.ofThisMachine(this.state.resolve("apparmor"), instance);
        crunRoot = this.state.resolve("crun");
        exits = this.state.resolve("exits");
    }

    /** What exists between start and close. */
    private record Running(
            String version,
            CgroupTree cgroups,
            OciSpec spec,
            CompiledFilters filters,
            Conmon conmon,
            BlockingCalls blocking,
            ViewHolder view,
            WatchService watch) {}

    /** The present view; replaced when it turns out to lack something. */
    private static final class ViewHolder {
        private volatile MountView now;

        private ViewHolder(MountView first) {
            now = first;
        }
    }

    /** Finds the containers of an earlier life and begins to listen for ends. */
    public void start() throws IOException, InterruptedException {
        begin(true);
    }

    private void begin(boolean toMakeContainers) throws IOException, InterruptedException {
        Files.createDirectories(state.resolve("containers"));
        Files.createDirectories(crunRoot);
        Files.createDirectories(exits);
        var cgroups = Cgroups.find(MountTable.read());
        if (toMakeContainers) {
            for (var folder : mountFolders) {
                Files.createDirectories(folder);
                if (cgroups.isMixed() || !MountTable.read().isInSharedMount(folder.toRealPath())) {
                    MountTable.share(folder);
                }
            }
        }
        var blocking = new BlockingCalls("berth-oci");
        var view = new ViewHolder(newView(cgroups));
        try {
            var version = readVersion(view.now);
            var watch = exits.getFileSystem().newWatchService();
            exits.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
            var architecture = System.getProperty("os.arch", "amd64");
            running =
                    new Running(
                            version,
                            cgroups.tree(instance),
                            new OciSpec(
                                    json,
                                    new SeccompProfile(
                                            json,
                                            architecture,
                                            state.resolveSibling("seccomp").toAbsolutePath()),
                                    cgroups.isSecond(),
                                    cgroups.limitsSwap(),
                                    OciSpec.OwnLimits.read()),
                            new CompiledFilters(state.resolve("seccomp"), version),
                            new Conmon(conmonPath, crun, crunRoot, exits, json),
                            blocking,
                            view,
                            watch);
            adopt();
            Thread.ofPlatform().daemon().name("berth-exits").start(() -> listen(watch));
        } catch (IOException | InterruptedException | RuntimeException failed) {
            view.now.close();
            blocking.close();
            throw failed;
        }
    }

    /** Lets go of all threads; containers go on. */
    @Override
    public void close() {
        var ending = running;
        running = null;
        if (ending != null) {
            try {
                ending.watch().close();
            } catch (IOException ignored) {
                // It watches no longer.
            }
            ending.view().now.close();
            ending.blocking().close();
        }
        listeners.clear();
        entries.clear();
    }

    @Override
    public String version() {
        return "crun://" + running().version();
    }

    @Override
    public void createPodGroup(
            String podUid, long cpuShares, long cpuMillis, long memoryBytes, long pidsMax)
            throws RuntimeFailed {
        check(NAME, podUid);
        try {
            running().cgroups().create(podUid, cpuShares, cpuMillis, memoryBytes, pidsMax);
        } catch (IOException failed) {
            throw new RuntimeFailed(
                    "cannot make the cgroup of pod " + podUid + ": " + failed.getMessage(), failed);
        }
    }

    @Override
    public void removePodGroup(String podUid) {
        check(NAME, podUid);
        try {
            running().cgroups().remove(running().cgroups().podPath(podUid));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public List<String> podGroups() {
        try {
            return running().cgroups().pods();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public boolean hasAppArmor() {
        return appArmor.enabled();
    }

    @Override
    public Optional<GroupUse> podUse(String podUid) {
        check(NAME, podUid);
        var cgroups = running().cgroups();
        return cgroups.use(cgroups.podPath(podUid), Instant.now());
    }

    @Override
    public Optional<GroupUse> containerUse(String podUid, String id) {
        check(NAME, podUid);
        check(ID, id);
        var cgroups = running().cgroups();
        return cgroups.use(cgroups.containerPath(podUid, id), Instant.now());
    }

    @Override
    public String podGroupPath(String podUid) {
        return running().cgroups().podPath(podUid);
    }

    @Override
    public void create(ContainerPlan plan) throws RuntimeFailed, InterruptedException {
        check(ID, plan.id());
        check(NAME, plan.podUid());
        var entry = entries.computeIfAbsent(plan.id(), Entry::new);
        entry.lock.lockInterruptibly();
        try {
            if (entry.notes != null) {
                return;
            }
            // A folder without processes is what an earlier try left.
            tidy(plan.id(), plan.podUid());
            var notes = ContainerFolder.Notes.of(plan, Instant.now());
            var folder = folder(plan.id());
            Files.createDirectories(folder.folder());
            var path = running().cgroups().containerPath(plan.podUid(), plan.id());
            var profile = plan.appArmor().isEmpty() ? "" : appArmor.profile(plan.appArmor());
            var spec = running().spec().container(plan, path, processes(plan), profile);
            var filter = addFilter(spec);
            Files.write(folder.config(), json.writeValueAsBytes(spec));
            var logFolder = plan.logFile().getParent();
            if (logFolder != null) {
                Files.createDirectories(logFolder);
            }
            folder.writeNotes(json, notes);
            var made = make(plan, folder, notes);
            if (filter != null) {
                running()
                        .filters()
                        .keep(filter, crunRoot.resolve(plan.id()).resolve("seccomp.bpf"));
            }
            folder.writeProcesses(made.container(), made.conmon());
            entry.container = made.container();
            entry.conmon = made.conmon();
            entry.notes = notes;
            tellEnd(entry); // whoever killed it meanwhile was not heard
        } catch (IOException failed) {
            forget(plan, entry);
            throw new RuntimeFailed(String.valueOf(failed.getMessage()), failed);
        } catch (RuntimeFailed failed) {
            forget(plan, entry);
            throw failed;
        } finally {
            entry.lock.unlock();
        }
    }

    /** The process namespace of another container, or null for one of its own. */
    private @Nullable Path processes(ContainerPlan plan) throws RuntimeFailed {
        var other = plan.processesOf();
        if (other == null) {
            return null;
        }
        var process = entry(other).container;
        if (!process.alive()) {
            throw new RuntimeFailed("container " + other + " is not running", null);
        }
        return Path.of("/proc/" + process.pid() + "/ns/pid");
    }

    /** Gives the container a compiled filter if there is one; what to keep it under if not. */
    private @Nullable String addFilter(ObjectNode spec) throws IOException {
        var profile = spec.path("linux").path("seccomp");
        if (profile.isMissingNode()) {
            return null;
        }
        var filters = running().filters();
        var key = filters.key(json.writeValueAsBytes(profile));
        var filter = filters.find(key);
        if (filter.isEmpty()) {
            return key;
        }
        ((ObjectNode) spec.required("annotations")).put(CompiledFilters.ANNOTATION, filter.get());
        return null;
    }

    private Conmon.Made make(
            ContainerPlan plan, ContainerFolder folder, ContainerFolder.Notes notes)
            throws IOException, RuntimeFailed, InterruptedException {
        var holder = running().view();
        var view = holder.now;
        var needed = needed(plan);
        var outside = view.isCopy() ? MountView.seen(needed) : List.<MountView.Seen>of();
        for (var again = false; ; again = true) {
            var current = holder.now;
            var outcome =
                    current.call(() -> {
                        if (current.isCopy() && !sees(needed, outside)) {
                            return new Outcome(null, null);
                        }
                        try {
                            return new Outcome(
                                    running().conmon().create(plan.id(), folder, notes), null);
                        } catch (RuntimeFailed told) {
                            return new Outcome(null, told);
                        }
                    });
            if (outcome.failed() != null) {
                throw outcome.failed();
            }
            if (outcome.made() != null) {
                return outcome.made();
            }
            if (again) {
                throw new RuntimeFailed(
                        "what the container needs is mounted where crun cannot see it", null);
            }
            log.warn(
                    "Something was mounted outside the shared folders; taking a fresh copy of the"
                            + " mount table for new containers; container={}",
                    plan.id());
            renew(holder, current);
        }
    }

    private record Outcome(Conmon.@Nullable Made made, @Nullable RuntimeFailed failed) {}

    private static boolean sees(List<Path> needed, List<MountView.Seen> outside) {
        try {
            return MountView.seen(needed).equals(outside);
        } catch (IOException absent) {
            return false;
        }
    }

    private static List<Path> needed(ContainerPlan plan) {
        var needed =
                new ArrayList<>(List.of(plan.rootfs(), plan.network(), plan.ipc(), plan.uts()));
        var users = plan.users();
        if (users != null) {
            needed.add(users.namespace());
        }
        for (var mount : plan.mounts()) {
            if (!mount.source().isEmpty()) {
                needed.add(Path.of(mount.source()));
            }
        }
        return needed;
    }

    private void renew(ViewHolder holder, MountView stale) throws IOException {
        synchronized (holder) {
            if (holder.now == stale) {
                holder.now = newView(Cgroups.find(MountTable.read()));
                stale.close();
            }
        }
    }

    private void forget(ContainerPlan plan, Entry entry) {
        entries.remove(plan.id(), entry);
        try {
            tidy(plan.id(), plan.podUid());
        } catch (IOException failed) {
            log.warn("Cannot tidy up after a failed container; container={}", plan.id(), failed);
        }
    }

    /**
     * Lets the container's process begin. It waits at a FIFO of crun's; what {@code crun start}
     * does is done here without the process, which is a fifth of a container's start.
     */
    @Override
    public void start(String id) throws RuntimeFailed, InterruptedException {
        var entry = entry(id);
        entry.lock.lockInterruptibly();
        try {
            if (entry.startedAt != null) {
                return;
            }
            var now = Instant.now();
            var fifo = fifo(id);
            // First, since whoever opens the FIFO and is killed may have let it begin already.
            entry.folder.writeStarted(now);
            open(fifo);
            entry.startedAt = now;
            Files.deleteIfExists(fifo);
        } catch (Errno failed) {
            throw new RuntimeFailed(
                    failed.number() == Errno.ENXIO || failed.number() == Errno.ENOENT
                            ? "container " + id + " has ended before it was started"
                            : String.valueOf(failed.getMessage()),
                    failed);
        } catch (IOException failed) {
            throw new RuntimeFailed(String.valueOf(failed.getMessage()), failed);
        } finally {
            entry.lock.unlock();
        }
    }

    /**
     * Whether a container still waits at its FIFO whose start an earlier life wrote down: that life
     * ended before it gave the word, or just then. It cannot begin while this is looked at, and is
     * not let go on when it waits, since crun waits no more once somebody has come and gone.
     */
    private boolean stillWaits(Entry entry) throws IOException {
        if (!Files.exists(fifo(entry.id)) || !entry.container.alive()) {
            return false;
        }
        var pid = entry.container.pid();
        try {
            Libc.kill(pid, SIGSTOP);
            if (isStillCrun(pid, entry.id)) {
                return true;
            }
            Libc.kill(pid, SIGCONT);
        } catch (Errno gone) {
            log.debug("container ended while it was looked at container={}", entry.id, gone);
        }
        Files.deleteIfExists(fifo(entry.id));
        return false;
    }

    /** Whether a process is {@code crun create}'s, and not yet the container's program. */
    private static boolean isStillCrun(int pid, String id) throws IOException {
        try {
            var command = Files.readString(Path.of("/proc", Integer.toString(pid), "cmdline"));
            return command.contains("\0create\0--bundle\0") && command.endsWith("\0" + id + "\0");
        } catch (NoSuchFileException gone) {
            return false;
        }
    }

    private Path fifo(String id) {
        return crunRoot.resolve(id).resolve("exec.fifo");
    }

    private static void open(Path fifo) throws Errno {
        var fd = Libc.open(fifo.toString(), Libc.O_WRONLY | Libc.O_NONBLOCK);
        try {
            Libc.write(fd, new byte[1], 0, 1);
        } catch (Errno gone) {
            if (gone.number() != Errno.EPIPE) {
                throw gone;
            }
            // That somebody came was enough: it has begun, or ended, between the two calls.
        } finally {
            Libc.close(fd);
        }
    }

    @Override
    public void signal(String id, int signal) throws RuntimeFailed {
        var entry = entry(id);
        if (!entry.container.alive()) {
            return;
        }
        try {
            Libc.kill(entry.container.pid(), signal);
        } catch (Errno failed) {
            if (failed.number() != Errno.ESRCH) {
                throw new RuntimeFailed(String.valueOf(failed.getMessage()), failed);
            }
        }
    }

    @Override
    public void limit(String id, Limits limits) throws RuntimeFailed, InterruptedException {
        var entry = entry(id);
        var notes = entry.notes;
        if (notes == null || entry.exit != null) {
            return;
        }
        entry.lock.lockInterruptibly();
        try {
            var cgroups = running().cgroups();
            cgroups.limit(cgroups.containerPath(notes.podUid(), id), limits);
        } catch (IOException failed) {
            throw new RuntimeFailed(String.valueOf(failed.getMessage()), failed);
        } finally {
            entry.lock.unlock();
        }
    }

    @Override
    public void kill(String id) throws InterruptedException {
        end(id, false);
    }

    @Override
    public void remove(String id) throws InterruptedException {
        end(id, true);
    }

    private void end(String id, boolean away) throws InterruptedException {
        check(ID, id);
        var entry = entries.get(id);
        if (entry == null) {
            return;
        }
        entry.lock.lockInterruptibly();
        try {
            var notes = entry.notes;
            if (notes == null) {
                return;
            }
            end(entry, running().cgroups().containerPath(notes.podUid(), id));
            if (away) {
                tidy(id, notes.podUid());
                entries.remove(id, entry);
                entry.notes = null;
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } finally {
            entry.lock.unlock();
        }
    }

    /** Kills what runs, and waits until conmon has written down all there is to write. */
    private void end(Entry entry, String cgroup) throws IOException {
        var blocking = running().blocking();
        if (entry.container.alive()) {
            running().cgroups().kill(cgroup);
            try {
                Libc.kill(entry.container.pid(), 9);
            } catch (Errno gone) {
                // The cgroup's killing was enough.
            }
        }
        var conmon = entry.conmon;
        if (conmon.alive()
                && !blocking.call(() -> Libc.awaitEnd(conmon.pid(), CONMON_END_MILLIS))) {
            log.warn("Killing a conmon that does not end; pid={}", conmon.pid());
            if (conmon.alive()) {
                Libc.kill(conmon.pid(), 9);
            }
        }
    }

    /** Takes away what crun, conmon and we keep of a container that does not run. */
    private void tidy(String id, String podUid) throws IOException {
        running().cgroups().remove(running().cgroups().containerPath(podUid, id));
        deleteAll(crunRoot.resolve(id));
        Files.deleteIfExists(exits.resolve(id));
        deleteAll(folder(id).folder());
    }

    @Override
    public List<Container> list() {
        var containers = new ArrayList<Container>();
        for (var entry : entries.values()) {
            var notes = entry.notes;
            if (notes == null) {
                continue;
            }
            findLost(entry);
            var exit = entry.exit;
            var started = entry.startedAt;
            containers.add(
                    new Container(
                            entry.id,
                            notes.podUid(),
                            notes.podNamespace(),
                            notes.podName(),
                            notes.name(),
                            notes.attempt(),
                            notes.image(),
                            exit != null
                                    ? State.EXITED
                                    : started != null ? State.RUNNING : State.CREATED,
                            exit != null ? 0 : entry.container.pid(),
                            notes.createdAt(),
                            started,
                            exit,
                            notes.user()));
        }
        return containers;
    }

    @Override
    public Subscription onExit(Consumer<Exit> consumer) {
        var listener = new Listener(consumer);
        listeners.add(listener);
        for (var entry : entries.values()) {
            findLost(entry);
            var exit = entry.exit;
            if (exit != null) {
                listener.tell(exit);
            }
        }
        return () -> {
            listeners.remove(listener);
            listener.close();
        };
    }

    @Override
    public Execution exec(String id, ExecPlan plan) throws RuntimeFailed, InterruptedException {
        var entry = entry(id);
        if (entry.startedAt == null || entry.exit != null || !entry.container.alive()) {
            throw new RuntimeFailed("container " + id + " is not running", null);
        }
        Path spec = null;
        try {
            var config = json.readTree(Files.readAllBytes(entry.folder.config()));
            spec = Files.createTempFile(entry.folder.folder(), "exec", ".json");
            Files.write(
                    spec,
                    json.writeValueAsBytes(
                            running().spec().process(config.required("process"), plan)));
            return plan.terminal() ? execOnTerminal(id, spec) : execOnPipes(id, spec, plan);
        } catch (IOException failed) {
            throw new RuntimeFailed(String.valueOf(failed.getMessage()), failed);
        } finally {
            delete(spec);
        }
    }

    private CrunExecution execOnPipes(String id, Path spec, ExecPlan plan)
            throws IOException, RuntimeFailed, InterruptedException {
        var blocking = running().blocking();
        var pipes = new Pipes();
        try {
            var in = plan.stdin() ? pipes.open() : null;
            var out = pipes.open();
            var err = pipes.open();
            var report = pipes.open();
            var crunPid =
                    spawnExec(
                            id,
                            spec,
                            new int[] {in == null ? -1 : in[0], out[1], err[1], report[1]},
                            null);
            if (in != null) {
                pipes.close(in[0]);
            }
            pipes.close(out[1]);
            pipes.close(err[1]);
            pipes.close(report[1]);
            var inside = insidePid(report[0]);
            if (inside == 0) {
                throw refused(crunPid, err[0]);
            }
            return new CrunExecution(
                    blocking,
                    crunPid,
                    ProcessIdentity.of(inside),
                    in == null
                            ? OutputStream.nullOutputStream()
                            : DescriptorStreams.pipeOutput(blocking, pipes.take(in[1])),
                    DescriptorStreams.pipeInput(blocking, pipes.take(out[0])),
                    DescriptorStreams.pipeInput(blocking, pipes.take(err[0])),
                    null);
        } finally {
            pipes.closeAll();
        }
    }

    private CrunExecution execOnTerminal(String id, Path spec)
            throws IOException, RuntimeFailed, InterruptedException {
        var blocking = running().blocking();
        var terminal = Libc.openTerminal();
        var ours = new Descriptor(terminal.fd());
        var pipes = new Pipes();
        try {
            var report = pipes.open();
            var crunPid = spawnExec(id, spec, new int[] {-1, -1, -1, report[1]}, terminal.path());
            pipes.close(report[1]);
            var inside = insidePid(report[0]);
            if (inside == 0) {
                throw refused(crunPid, terminal.fd());
            }
            var execution =
                    new CrunExecution(
                            blocking,
                            crunPid,
                            ProcessIdentity.of(inside),
                            DescriptorStreams.terminalOutput(blocking, ours),
                            DescriptorStreams.terminalInput(blocking, ours),
                            InputStream.nullInputStream(),
                            ours);
            ours = null;
            return execution;
        } finally {
            pipes.closeAll();
            if (ours != null) {
                ours.close();
            }
        }
    }

    private int spawnExec(String id, Path spec, int[] fds, @Nullable String terminal)
            throws IOException, InterruptedException {
        var command =
                List.of(
                        crun.toString(),
                        "--root",
                        crunRoot.toString(),
                        "--cgroup-manager",
                        "cgroupfs",
                        "exec",
                        "--pid-file",
                        "/proc/self/fd/" + PID_FD,
                        "--process",
                        spec.toString(),
                        id);
        return running()
                .view()
                .now
                .call(() ->
                        Libc.spawn(command, List.of("PATH=" + SEARCH_PATH), "/", fds, terminal));
    }

    /** The number of the process that crun started in the container, or 0 when it could not. */
    private int insidePid(int report) throws IOException {
        var buffer = new byte[32];
        var count = running().blocking().call(() -> Libc.read(report, buffer, 0, buffer.length));
        return count == 0
                ? 0
                : Integer.parseInt(new String(buffer, 0, count, StandardCharsets.US_ASCII).strip());
    }

    private RuntimeFailed refused(int crunPid, int errors) throws IOException {
        var blocking = running().blocking();
        var text = new StringBuilder();
        var buffer = new byte[ERROR_BYTES_MAX];
        try {
            for (var count = 1; count > 0 && text.length() < ERROR_BYTES_MAX; ) {
                count = blocking.call(() -> Libc.read(errors, buffer, 0, buffer.length));
                text.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
            }
        } catch (Errno end) {
            if (end.number() != Errno.EIO) {
                throw end;
            }
        }
        var code = blocking.call(() -> Libc.waitpid(crunPid));
        var words = text.toString().strip();
        return new RuntimeFailed(words.isEmpty() ? "crun exec ended with " + code : words, null);
    }

    /** The descriptors of pipes, closed together when something fails. */
    private static final class Pipes {
        private final List<Integer> open = new ArrayList<>();

        int[] open() throws Errno {
            var pipe = Libc.pipe();
            open.add(pipe[0]);
            open.add(pipe[1]);
            return pipe;
        }

        void close(int fd) {
            Libc.close(take(fd));
        }

        int take(int fd) {
            open.remove(Integer.valueOf(fd));
            return fd;
        }

        void closeAll() {
            open.forEach(Libc::close);
            open.clear();
        }
    }

    @Override
    public void reopenLog(String id) throws RuntimeFailed {
        var entry = entry(id);
        var notes = Objects.requireNonNull(entry.notes);
        var folder = notes.logFile().toAbsolutePath().getParent();
        if (folder == null) {
            throw new RuntimeFailed("not a log file: " + notes.logFile(), null);
        }
        try (var watch = folder.getFileSystem().newWatchService()) {
            folder.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
            AttachedContainer.control(entry.folder, "2 0 0\n");
            var deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(REOPEN_MILLIS);
            while (!Files.exists(notes.logFile())) {
                var left = deadline - System.nanoTime();
                var key = left <= 0 ? null : watch.poll(left, TimeUnit.NANOSECONDS);
                if (key == null) {
                    throw new RuntimeFailed("conmon did not open a new log in time", null);
                }
                key.pollEvents();
                key.reset();
            }
        } catch (IOException failed) {
            throw new RuntimeFailed(
                    "cannot reopen the log of " + id + ": " + failed.getMessage(), failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new RuntimeFailed("interrupted", interrupted);
        }
    }

    @Override
    public Execution attach(String id) throws RuntimeFailed {
        var entry = entry(id);
        try {
            return AttachedContainer.attach(running().blocking(), entry.folder);
        } catch (IOException failed) {
            throw new RuntimeFailed(
                    "cannot attach to container " + id + ": " + failed.getMessage(), failed);
        }
    }

    /**
     * Ends and takes away every container, cgroup and mount of this instance, also what no file
     * tells of. Usable without {@link #start}, and closes. Logs stay.
     */
    public void destroyAll() throws IOException, InterruptedException {
        if (running == null) {
            begin(false);
        }
        var cgroups = running().cgroups();
        cgroups.kill(cgroups.instancePath());
        for (var id : List.copyOf(entries.keySet())) {
            remove(id);
        }
        cgroups.removeInstance();
        close();
        appArmor.unload();
        deleteAll(state);
        for (var folder : mountFolders) {
            if (MountTable.read().isSharedMount(folder)) {
                MountTable.clear(folder);
            }
        }
    }

    // --- ends

    private void adopt() throws IOException {
        try (var folders = Files.newDirectoryStream(state.resolve("containers"))) {
            for (var path : folders) {
                var id = String.valueOf(path.getFileName());
                var folder = new ContainerFolder(path);
                var notes = folder.readNotes(json);
                var processes = folder.readProcesses();
                if (!ID.matcher(id).matches() || notes.isEmpty()) {
                    deleteAll(path);
                } else if (processes.isEmpty()) {
                    // Berth died while it was made: nobody can have started it.
                    var half = new Entry(id);
                    half.container = ProcessIdentity.of(Conmon.number(folder.containerPid()));
                    half.conmon = ProcessIdentity.of(Conmon.number(folder.conmonPid()));
                    takeAway(half, notes.get().podUid());
                } else {
                    var entry = new Entry(id);
                    entry.container = processes.get()[0];
                    entry.conmon = processes.get()[1];
                    entry.startedAt = folder.readStarted();
                    entry.notes = notes.get();
                    if (entry.startedAt != null && stillWaits(entry)) {
                        takeAway(entry, notes.get().podUid());
                    } else {
                        entries.put(id, entry);
                        noteEnd(entry);
                    }
                }
            }
        }
    }

    private void takeAway(Entry entry, String podUid) throws IOException {
        end(entry, running().cgroups().containerPath(podUid, entry.id));
        tidy(entry.id, podUid);
    }

    private void listen(WatchService watch) {
        while (true) {
            try {
                var key = watch.take();
                for (var event : key.pollEvents()) {
                    if (event.kind().equals(StandardWatchEventKinds.OVERFLOW)) {
                        entries.values().forEach(this::tellEnd);
                    } else {
                        var entry = entries.get(String.valueOf(event.context()));
                        if (entry != null) {
                            tellEnd(entry);
                        }
                    }
                }
                key.reset();
            } catch (ClosedWatchServiceException closed) {
                return;
            } catch (InterruptedException stop) {
                return;
            } catch (RuntimeException bug) {
                log.error("Cannot tell of a container's end", bug);
            }
        }
    }

    private void tellEnd(Entry entry) {
        try {
            if (noteEnd(entry)) {
                tell(entry);
            }
        } catch (IOException failed) {
            log.warn("Cannot read how a container ended; container={}", entry.id, failed);
        }
    }

    private void tell(Entry entry) {
        var exit = entry.exit;
        if (exit != null) {
            for (var listener : listeners) {
                listener.tell(exit);
            }
        }
    }

    /** Reads how a container ended; false when it has not. */
    private boolean noteEnd(Entry entry) throws IOException {
        var file = exits.resolve(entry.id);
        var notes = entry.notes;
        if (notes == null && entry.lock.isLocked()) {
            // It is being made this moment; create looks when it is done.
            return false;
        }
        try {
            var code = Integer.parseInt(Files.readString(file).strip());
            var when = Files.getLastModifiedTime(file).toInstant();
            var outOfMemory = ranOutOfMemory(entry, notes);
            entry.exit = new Exit(entry.id, code & 0xff, outOfMemory, when);
            return true;
        } catch (NoSuchFileException none) {
            return false;
        } catch (NumberFormatException broken) {
            log.warn("conmon wrote no exit code; container={}", entry.id);
            entry.exit = new Exit(entry.id, UNKNOWN_EXIT_CODE, false, Instant.now());
            return true;
        }
    }

    /** Any process of the container, killed for its own limit or its pod's, counts. */
    private boolean ranOutOfMemory(Entry entry, ContainerFolder.@Nullable Notes notes) {
        if (Files.exists(entry.folder.persisted().resolve("oom"))) {
            return true;
        }
        var cgroups = running().cgroups();
        return notes != null
                && cgroups.memoryKills(cgroups.containerPath(notes.podUid(), entry.id)) > 0;
    }

    /** A container and its conmon may both have gone without a word, with the machine for one. */
    private void findLost(Entry entry) {
        if (entry.notes == null
                || entry.exit != null
                || entry.container.alive()
                || entry.conmon.alive()) {
            return;
        }
        try {
            if (!noteEnd(entry)) {
                entry.exit = new Exit(entry.id, UNKNOWN_EXIT_CODE, false, Instant.now());
            }
            tell(entry);
        } catch (IOException failed) {
            log.warn("Cannot read how a container ended; container={}", entry.id, failed);
        }
    }

    private static final class Listener {
        private final ReentrantLock lock = new ReentrantLock();
        private final Consumer<Exit> consumer;
        private boolean closed;

        private Listener(Consumer<Exit> consumer) {
            this.consumer = consumer;
        }

        /** Listeners are asked to be quick: the thread that tells is one for all. */
        private void tell(Exit exit) {
            lock.lock();
            try {
                if (!closed) {
                    consumer.accept(exit);
                }
            } catch (RuntimeException bug) {
                log.error("A listener failed on a container's end; container={}", exit.id(), bug);
            } finally {
                lock.unlock();
            }
        }

        private void close() {
            lock.lock();
            try {
                closed = true;
            } finally {
                lock.unlock();
            }
        }
    }

    /** What is known of a container; notes are null before it is made and after it is removed. */
    private final class Entry {
        private final String id;
        private final ContainerFolder folder;
        private final ReentrantLock lock = new ReentrantLock();
        private volatile ContainerFolder.@Nullable Notes notes;
        private volatile ProcessIdentity container = ProcessIdentity.NONE;
        private volatile ProcessIdentity conmon = ProcessIdentity.NONE;
        private volatile @Nullable Instant startedAt;
        private volatile @Nullable Exit exit;

        private Entry(String id) {
            this.id = id;
            folder = folder(id);
        }
    }

    // --- small parts

    private Running running() {
        var now = running;
        if (now == null) {
            throw new IllegalStateException("the runtime is not started");
        }
        return now;
    }

    private Entry entry(String id) throws RuntimeFailed {
        var entry = entries.get(id);
        if (entry == null || entry.notes == null) {
            throw new RuntimeFailed("no container " + id, null);
        }
        return entry;
    }

    private ContainerFolder folder(String id) {
        return new ContainerFolder(state.resolve("containers").resolve(id));
    }

    private MountView newView(Cgroups cgroups) {
        return new MountView(
                cgroups.isMixed() ? cgroups.second().orElseThrow() : null,
                mountFolders,
                STARTS_PER_CORE * Runtime.getRuntime().availableProcessors());
    }

    private String readVersion(MountView view) throws IOException, InterruptedException {
        return view.call(() -> {
            var pipe = Libc.pipe();
            int pid;
            try {
                pid =
                        Libc.spawn(
                                List.of(crun.toString(), "--version"),
                                List.of("PATH=" + SEARCH_PATH),
                                "/",
                                new int[] {-1, pipe[1], -1},
                                null);
            } finally {
                Libc.close(pipe[1]);
            }
            try (var blocking = new BlockingCalls("berth-version");
                    var answer = DescriptorStreams.pipeInput(blocking, pipe[0])) {
                var text = new String(answer.readAllBytes(), StandardCharsets.UTF_8);
                var first = text.lines().findFirst().orElse("");
                return first.substring(first.lastIndexOf(' ') + 1);
            } finally {
                Libc.waitpid(pid);
            }
        });
    }

    private static void check(Pattern pattern, String text) {
        if (!pattern.matcher(text).matches()) {
            throw new IllegalArgumentException("not an id: " + text);
        }
    }

    private static void delete(@Nullable Path file) {
        if (file != null) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException ignored) {
                // It goes with the container.
            }
        }
    }

    private static void deleteAll(Path folder) throws IOException {
        for (var tries = 0; ; tries++) {
            try {
                deleteOnce(folder);
                return;
            } catch (IOException changing) {
                if (tries == 3 || changing instanceof InterruptedIOException) {
                    throw changing;
                }
            }
        }
    }

    private static void deleteOnce(Path folder) throws IOException {
        if (!Files.exists(folder, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        var all = new ArrayList<Path>();
        try (var walk = Files.walk(folder)) {
            walk.forEach(all::add);
        } catch (UncheckedIOException changing) {
            throw changing.getCause();
        }
        for (var path : all.reversed()) {
            Files.deleteIfExists(path);
        }
    }
}
