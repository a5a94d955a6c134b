package dev.berth.engine.clusters;

import dev.berth.core.cluster.Cluster;
import dev.berth.core.cluster.Cluster.Access;
import dev.berth.core.cluster.Cluster.Issue;
import dev.berth.core.cluster.Cluster.Status;
import dev.berth.core.cluster.ServiceRange;
import dev.berth.engine.account.ClusterSecurityGroups;
import dev.berth.port.ControlPlanes;
import dev.berth.port.ControlPlanes.ControlPlane;
import dev.berth.port.ControlPlanes.ControlPlaneFailed;
import dev.berth.port.ControlPlanes.Health;
import dev.berth.port.ControlPlanes.Plan;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.Store.StoreUnavailable;
import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One cluster's life as long as Berth runs: brings its control plane up, keeps it, and takes it
 * down when asked to. One virtual thread of its own does the work; any thread may state a wish. A
 * wish to stop is never overwritten.
 */
final class ClusterLife {
    private static final Logger log = LoggerFactory.getLogger(ClusterLife.class);

    /** First pause after a failure; it doubles up to {@link #PAUSE_MAX}. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private static final Duration PAUSE_MAX = Duration.ofSeconds(30);

    private static final int APPLY_TRIES_MAX = 10;

    /** How long {@link #join} waits for listeners and processes to end. */
    private static final Duration END_MAX = Duration.ofSeconds(60);

    /** What all lives share. */
    record Surroundings(
            ClusterRecords records,
            ControlPlanes planes,
            ClusterSecurityGroups groups,
            ApiAddresses addresses,
            ClusterGuard guard,
            List<ClusterListener> listeners,
            Time time) {}

    /** What shall become of the cluster. */
    enum Wish {
        /** It runs. */
        RUN,
        /** It is removed with all it has stored. */
        DELETE,
        /** Its processes end and its data stay. */
        STOP
    }

    private record Up(RunningCluster cluster, ControlPlane plane, Subscription health) {}

    private final Cluster known;
    private final String name;
    private final Surroundings around;
    private final Runnable afterRemoval;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wishChanged = lock.newCondition();
    private Wish wish;
    private boolean interruptible;
    private volatile @Nullable RunningCluster running;
    private volatile List<Issue> troubles = List.of();
    private volatile String progress = "";

    /**
     * A life that begins with {@link #begin}.
     *
     * @param known the cluster, in whatever form; its id tells it from others of its name
     * @param afterRemoval run once the cluster's record is gone
     */
    ClusterLife(Cluster known, Wish wish, Surroundings around, Runnable afterRemoval) {
        this.known = known;
        this.name = known.name();
        this.wish = wish;
        this.around = around;
        this.afterRemoval = afterRemoval;
        this.thread = Thread.ofVirtual().name("cluster-" + name).unstarted(this::live);
    }

    void begin() {
        thread.start();
    }

    /** The cluster while its API server answers. */
    Optional<RunningCluster> running() {
        return Optional.ofNullable(running);
    }

    /** What is wrong at this moment. */
    List<Issue> troubles() {
        return troubles;
    }

    /** What is being done, for people; empty when nothing is. */
    String progress() {
        return progress;
    }

