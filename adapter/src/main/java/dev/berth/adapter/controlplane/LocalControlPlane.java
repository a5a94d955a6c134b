package dev.berth.adapter.controlplane;

import dev.berth.adapter.controlplane.VpcPlaces.VpcPlace;
import dev.berth.port.ControlPlanes.ControlPlane;
import dev.berth.port.ControlPlanes.ControlPlaneFailed;
import dev.berth.port.ControlPlanes.Health;
import dev.berth.port.KubeApi;
import dev.berth.port.Processes;
import dev.berth.port.Processes.ProcessFailed;
import dev.berth.port.Processes.Program;
import dev.berth.port.Subscription;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One cluster's processes. The controllers and the scheduler are started when the API server
 * answers: started together with it they meet refusals, back off, and cost seconds.
 */
final class LocalControlPlane implements ControlPlane {
    private static final Logger log = LoggerFactory.getLogger(LocalControlPlane.class);
    private static final Duration READY_WITHIN = Duration.ofMinutes(2);
    private static final Duration GRACE = Duration.ofSeconds(5);

    private final Launch launch;
    private final String version;
    private final ClusterPki pki;
    private final ClusterFiles files;
    private final Processes processes;
    private final EtcdServer etcd;
    private final VpcPlaces vpcPlaces;
    private final Optional<Path> coreDns;
    private final Optional<String> coreDnsImage;

    /** In the order in which they were started. */
    private final Map<String, Component> components =
            java.util.Collections.synchronizedMap(new java.util.LinkedHashMap<>());

    private final Map<String, String> problems = new TreeMap<>();
    private final List<Consumer<Health>> listeners = new CopyOnWriteArrayList<>();
    private final ReentrantLock telling = new ReentrantLock();
    private final ReentrantLock ending = new ReentrantLock();
    private @Nullable KubeApi api;
    private @Nullable Subscription etcdProblems;
    private @Nullable VpcPlace vpcPlace;
    private volatile boolean stopped;

    LocalControlPlane(
            Launch launch,
            String version,
            ClusterPki pki,
            ClusterFiles files,
            Processes processes,
            EtcdServer etcd,
            VpcPlaces vpcPlaces,
            Optional<Path> coreDns,
            Optional<String> coreDnsImage) {
        this.launch = launch;
        this.version = version;
        this.pki = pki;
        this.files = files;
        this.processes = processes;
        this.etcd = etcd;
        this.vpcPlaces = vpcPlaces;
        this.coreDns = coreDns;
        this.coreDnsImage = coreDnsImage;
    }

    /** Starts all and returns when the API server answers; what was begun ends when it does not. */
    void start(Function<KubeAccess, KubeApi> kubeApis, Consumer<String> progress)
            throws ControlPlaneFailed, InterruptedException, IOException, GeneralSecurityException {
        boolean good = false;
        try {
            long began = System.nanoTime();
            progress.accept("starting the API server");
            var apiServer = launch.apiServer();
            run("kube-apiserver", apiServer);
            // While it comes up.
            vpcPlace = vpcPlaces.take(launch.plan(), launch.port()).orElse(null);
            boolean settled = files.settled(version);
            awaitReady(new ReadyProbe(launch.endpoint(), pki), settled, apiServer);
            long ready = System.nanoTime();
            progress.accept("starting the controllers and the scheduler");
            run("kube-controller-manager", launch.controllerManager());
            run("kube-scheduler", launch.scheduler());
            startServices();
            if (!settled) {
                files.writeSettled(version);
            }
            api =
                    kubeApis.apply(
                            new KubeAccess(
                                    launch.endpoint(),
                                    pki.authorityPem(),
                                    pki.admin().certificatePem(),
                                    pki.admin().keyPem()));
            etcdProblems = etcd.onProblem(problem -> changed("etcd", problem));
            log.info(
                    "control plane started cluster={} version={} endpoint={} apiReadyMillis={}",
                    launch.plan().clusterName(),
                    version,
                    launch.endpoint(),
                    Duration.ofNanos(ready - began).toMillis());
            good = true;
        } catch (ProcessFailed e) {
            throw new ControlPlaneFailed(e.getMessage() == null ? "" : e.getMessage(), e);
        } finally {
            if (!good) {
                stop();
            }
        }
    }

