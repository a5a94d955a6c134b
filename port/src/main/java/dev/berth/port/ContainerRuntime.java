package dev.berth.port;

import dev.berth.core.usage.GroupUse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs containers on this machine. Containers outlive Berth; whoever starts again finds them with
 * {@link #list}. Every call may be repeated.
 */
public interface ContainerRuntime {
    /** Who this is, as the Node reports it: {@code crun://1.8.1}. */
    String version();

    /**
     * Makes a pod's cgroup with its limits.
     *
     * @param cpuShares its part of the CPU beside other pods, 2 to 262144; 1024 is that of a core
     * @param cpuMillis the most CPU it may use, in thousandths of a core, or 0 for no limit
     * @param memoryBytes the most memory, or 0 for no limit
     * @param pidsMax the most processes, or 0 for no limit
     */
    void createPodGroup(
            String podUid, long cpuShares, long cpuMillis, long memoryBytes, long pidsMax)
            throws RuntimeFailed;

    /** Takes a pod's cgroup away; nothing when there is none. Processes still in it are killed. */
    void removePodGroup(String podUid);

    /** The pods that have a cgroup, also those of an earlier life of Berth. */
    List<String> podGroups();

    /** Whether this machine's kernel can confine containers by AppArmor profiles. */
    boolean hasAppArmor();

    /** What a pod's processes use, read now; empty when the pod has no cgroup. */
    Optional<GroupUse> podUse(String podUid);

    /** What a container's processes use, read now; empty when it has no cgroup (any more). */
    Optional<GroupUse> containerUse(String podUid, String id);

    /**
     * A pod's cgroup as a path from the root of the tree; that of a container is below, its id its
     * name.
     */
    String podGroupPath(String podUid);

    /** Makes a container that does not run yet. */
    void create(ContainerPlan plan) throws RuntimeFailed, InterruptedException;

    /** Starts a made container. */
    void start(String id) throws RuntimeFailed, InterruptedException;

    /**
     * Sends a signal to the container's first process; nothing when it has ended.
     *
     * @param signal its number
     */
    void signal(String id, int signal) throws RuntimeFailed, InterruptedException;

    /** Gives a container other limits; nothing when it has ended. */
    void limit(String id, Limits limits) throws RuntimeFailed, InterruptedException;

    /**
     * Ends whatever runs of a container, for certain; it stays, with the end that it came to, until
     * it is removed. Nothing when there is none.
     */
    void kill(String id) throws InterruptedException;

    /** Takes a container away, killing it if it runs; nothing when there is none. Its log stays. */
    void remove(String id) throws InterruptedException;

    /** All containers, also those of an earlier life of Berth. */
    List<Container> list() throws RuntimeFailed, InterruptedException;

    /**
     * Tells of every end of a container from now on, and at once of those that ended while nobody
     * listened. An end may be told twice.
     */
    Subscription onExit(Consumer<Exit> listener);

    /** Starts a command in a running container. */
    Execution exec(String id, ExecPlan plan) throws RuntimeFailed, InterruptedException;

    /**
     * Makes the container's log go to a new file under the same name, after the old one was
     * renamed.
     */
    void reopenLog(String id) throws RuntimeFailed;

    /** Attaches to a running container's own streams. */
    Execution attach(String id) throws RuntimeFailed, InterruptedException;

    /**
     * A container to make.
     *
     * @param id 64 lower-case hex digits
     * @param podUid whose cgroup and namespaces it joins
     * @param podNamespace for labels
     * @param podName for labels
     * @param name the container's name in its pod
     * @param attempt how often it was started before
     * @param image the image as the pod names it
     * @param rootfs the laid-out image
     * @param command program and arguments, at least one
     * @param environment {@code NAME=value} each
     * @param workingDir absolute
     * @param user whom it runs as
     * @param mounts further mounts, in order
     * @param network namespace to join
     * @param ipc namespace to join
     * @param uts namespace to join
     * @param processesOf the running container whose process namespace it joins, or null for one of
     *     its own
     * @param limits its own cgroup
     * @param capabilities the full set it gets, {@code CAP_…} each
     * @param noNewPrivileges whether it can never gain more
     * @param readOnlyRoot whether its image cannot be written
     * @param seccomp {@code RuntimeDefault}, {@code Unconfined} or the path of a profile below the
     *     folder {@code seccomp} of the data folder
     * @param sysctls kernel settings of its namespaces, {@code name=value} each
     * @param maskedPaths hidden from it
     * @param readOnlyPaths read-only for it
     * @param openFilesSoft and processes: the soft limit (nofile and nproc)
     * @param openFilesHard the hard limit
     * @param oomScoreAdjust -1000 to 1000
     * @param terminal whether it has a terminal
     * @param stdin whether its standard input can be attached to
     * @param logFile where its output goes, in CRI's line format
     * @param host what it sees of the machine itself
     * @param users its pod's own users, to whom the files of its mounts belong, or null
     * @param appArmor the AppArmor profile that confines it: {@code RuntimeDefault} or the name of
     *     a loaded one; empty for none
     */
    record ContainerPlan(
            String id,
            String podUid,
            String podNamespace,
            String podName,
            String name,
            int attempt,
            String image,
            Path rootfs,
            List<String> command,
            List<String> environment,
            String workingDir,
            User user,
            List<Mount> mounts,
            Path network,
            Path ipc,
            Path uts,
            @Nullable String processesOf,
            Limits limits,
            List<String> capabilities,
            boolean noNewPrivileges,
            boolean readOnlyRoot,
            String seccomp,
            List<String> sysctls,
            List<String> maskedPaths,
            List<String> readOnlyPaths,
            long openFilesSoft,
            long openFilesHard,
            int oomScoreAdjust,
            boolean terminal,
            boolean stdin,
            Path logFile,
            HostAccess host,
            @Nullable PodUsers users,
            String appArmor) {
        /** A container that sees nothing of the machine, with the machine's users. */
        public ContainerPlan(
                String id,
                String podUid,
                String podNamespace,
                String podName,
                String name,
                int attempt,
                String image,
                Path rootfs,
                List<String> command,
                List<String> environment,
                String workingDir,
                User user,
                List<Mount> mounts,
                Path network,
                Path ipc,
                Path uts,
                @Nullable String processesOf,
                Limits limits,
                List<String> capabilities,
                boolean noNewPrivileges,
                boolean readOnlyRoot,
                String seccomp,
                List<String> sysctls,
                List<String> maskedPaths,
                List<String> readOnlyPaths,
                long openFilesSoft,
                long openFilesHard,
                int oomScoreAdjust,
                boolean terminal,
                boolean stdin,
                Path logFile) {
            this(
                    id,
                    podUid,
                    podNamespace,
                    podName,
                    name,
                    attempt,
                    image,
                    rootfs,
                    command,
                    environment,
                    workingDir,
                    user,
                    mounts,
                    network,
                    ipc,
                    uts,
                    processesOf,
                    limits,
                    capabilities,
                    noNewPrivileges,
                    readOnlyRoot,
                    seccomp,
                    sysctls,
                    maskedPaths,
                    readOnlyPaths,
                    openFilesSoft,
                    openFilesHard,
                    oomScoreAdjust,
                    terminal,
                    stdin,
                    logFile,
                    HostAccess.NONE,
                    null,
                    "");
        }

        /** Copies the collections. */
        public ContainerPlan {
            command = List.copyOf(command);
            environment = List.copyOf(environment);
            mounts = List.copyOf(mounts);
            capabilities = List.copyOf(capabilities);
            sysctls = List.copyOf(sysctls);
            maskedPaths = List.copyOf(maskedPaths);
            readOnlyPaths = List.copyOf(readOnlyPaths);
        }
    }

    /**
     * What a container sees of the machine itself; pods of ordinary nodes may ask for it.
     *
     * @param privileged whether it gets all devices, all capabilities that can be given, and a
     *     writable /sys
     * @param processes whether it sees the machine's processes
     */
    record HostAccess(boolean privileged, boolean processes) {
        /** Nothing. */
        public static final HostAccess NONE = new HostAccess(false, false);
    }

    /**
     * Whom a process runs as.
     *
     * @param uid the user
     * @param gid the group
     * @param additionalGids further groups
     */
    record User(long uid, long gid, List<Long> additionalGids) {
        /** Copies the collections. */
        public User {
            additionalGids = List.copyOf(additionalGids);
        }
    }

    /**
     * A mount in the container.
     *
     * @param source a path of this machine, or empty for a tmpfs
     * @param target absolute, in the container
     * @param readOnly whether it cannot be written
     * @param recursiveReadOnly whether that holds for what is mounted below, too
     * @param propagation {@code None}, {@code HostToContainer} or {@code Bidirectional}: which way
     *     what is mounted below it later is seen
     * @param inert whether nothing on it can be run, has its owner's rights or is a device
     * @param turned who the container's user is there, or null for who he is
     */
    record Mount(
            String source,
            String target,
            boolean readOnly,
            boolean recursiveReadOnly,
            String propagation,
            boolean inert,
            @Nullable Turned turned) {
        /** A mount whose programs can be run. */
        public Mount(
                String source,
                String target,
                boolean readOnly,
                boolean recursiveReadOnly,
                String propagation) {
            this(source, target, readOnly, recursiveReadOnly, propagation, false, null);
        }

        /** A mount that shows nothing of what is mounted below it later. */
        public Mount(String source, String target, boolean readOnly, boolean recursiveReadOnly) {
            this(source, target, readOnly, recursiveReadOnly, "None");
        }
    }

    /**
     * A user and a group who are others in a mount: what they make there is the others', and what
     * is the others' is theirs. All further users are who they are.
     *
     * @param uid the user in the container
     * @param gid his group
     * @param thereUid who he is in the mount
     * @param thereGid his group there
     */
    record Turned(long uid, long gid, long thereUid, long thereGid) {}

    /**
     * A container's own limits; 0 means none.
     *
     * @param cpuShares the weight, 2 to 262144
     * @param cpuQuotaMicros the CPU time per 100 ms
     * @param memoryBytes the most memory
     */
    record Limits(long cpuShares, long cpuQuotaMicros, long memoryBytes) {}

    /**
     * A container on this machine.
     *
     * @param id its id
     * @param podUid its pod
     * @param podNamespace its pod's namespace
     * @param podName its pod's name
     * @param name its name in the pod
     * @param attempt how often it was started before
     * @param image the image as its pod named it then
     * @param state where it stands
     * @param pid its first process, or 0
     * @param createdAt when it was made
     * @param startedAt when it was started, or null
     * @param exit how it ended, or null
     * @param user whom its first process was started as, or null when that was not written down
     */
    record Container(
            String id,
            String podUid,
            String podNamespace,
            String podName,
            String name,
            int attempt,
            String image,
            State state,
            long pid,
            Instant createdAt,
            @Nullable Instant startedAt,
            @Nullable Exit exit,
            @Nullable User user) {}

    /** Where a container stands. */
    enum State {
        /** Made, not started. */
        CREATED,
        /** Running. */
        RUNNING,
        /** Ended. */
        EXITED
    }

    /**
     * How a container ended.
     *
     * @param id the container
     * @param exitCode 0 to 255
     * @param outOfMemory whether the kernel killed it for its memory
     * @param finishedAt when
     */
    record Exit(String id, int exitCode, boolean outOfMemory, Instant finishedAt) {}

    /**
     * A command to run in a container.
     *
     * @param command program and arguments
     * @param terminal whether it gets a terminal; its error stream is then empty
     * @param stdin whether it reads input
     */
    record ExecPlan(List<String> command, boolean terminal, boolean stdin) {
        /** Copies the collections. */
        public ExecPlan {
            command = List.copyOf(command);
        }
    }

    /** A running command, or an attached container. */
    interface Execution extends AutoCloseable {
        /** Its input; closing it is end of file. */
        OutputStream stdin();

        /** Its output, or the terminal's. */
        InputStream stdout();

        /** Its error output; empty with a terminal. */
        InputStream stderr();

        /** Sets the terminal's size; nothing without one. */
        void resize(int columns, int rows) throws IOException;

        /** Waits for its end; empty when the exit code cannot be known, as with attach. */
        OptionalInt await() throws InterruptedException;

        /** Ends it and closes the streams. */
        @Override
        void close();
    }

    /** A container could not be handled. */
    final class RuntimeFailed extends Exception {
        private static final long serialVersionUID = 1L;
        private final boolean containersFault;

        /** Gives the runtime's own words. */
        public RuntimeFailed(String message, @Nullable Throwable cause) {
            this(message, cause, false);
        }

        /**
         * Gives the runtime's own words.
         *
         * @param containersFault whether the container itself is to blame, such as for a program
         *     that is not in the image: then trying again will not help
         */
        public RuntimeFailed(String message, @Nullable Throwable cause, boolean containersFault) {
            super(message, cause);
            this.containersFault = containersFault;
        }

        /** Whether the container itself is to blame. */
        public boolean containersFault() {
            return containersFault;
        }
    }
}
