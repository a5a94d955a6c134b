package dev.berth.testkit;

import dev.berth.port.ControlPlanes;
import dev.berth.port.KubeApi;
import dev.berth.port.Subscription;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Control planes in memory: they start at once unless held, fail when told to, and keep their API
 * server from one start to the next, as data outlives processes. Any thread may call.
 */
public final class FakeControlPlanes implements ControlPlanes {
    private final List<String> versions;
    private final Function<Plan, KubeApi> apis;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<String, KubeApi> kept = new TreeMap<>();
    private final Map<String, Plane> up = new HashMap<>();
    private final Set<String> held = new HashSet<>();
    private final Map<String, ArrayDeque<String>> startFailures = new HashMap<>();
    private final Map<String, ArrayDeque<String>> deleteFailures = new HashMap<>();
    private final List<String> calls = new ArrayList<>();

    /**
     * Planes of the given versions.
     *
     * @param versions oldest first; the last one is the default
     * @param apis makes the API server of a cluster that has none yet
     */
    public FakeControlPlanes(List<String> versions, Function<Plan, KubeApi> apis) {
        this.versions = List.copyOf(versions);
        this.apis = apis;
    }

    @Override
    public List<String> versions() {
        return versions;
    }

    @Override
    public String defaultVersion() {
        return versions.getLast();
    }

    @Override
    public ControlPlane start(Plan plan, Consumer<String> progress)
            throws ControlPlaneFailed, InterruptedException {
        progress.accept("starting kube-apiserver");
        var name = plan.clusterName();
        lock.lockInterruptibly();
        try {
            note("start " + name + " " + plan.version());
            while (held.contains(name)) {
                changed.await();
            }
            fail(startFailures, name);
            var present = up.get(name);
            if (present != null) {
                return present;
            }
            var plane = new Plane(plan, kept.computeIfAbsent(name, fresh -> apis.apply(plan)));
            up.put(name, plane);
            return plane;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void delete(String clusterName) throws ControlPlaneFailed, InterruptedException {
        lock.lockInterruptibly();
        try {
            note("delete " + clusterName);
            fail(deleteFailures, clusterName);
            up.remove(clusterName);
            kept.remove(clusterName);
        } finally {
            lock.unlock();
        }
    }

    // ---- the test's side ----------------------------------------------------------------------

    /** Makes starts of a cluster wait until {@link #release}. */
    public void hold(String clusterName) {
        inside(() -> held.add(clusterName));
    }

    /** Lets starts of a cluster go on. */
    public void release(String clusterName) {
        inside(() -> held.remove(clusterName));
    }

    /** Gives a cluster that has none yet its API server. */
    public void keep(String clusterName, KubeApi api) {
        inside(() -> kept.put(clusterName, api));
    }

    /** Makes the next start of a cluster that has no such failure yet fail so. */
    public void failNextStart(String clusterName, String message) {
        inside(() -> later(startFailures, clusterName, message));
    }

    /** Makes the next deletion of a cluster fail so. */
    public void failNextDelete(String clusterName, String message) {
        inside(() -> later(deleteFailures, clusterName, message));
    }

    /** Changes the health of a running control plane and tells its listeners. */
    public void ail(String clusterName, Health health) {
        Plane plane;
        lock.lock();
        try {
            plane = up.get(clusterName);
            if (plane == null) {
                throw new IllegalStateException("not running: " + clusterName);
            }
            plane.health = health;
        } finally {
            lock.unlock();
        }
        plane.listeners.forEach(listener -> listener.accept(health));
    }

    /** Forgets what runs, as when all processes have died; what was stored stays. */
    public void crash() {
        inside(up::clear);
    }

    /** Every call so far: {@code start lab 1.36}, {@code stop lab}, {@code delete lab}. */
    public List<String> calls() {
        lock.lock();
        try {
            return List.copyOf(calls);
        } finally {
            lock.unlock();
        }
    }

    /** The clusters that have stored something, by name. */
    public Set<String> kept() {
        lock.lock();
        try {
            return Set.copyOf(kept.keySet());
        } finally {
            lock.unlock();
        }
    }

    /** The clusters that run. */
    public Set<String> running() {
        lock.lock();
        try {
            return Set.copyOf(up.keySet());
        } finally {
            lock.unlock();
        }
    }

    private void note(String call) {
        calls.add(call);
        changed.signalAll();
    }

    private void inside(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private static void later(
            Map<String, ArrayDeque<String>> failures, String name, String message) {
        failures.computeIfAbsent(name, fresh -> new ArrayDeque<>()).add(message);
    }

    private static void fail(Map<String, ArrayDeque<String>> failures, String name)
            throws ControlPlaneFailed {
        var message = failures.getOrDefault(name, new ArrayDeque<>()).poll();
        if (message != null) {
            throw new ControlPlaneFailed(message, null);
        }
    }

    private final class Plane implements ControlPlane {
        private final Plan plan;
        private final KubeApi api;
        private final List<Consumer<Health>> listeners = new CopyOnWriteArrayList<>();
        private volatile Health health = Health.good();

        Plane(Plan plan, KubeApi api) {
            this.plan = plan;
            this.api = api;
        }

        @Override
        public String endpoint() {
            return "https://127.0.0.1:6443/" + plan.clusterName();
        }

        @Override
        public String certificateAuthorityPem() {
            return "-----BEGIN CERTIFICATE-----\n"
                    + plan.clusterName()
                    + "\n-----END CERTIFICATE-----\n";
        }

        @Override
        public String kubernetesVersion() {
            return "v" + plan.version() + ".3";
        }

        @Override
        public KubeApi api() {
            return api;
        }

        @Override
        public String issuer() {
            return "https://oidc.eks." + plan.region() + ".amazonaws.com/id/" + plan.clusterId();
        }

        @Override
        public Optional<String> coreDnsImage() {
            return Optional.of("berth.dev/coredns:v1.14.7");
        }

        @Override
        public Health health() {
            return health;
        }

        @Override
        public Subscription onHealth(Consumer<Health> listener) {
            listeners.add(listener);
            return () -> listeners.remove(listener);
        }

        @Override
        public void stop() {
            inside(() -> {
                note("stop " + plan.clusterName());
                up.remove(plan.clusterName());
            });
        }
    }
}