    /** Services and their names, in the VPC. A cluster whose names nobody answers still runs. */
    private void startServices() throws ProcessFailed, IOException {
        var place = vpcPlace;
        if (place == null) {
            return;
        }
        run("kube-proxy", launch.kubeProxy(place.namespace()));
        if (coreDns.isEmpty()) {
            changed("coredns", "not built: no berth-coredns beside berth-kube");
            return;
        }
        Pem.write(launch.folder().resolve("Corefile"), launch.corefile(place.resolver()));
        run("coredns", launch.coreDns(coreDns.get(), place.namespace()));
    }

    /** Whether it is this cluster's and has not been stopped. */
    boolean lives(String clusterId) {
        return !stopped && launch.plan().clusterId().equals(clusterId);
    }

    /** The process id of a component, or empty while it does not run. */
    java.util.OptionalLong pid(String component) {
        var found = components.get(component);
        return found == null ? java.util.OptionalLong.empty() : found.pid();
    }

    @Override
    public String endpoint() {
        return launch.endpoint();
    }

    @Override
    public String certificateAuthorityPem() {
        return pki.authorityPem();
    }

    @Override
    public String kubernetesVersion() {
        return version;
    }

    @Override
    public KubeApi api() {
        var made = api;
        if (made == null) {
            throw new IllegalStateException("not started");
        }
        return made;
    }

    @Override
    public String issuer() {
        return Launch.issuer(launch.plan());
    }

    @Override
    public Optional<String> coreDnsImage() {
        return coreDnsImage;
    }

    @Override
    public Health health() {
        telling.lock();
        try {
            var words = new ArrayList<String>();
            problems.forEach((component, problem) -> words.add(component + ": " + problem));
            return new Health(words);
        } finally {
            telling.unlock();
        }
    }

    @Override
    public Subscription onHealth(Consumer<Health> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    @Override
    public void stop() {
        ending.lock();
        try {
            if (stopped) {
                return;
            }
            stopped = true;
            var made = api;
            if (made != null) {
                made.close();
            }
            var told = etcdProblems;
            if (told != null) {
                told.close();
            }
            // Together: what a controller still wants to write while the API server ends is
            // decided again at the next start.
            try (var all = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor()) {
                List.copyOf(components.values()).forEach(each -> all.execute(() -> end(each)));
            }
            var place = vpcPlace;
            if (place != null) {
                place.close();
            }
        } finally {
            ending.unlock();
        }
    }

    private static void end(Component component) {
        try {
            component.stop(GRACE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run(String name, Program program) throws ProcessFailed {
        var component = new Component(processes, program, problem -> changed(name, problem));
        components.put(name, component);
        component.start();
    }

    private void awaitReady(ReadyProbe probe, boolean settled, Program apiServer)
            throws ControlPlaneFailed, InterruptedException {
        long until = System.nanoTime() + READY_WITHIN.toNanos();
        while (!probe.ready(settled)) {
            boolean ended = !health().ok();
            if (ended || System.nanoTime() > until) {
                throw new ControlPlaneFailed(
                        (ended ? "the API server ended: " : "the API server does not answer: ")
                                + LastWords.of(apiServer.logFile())
                                + " (log: "
                                + apiServer.logFile()
                                + ")",
                        null);
            }
            Thread.sleep(ReadyProbe.PAUSE);
        }
    }

    private void changed(String component, @Nullable String problem) {
        if (stopped) {
            return;
        }
        telling.lock();
        try {
            var before =
                    problem == null ? problems.remove(component) : problems.put(component, problem);
            if (!java.util.Objects.equals(before, problem)) {
                var now = health();
                listeners.forEach(listener -> listener.accept(now));
            }
        } finally {
            telling.unlock();
        }
    }
}
