package dev.berth.adapter.oci;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.adapter.libc.MountTable;
import dev.berth.adapter.net.VpcNetwork;
import dev.berth.port.ContainerRuntime.ContainerPlan;
import dev.berth.port.ContainerRuntime.Exit;
import dev.berth.port.ContainerRuntime.HostAccess;
import dev.berth.port.ContainerRuntime.Limits;
import dev.berth.port.ContainerRuntime.Mount;
import dev.berth.port.ContainerRuntime.User;
import dev.berth.port.PodNetwork.Attachment;
import dev.berth.port.PodNetwork.Subnet;
import dev.berth.port.PodNetwork.Vpc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A machine for pods: the real runtime and network in folders and under names of their own. */
final class PodBed {
    static final List<String> CAPABILITIES =
            List.of(
                    "CAP_CHOWN",
                    "CAP_DAC_OVERRIDE",
                    "CAP_FSETID",
                    "CAP_FOWNER",
                    "CAP_MKNOD",
                    "CAP_NET_RAW",
                    "CAP_SETGID",
                    "CAP_SETUID",
                    "CAP_SETFCAP",
                    "CAP_SETPCAP",
                    "CAP_NET_BIND_SERVICE",
                    "CAP_SYS_CHROOT",
                    "CAP_KILL",
                    "CAP_AUDIT_WRITE");

    private static final Path CRUN = Path.of("/usr/bin/crun");
    private static final Path CONMON = Path.of("/usr/bin/conmon");

    private final Path data;
    private final String instance;
    private final Path run;
    private final String vpc;
    private final Path rootfs;
    private final BlockingQueue<Exit> exits = new LinkedBlockingQueue<>();
    private CrunRuntime runtime;
    private VpcNetwork network;

    PodBed(String kind) throws Exception {
        this(
                Files.createTempDirectory("berth-oci-" + kind),
                "oci" + kind + ProcessHandle.current().pid());
    }