    /** States a wish; a stop stays. */
    void wish(Wish next) {
        lock.lock();
        try {
            if (wish == Wish.STOP || wish == next) {
                return;
            }
            wish = next;
            wishChanged.signalAll();
            if (interruptible) {
                thread.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits, though not for ever, until the thread has ended. */
    void join() throws InterruptedException {
        if (!thread.join(END_MAX)) {
            log.warn("cluster does not end cluster={} waited={}", name, END_MAX);
        }
    }

    private void live() {
        try {
            while (true) {
                switch (wish()) {
                    case RUN -> run();
                    case DELETE -> {
                        if (remove()) {
                            return;
                        }
                    }
                    case STOP -> {
                        return;
                    }
                }
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error bug) {
            log.error("cluster's thread ended unexpectedly cluster={}", name, bug);
            troubles = List.of(internal(bug));
        }
    }

    /** What nobody has foreseen is told loudly, and is a failure like others. */
    private void unexpected(String what, Throwable bug) {
        log.error("{} cluster={}", what, name, bug);
        troubles = List.of(internal(bug));
    }

    // ---- up -----------------------------------------------------------------------------------

    /** Brings it up and keeps it until the wish changes. */
    private void run() throws InterruptedException {
        var up = bringUp();
        awaitOtherThan(Wish.RUN);
        up.ifPresent(this::takeDown);
    }

    /** Tries until it is up; empty when it has failed for good or shall not run any more. */
    private Optional<Up> bringUp() throws InterruptedException {
        for (var pause = PAUSE; wish() == Wish.RUN; pause = longer(pause)) {
            var begun = around.time.nanos();
            try {
                var cluster = around.records.again(known);
                if (cluster.isEmpty() || !runs(cluster.get().status())) {
                    return Optional.empty();
                }
                var up = start(cluster.get());
                log.info(
                        "cluster is up cluster={} kubernetes={} took_ms={}",
                        name,
                        up.cluster.kubernetesVersion(),
                        (around.time.nanos() - begun) / 1_000_000);
                return Optional.of(up);
            } catch (ControlPlaneFailed | KubeRefused | KubeUnavailable failed) {
                log.warn("cluster does not start cluster={} why={}", name, failed.getMessage());
                troubles = List.of(issue("ClusterUnreachable", failed.getMessage()));
                if (failedForGood(failed)) {
                    return Optional.empty();
                }
            } catch (StoreUnavailable away) {
                log.warn("records cannot be reached cluster={} why={}", name, away.getMessage());
            } catch (InterruptedException otherWish) {
                continue;
            } catch (RuntimeException | Error bug) {
                unexpected("cluster does not start, unexpectedly", bug);
                if (failedForGood(bug)) {
                    return Optional.empty();
                }
            } finally {
                progress = "";
            }
            pause(pause, Wish.RUN);
        }
        return Optional.empty();
    }

    /** A cluster that never was ACTIVE fails as AWS's do; one that was is tried again. */
    private boolean failedForGood(Throwable why) {
        try {
            var left = around.records.update(known, cluster -> failed(cluster, why));
            return left.isEmpty() || !runs(left.get().status());
        } catch (StoreUnavailable away) {
            log.warn("failure is not recorded cluster={} why={}", name, away.getMessage());
            return false;
        }
    }

    private Cluster failed(Cluster cluster, Throwable why) {
        return cluster.status() == Status.CREATING
                ? cluster.to(Status.FAILED).ailing(List.of(internal(why)))
                : cluster;
    }

    private static boolean runs(Status status) {
        return switch (status) {
            case CREATING, ACTIVE, UPDATING -> true;
            case DELETING, FAILED -> false;
        };
    }

    private Up start(Cluster asked) throws ControlPlaneFailed, KubeRefused, InterruptedException {
        ensureSecurityGroup(asked);
        var cluster = around.addresses.ensure(asked);
        var plane = interruptibly(Wish.RUN, () -> around.planes.start(planOf(cluster), this::note));
        var told = new ArrayDeque<ClusterListener>();
        var health = plane.onHealth(this::observe);
        try {
            observe(plane.health());
            applyObjects(cluster, plane);
            var up =
                    new RunningCluster(
                            name,
                            cluster.arn(),
                            cluster.accountId(),
                            cluster.region(),
                            plane.kubernetesVersion(),
                            cluster.config().vpcId(),
                            ServiceRange.parse(cluster.config().serviceIpv4Cidr()).orElseThrow(),
                            plane.api());
            for (var listener : around.listeners) {
                told.push(listener);
                listener.started(up);
            }
            running = up;
            around.records.update(known, present -> active(present, plane));
            return new Up(up, plane, health);
        } catch (KubeRefused | InterruptedException | RuntimeException | Error failed) {
            running = null;
            told.forEach(this::letGo);
            health.close();
            plane.stop();
            throw failed;
        }
    }

    /** An API server that has just come up may still turn a request away. */
    private void applyObjects(Cluster cluster, ControlPlane plane)
            throws KubeRefused, InterruptedException {
        var objects = ControlPlaneObjects.YAML + ControlPlaneObjects.names(cluster.config());
        if (cluster.status() == Status.CREATING
                && Boolean.TRUE.equals(cluster.config().bootstrapSelfManagedAddons())) {
            // Once: from then on they are the users', to be changed and to be deleted.
            objects += plane.coreDnsImage().map(ControlPlaneObjects::coreDns).orElse("");
        }
        for (var attempt = 1; ; attempt++) {
            try {
                plane.api().apply(objects);
                MetricsObjects.ensure(plane.api());
                return;
            } catch (KubeUnavailable notYet) {
                if (attempt == APPLY_TRIES_MAX) {
                    throw notYet;
                }
            }
            pause(PAUSE, Wish.RUN);
            if (wish() != Wish.RUN) {
                throw new InterruptedException("cluster " + name + " is wished otherwise");
            }
        }
    }

    private void ensureSecurityGroup(Cluster cluster) {
        if (cluster.config().clusterSecurityGroupId() == null) {
            var id = around.groups.create(name, cluster.config().vpcId());
            around.records.update(
                    known, present -> present.with(present.config().withClusterSecurityGroup(id)));
        }
    }

    private static Cluster active(Cluster present, ControlPlane plane) {
        var reached =
                present.reachedBy(
                        new Access(
                                plane.endpoint(),
                                plane.certificateAuthorityPem(),
                                plane.issuer(),
                                plane.kubernetesVersion()));
        return present.status() == Status.CREATING ? reached.to(Status.ACTIVE) : reached;
    }

    private static Plan planOf(Cluster cluster) {
        return new Plan(
                cluster.name(),
                cluster.id(),
                cluster.arn(),
                cluster.region(),
                cluster.accountId(),
                cluster.runVersion(),
                cluster.config().serviceIpv4Cidr(),
                cluster.config().vpcId(),
                cluster.config().apiAddress());
    }

    private void note(String step) {
        progress = step;
        log.info("cluster starts cluster={} step={}", name, step);
    }

    private void observe(Health health) {
        var now =
                health.problems().stream()
                        .map(problem -> issue("InternalFailure", problem))
                        .toList();
        if (!now.equals(troubles) && !now.isEmpty()) {
            log.warn("control plane ails cluster={} problems={}", name, health.problems());
        }
        troubles = now;
    }

    private Issue internal(Throwable why) {
        return issue(
                "InternalFailure", why.getMessage() == null ? why.toString() : why.getMessage());
    }

    private Issue issue(String code, @Nullable String message) {
        return new Issue(code, message == null ? code : message, List.of(name));
    }

    // ---- down ---------------------------------------------------------------------------------

    private void takeDown(Up up) {
        around.listeners.reversed().forEach(this::letGo);
        running = null;
        up.health.close();
        try {
            up.plane.stop();
        } catch (RuntimeException failed) {
            // What comes next, a deletion or Berth's end, ends the processes too.
            log.error("control plane does not stop cluster={}", name, failed);
        }
        troubles = List.of();
        log.info("cluster is down cluster={}", name);
    }

    private void letGo(ClusterListener listener) {
        try {
            listener.stopping(name);
        } catch (RuntimeException | Error failed) {
            log.error("a listener failed to let go cluster={}", name, failed);
        }
    }

    /**
     * Removes all that the cluster has, its record last; tries until it is done, which it tells, or
     * Berth ends. Once the record is gone the name may be in use again.
     */
    private boolean remove() throws InterruptedException {
        for (var pause = PAUSE; wish() == Wish.DELETE; pause = longer(pause)) {
            try {
                var cluster = around.records.again(known);
                if (cluster.isPresent()) {
                    removeParts(cluster.get());
                }
                afterRemoval.run();
                log.info("cluster is deleted cluster={}", name);
                return true;
            } catch (ControlPlaneFailed | StoreUnavailable failed) {
                log.warn("cluster is not deleted yet cluster={} why={}", name, failed.getMessage());
                troubles = List.of(internal(failed));
            } catch (InterruptedException otherWish) {
                continue;
            } catch (RuntimeException | Error bug) {
                unexpected("cluster is not deleted yet, unexpectedly", bug);
            }
            pause(pause, Wish.DELETE);
        }
        return false;
    }

    private void removeParts(Cluster cluster) throws ControlPlaneFailed, InterruptedException {
        interruptibly(
                Wish.DELETE,
                () -> {
                    around.planes.delete(name);
                    return name;
                });
        var group = cluster.config().clusterSecurityGroupId();
        if (group != null && !group.isEmpty()) {
            around.groups.delete(group);
        }
        // Before the record goes: afterwards the name may belong to another cluster.
        around.guard.reopen(name);
        around.records.remove(known);
        around.addresses.forget(known);
    }

    // ---- wishes -------------------------------------------------------------------------------

    private Wish wish() {
        lock.lock();
        try {
            return wish;
        } finally {
            lock.unlock();
        }
    }

    private void awaitOtherThan(Wish present) throws InterruptedException {
        lock.lock();
        try {
            while (wish == present) {
                wishChanged.await();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a time, or less when the wish changes. */
    private void pause(Duration span, Wish present) throws InterruptedException {
        var over = new boolean[1];
        var timer =
                around.time.after(
                        span,
                        () -> {
                            lock.lock();
                            try {
                                over[0] = true;
                                wishChanged.signalAll();
                            } finally {
                                lock.unlock();
                            }
                        });
        lock.lock();
        try {
            while (wish == present && !over[0]) {
                wishChanged.await();
            }
        } finally {
            lock.unlock();
            timer.close();
        }
    }

    private static Duration longer(Duration pause) {
        var doubled = pause.multipliedBy(2);
        return doubled.compareTo(PAUSE_MAX) > 0 ? PAUSE_MAX : doubled;
    }

    /** Work that a wish other than this may interrupt; nothing else is ever interrupted. */
    private <T> T interruptibly(Wish present, Work<T> work)
            throws ControlPlaneFailed, InterruptedException {
        lock.lock();
        try {
            if (wish != present) {
                throw new InterruptedException("cluster " + name + " is wished otherwise");
            }
            interruptible = true;
        } finally {
            lock.unlock();
        }
        try {
            return work.run();
        } finally {
            lock.lock();
            try {
                interruptible = false;
                // Work that ended just before the interruption must not leave the mark behind for
                // the next wait; the wish itself is read again by the caller.
                if (wish != present) {
                    Thread.interrupted();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    @FunctionalInterface
    private interface Work<T> {
        T run() throws ControlPlaneFailed, InterruptedException;
    }
}
