package dev.berth.adapter.controlplane;

import dev.berth.adapter.controlplane.Launch.KeyFiles;
import dev.berth.port.ControlPlanes;
import dev.berth.port.KubeApi;
import dev.berth.port.Processes;
import dev.berth.port.Time;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.GeneralSecurityException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Control planes of real Kubernetes as child processes on this machine. A cluster keeps a folder
 * {@code NAME} with its id, its port, its keys, its configuration and its logs; its objects lie in
 * the one etcd under {@code /kube/ID}. Any thread may call; calls about one cluster wait for each
 * other.
 */
public final class LocalControlPlanes implements ControlPlanes, AutoCloseable {
    /** Below the ports that the kernel gives to outgoing connections, and above the well-known. */
    private static final int PORT_MIN = 20_000;

    private static final int PORT_COUNT = 10_000;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,99}");

    private final Processes processes;
    private final KubeBinaries binaries;
    private final EtcdServer etcd;
    private final HomePki home;
    private final Path homeFolder;
    private final Surroundings surroundings;
    private final Function<KubeAccess, KubeApi> kubeApis;
    private final Time time;
    private final Map<String, LocalControlPlane> running = new ConcurrentHashMap<>();
    private final Map<String, ReentrantLock> turns = new ConcurrentHashMap<>();
    private final ReentrantLock ports = new ReentrantLock();

    /**
     * Runs nothing yet.
     *
     * @param etcd started, and stopped, by somebody else
     * @param home Berth's own authority
     * @param homeFolder where it was opened
     * @param kubeApis makes the client of an API server
     */
    public LocalControlPlanes(
            Processes processes,
            KubeBinaries binaries,
            EtcdServer etcd,
            HomePki home,
            Path homeFolder,
            Surroundings surroundings,
            Function<KubeAccess, KubeApi> kubeApis,
            Time time) {
        this.processes = processes;
        this.binaries = binaries;
        this.etcd = etcd;
        this.home = home;
        this.homeFolder = homeFolder.toAbsolutePath();
        this.surroundings = surroundings;
        this.kubeApis = kubeApis;
        this.time = time;
    }

    @Override
    public List<String> versions() {
        return binaries.minors();
    }

    @Override
    public String defaultVersion() {
        return binaries.defaultMinor();
    }

    @Override
    public ControlPlane start(Plan plan, Consumer<String> progress)
            throws ControlPlaneFailed, InterruptedException {
        var turn = turn(plan.clusterName());
        turn.lockInterruptibly();
        try {
            var present = running.get(plan.clusterName());
            if (present != null && present.lives(plan.clusterId())) {
                return present;
            }
            if (present != null) {
                present.stop();
            }
            var started = begin(plan, progress);
            running.put(plan.clusterName(), started);
            return started;
        } finally {
            turn.unlock();
        }
    }

    @Override
    public void delete(String clusterName) throws ControlPlaneFailed, InterruptedException {
        var turn = turn(clusterName);
        turn.lockInterruptibly();
        try {
            var present = running.remove(clusterName);
            if (present != null) {
                present.stop();
            }
            erase(clusterName);
        } finally {
            turn.unlock();
        }
    }

    /** Stops all; their data stays. */
    @Override
    public void close() {
        // Each waits for the last requests of its API server, so they wait together.
        try (var all = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor()) {
            running.values().forEach(plane -> all.execute(plane::stop));
        }
        running.clear();
    }

    private LocalControlPlane begin(Plan plan, Consumer<String> progress)
            throws ControlPlaneFailed, InterruptedException {
        var binary = binaries.of(plan.version());
        try {
            var folder = folder(plan.clusterName());
            var files = new ClusterFiles(folder);
            var id = files.id();
            if (id.isPresent() && !id.get().equals(plan.clusterId())) {
                // What an interrupted deletion of an older cluster of this name has left.
                erase(plan.clusterName());
            }
            Pem.privateFolder(folder);
            files.writeId(plan.clusterId());
            progress.accept("making keys and certificates");
            var launch = launch(plan, binary.program(), folder, port(files, plan));
            var pki = ClusterPki.open(folder.resolve("pki"), Launch.serverNames(plan), time.now());
            for (var file : launch.files().entrySet()) {
                Pem.write(folder.resolve(file.getKey()), file.getValue());
            }
            var plane =
                    new LocalControlPlane(
                            launch,
                            binary.version(),
                            pki,
                            files,
                            processes,
                            etcd,
                            surroundings.vpcPlaces(),
                            binaries.coreDns(),
                            binaries.coreDnsImage().map(KubeBinaries.CoreDnsImage::name));
            plane.start(kubeApis, progress);
            return plane;
        } catch (IOException | GeneralSecurityException e) {
            throw new ControlPlaneFailed(
                    "the control plane of " + plan.clusterName() + ": " + e.getMessage(), e);
        }
    }

    private Launch launch(Plan plan, Path program, Path folder, int port)
            throws IOException, GeneralSecurityException {
        home.kubeletClient(plan.clusterName());
        home.webhookClient(plan.clusterName());
        return new Launch(
                plan,
                program,
                folder,
                port,
                etcd.clientSocket(),
                surroundings.egressSocket().apply(plan),
                surroundings.tokenWebhook().apply(plan),
                homeFolder.resolve("ca.crt"),
                keyFiles("webhook-client-" + plan.clusterName()),
                keyFiles("kubelet-client-" + plan.clusterName()));
    }

    private KeyFiles keyFiles(String name) {
        return new KeyFiles(homeFolder.resolve(name + ".crt"), homeFolder.resolve(name + ".key"));
    }

    /** The port that the cluster has kept, or a free one that no other cluster has kept. */
    private int port(ClusterFiles files, Plan plan) throws IOException, ControlPlaneFailed {
        var kept = files.port();
        if (kept.isPresent()) {
            if (!free(kept.getAsInt())) {
                throw new ControlPlaneFailed(
                        "port "
                                + kept.getAsInt()
                                + " of cluster "
                                + plan.clusterName()
                                + " is in use by another program",
                        null);
            }
            return kept.getAsInt();
        }
        ports.lock();
        try {
            var taken = takenPorts();
            int first = Math.floorMod(plan.clusterId().hashCode(), PORT_COUNT);
            for (int i = 0; i < PORT_COUNT; i++) {
                int port = PORT_MIN + (first + i) % PORT_COUNT;
                if (!taken.contains(port) && free(port)) {
                    files.writePort(port);
                    return port;
                }
            }
        } finally {
            ports.unlock();
        }
        throw new ControlPlaneFailed("no free port from " + PORT_MIN, null);
    }

    private Set<Integer> takenPorts() throws IOException {
        var taken = new HashSet<Integer>();
        if (Files.isDirectory(surroundings.clustersFolder())) {
            try (var folders = Files.newDirectoryStream(surroundings.clustersFolder())) {
                for (var folder : folders) {
                    new ClusterFiles(folder).port().ifPresent(taken::add);
                }
            }
        }
        return taken;
    }

    private static boolean free(int port) {
        try (var socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1);
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    private void erase(String clusterName) throws ControlPlaneFailed {
        try {
            var folder = folder(clusterName);
            var id = new ClusterFiles(folder).id();
            if (id.isPresent()) {
                surroundings.eraseKeys().accept(Launch.etcdPrefix(id.get()) + "/");
            }
            home.forget(clusterName);
            // Last, since the id that the keys are found by is in it.
            deleteTree(folder);
        } catch (IOException | RuntimeException e) {
            throw new ControlPlaneFailed(
                    "what the control plane of " + clusterName + " has kept: " + e.getMessage(), e);
        }
    }

    private Path folder(String clusterName) throws ControlPlaneFailed {
        if (!NAME.matcher(clusterName).matches()) {
            throw new ControlPlaneFailed("not a cluster's name: " + clusterName, null);
        }
        return surroundings.clustersFolder().toAbsolutePath().resolve(clusterName);
    }

    private ReentrantLock turn(String clusterName) {
        return turns.computeIfAbsent(clusterName, _ -> new ReentrantLock());
    }

    private static void deleteTree(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        Files.walkFileTree(
                folder,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path visited, java.io.@org.jspecify.annotations.Nullable IOException e)
                            throws IOException {
                        Files.delete(visited);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }
}