    /** On the folder and the name of another life. */
    PodBed(Path data, String instance) throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "containers need root");
        assumeTrue(Files.isExecutable(CRUN), "crun is not installed");
        assumeTrue(Files.isExecutable(CONMON), "conmon is not installed");
        this.data = data;
        this.instance = instance;
        run = Path.of("/run/berth", instance);
        vpc = "vpc-" + instance;
        rootfs = data.resolve("rootfs");
        if (!Files.exists(rootfs)) {
            Busybox.layOut(rootfs);
        }
        runtime = newRuntime();
        network = new VpcNetwork(run, instance);
        begin();
        if (network.vpcs().isEmpty()) {
            network.ensureVpc(
                    new Vpc(
                            vpc,
                            List.of("10.214.0.0/16"),
                            List.of(new Subnet("subnet-1", "10.214.1.0/24"))));
        }
    }

    private CrunRuntime newRuntime() {
        return new CrunRuntime(data.resolve("runtime"), instance, CRUN, CONMON, List.of(data, run));
    }

    private void begin() throws Exception {
        runtime.start();
        network.start();
        runtime.onExit(exits::add);
    }

    CrunRuntime runtime() {
        return runtime;
    }

    VpcNetwork network() {
        return network;
    }

    Path data() {
        return data;
    }

    String instance() {
        return instance;
    }

    String vpc() {
        return vpc;
    }

    Path rootfs() {
        return rootfs;
    }

    Path cgroup(String controller, ContainerPlan plan) {
        return Path.of(
                "/sys/fs/cgroup", controller, "berth", instance, "pod" + plan.podUid(), plan.id());
    }

    /** Another life on the same folders, while containers run. */
    void restart() throws Exception {
        runtime.close();
        network.close();
        runtime = newRuntime();
        network = new VpcNetwork(run, instance);
        begin();
    }

    String pod(int number) throws Exception {
        var uid = "pod-" + instance + "-" + number;
        network.attach(new Attachment(uid, vpc, "10.214.1." + (10 + number), "web-" + number));
        runtime.createPodGroup(uid, 1024, 0, 0, 0);
        return uid;
    }

    /** A pod with users of its own. */
    String podWithOwnUsers(int number) throws Exception {
        var uid = "pod-" + instance + "-" + number;
        network.attach(
                new Attachment(
                        uid, vpc, "10.214.1." + (10 + number), "web-" + number, null, null, true));
        runtime.createPodGroup(uid, 1024, 0, 0, 0);
        return uid;
    }

    /** The same for users of the pod's own: what is in the image is mounted, as theirs. */
    ContainerPlan planForOwnUsers(
            String podUid,
            String name,
            List<Mount> mounts,
            @Nullable String processesOf,
            String... command) {
        var plan = plan(podUid, name, command);
        var users = Objects.requireNonNull(network.sandbox(podUid).orElseThrow().users());
        var all = new ArrayList<>(mounts);
        all.add(new Mount(rootfs.resolve("bin").toString(), "/bin", true, false));
        return new ContainerPlan(
                plan.id(),
                plan.podUid(),
                plan.podNamespace(),
                plan.podName(),
                plan.name(),
                plan.attempt(),
                plan.image(),
                users.emptyRoot(),
                plan.command(),
                plan.environment(),
                plan.workingDir(),
                plan.user(),
                all,
                plan.network(),
                plan.ipc(),
                plan.uts(),
                processesOf,
                plan.limits(),
                plan.capabilities(),
                plan.noNewPrivileges(),
                plan.readOnlyRoot(),
                plan.seccomp(),
                List.of("net.ipv4.ip_unprivileged_port_start=80"),
                plan.maskedPaths(),
                plan.readOnlyPaths(),
                plan.openFilesSoft(),
                plan.openFilesHard(),
                plan.oomScoreAdjust(),
                plan.terminal(),
                plan.stdin(),
                plan.logFile(),
                HostAccess.NONE,
                users,
                "");
    }

    ContainerPlan plan(String podUid, String name, String... command) {
        var sandbox = network.sandbox(podUid).orElseThrow();
        return new ContainerPlan(
                randomId(),
                podUid,
                "default",
                "web",
                name,
                0,
                "busybox",
                rootfs,
                List.of(command),
                List.of("PATH=/bin"),
                "/",
                new User(0, 0, List.of()),
                List.of(),
                sandbox.network(),
                sandbox.ipc(),
                sandbox.uts(),
                null,
                new Limits(0, 0, 0),
                CAPABILITIES,
                false,
                false,
                "RuntimeDefault",
                List.of(),
                List.of("/proc/kcore", "/proc/keys"),
                List.of("/proc/sys", "/proc/sysrq-trigger"),
                1024,
                65535,
                0,
                false,
                false,
                data.resolve("logs").resolve(name + ".log"));
    }

    static String randomId() {
        var bytes = new byte[32];
        ThreadLocalRandom.current().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** What a container may have otherwise than {@link #plan} gives. */
    record Change(
            List<Mount> mounts,
            Limits limits,
            User user,
            boolean terminal,
            boolean stdin,
            Path rootfs,
            String workingDir) {}

    ContainerPlan changed(ContainerPlan plan, UnaryOperator<Change> how) {
        var change =
                how.apply(
                        new Change(
                                plan.mounts(),
                                plan.limits(),
                                plan.user(),
                                plan.terminal(),
                                plan.stdin(),
                                plan.rootfs(),
                                plan.workingDir()));
        return new ContainerPlan(
                plan.id(),
                plan.podUid(),
                plan.podNamespace(),
                plan.podName(),
                plan.name(),
                plan.attempt(),
                plan.image(),
                change.rootfs(),
                plan.command(),
                plan.environment(),
                change.workingDir(),
                change.user(),
                change.mounts(),
                plan.network(),
                plan.ipc(),
                plan.uts(),
                plan.processesOf(),
                change.limits(),
                plan.capabilities(),
                plan.noNewPrivileges(),
                plan.readOnlyRoot(),
                plan.seccomp(),
                plan.sysctls(),
                plan.maskedPaths(),
                plan.readOnlyPaths(),
                plan.openFilesSoft(),
                plan.openFilesHard(),
                plan.oomScoreAdjust(),
                change.terminal(),
                change.stdin(),
                plan.logFile());
    }

    void run(ContainerPlan plan) throws Exception {
        runtime.create(plan);
        runtime.start(plan.id());
    }

    /** Runs to the end and gives the output's lines, without times and tags. */
    List<String> output(ContainerPlan plan) throws Exception {
        run(plan);
        exitOf(plan);
        return logLines(plan).stream().map(line -> line.split(" ", 4)[3]).toList();
    }

    static List<String> logLines(ContainerPlan plan) throws IOException {
        return Files.readAllLines(plan.logFile());
    }

    Exit exitOf(ContainerPlan plan) throws InterruptedException {
        while (true) {
            var exit = exits.poll(20, TimeUnit.SECONDS);
            if (exit == null) {
                throw new AssertionError("no end of " + plan.name() + " was told");
            }
            if (exit.id().equals(plan.id())) {
                return exit;
            }
        }
    }

    /** What of this instance is on the machine. */
    List<String> traces() throws IOException {
        var traces = new ArrayList<String>();
        for (var folder : List.of(data, run)) {
            MountTable.read().below(folder).forEach(mount -> traces.add("mount " + mount.point()));
        }
        if (Files.exists(run)) {
            traces.add("folder " + run);
        }
        try (var trees = Files.newDirectoryStream(Path.of("/sys/fs/cgroup"))) {
            for (var tree : trees) {
                for (var path : List.of(tree.resolve("berth"), tree)) {
                    if (Files.exists(path.resolve(instance))) {
                        traces.add("cgroup " + path.resolve(instance));
                    }
                }
            }
        }
        ProcessHandle.allProcesses()
                .filter(process -> process.pid() != ProcessHandle.current().pid())
                .forEach(process -> {
                    try {
                        var command =
                                Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"));
                        if (command.contains(data.toString())) {
                            traces.add("process " + command.replace('\0', ' '));
                        }
                    } catch (IOException gone) {
                        // It ended while we looked.
                    }
                });
        return traces;
    }

    void destroyAll() throws Exception {
        network.destroyAll();
        runtime.destroyAll();
    }

    void close() throws Exception {
        destroyAll();
        try (var walk = Files.walk(data)) {
            for (var path : walk.toList().reversed()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
