package dev.berth.engine.scheduler;

import dev.berth.core.admission.Admission;
import dev.berth.core.network.Subnet;
import dev.berth.core.node.PlacedNode;
import dev.berth.core.placement.LaunchBackOff;
import dev.berth.core.placement.Placement.Outcome;
import dev.berth.core.placement.Placement.Waiting;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodKey;
import dev.berth.core.pod.Volume;
import dev.berth.core.profile.FargateProfile;
import dev.berth.core.profile.ProfileChoice;
import dev.berth.core.refusal.BoundVolume;
import dev.berth.core.refusal.Refusal;
import dev.berth.core.refusal.Refusal.Recheck;
import dev.berth.core.refusal.Runnability;
import dev.berth.engine.Timeline;
import dev.berth.engine.Timeline.Phase;
import dev.berth.engine.account.NetworkView;
import dev.berth.engine.account.RoleView;
import dev.berth.engine.clusters.RunningCluster;
import dev.berth.engine.nodes.FargateNodes;
import dev.berth.engine.nodes.Places;
import dev.berth.engine.profiles.ProfileView;
import dev.berth.engine.scheduler.Candidate.Pause;
import dev.berth.engine.scheduler.Candidate.Stage;
import dev.berth.engine.scheduler.Inbox.Mail;
import dev.berth.engine.scheduler.Inbox.Result;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.KubeApi.PodListener;
import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cluster's fargate-scheduler. One virtual thread owns the pods that wait: it takes all news at
 * once, judges what is new, places what can run in one round, and sends the rest to threads of
 * their own, one task for each pod at a time. Every look starts from the pod as it is, so anything
 * may happen twice, be lost, or be interrupted by a crash.
 */
public final class FargateScheduler implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FargateScheduler.class);

    /** Launches and tellings under way at once; each is a few requests. */
    private static final int TASKS_MAX = 32;

    private static final Duration EVERY_MINUTE = Duration.ofMinutes(1);
    private static final Duration END_AT_MOST = Duration.ofSeconds(10);

    private final RunningCluster cluster;
    private final KubeApi api;
    private final ProfileView profiles;
    private final NetworkView network;
    private final FargateNodes nodes;
    private final Places places;
    private final String architecture;
    private final Time time;
    private final Timeline timeline;
    private final Inbox inbox;
    private final ExecutorService threads =
            Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("launch-", 0).factory());
    private final Semaphore tasks = new Semaphore(TASKS_MAX);
    private final Tidings tidings;
    private final LaunchSettings settings;
    private final Launch launch;
    private final Thread owner;

    // Belong to the owner.
    private final Map<String, Candidate> candidates = new LinkedHashMap<>();
    private boolean synced;

    private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();
    private final AtomicBoolean claimsHeeded = new AtomicBoolean();

    /**
     * Does nothing before {@link #start}.
     *
     * @param nodes this cluster's nodes, started before
     * @param places what all clusters' pods hold
     * @param architecture the machine's, amd64 or arm64
     */
    public FargateScheduler(
            RunningCluster cluster,
            ProfileView profiles,
            NetworkView network,
            RoleView roles,
            FargateNodes nodes,
            Places places,
            String architecture,
            Time time,
            Timeline timeline) {
        this.cluster = cluster;
        this.api = cluster.api();
        this.profiles = profiles;
        this.network = network;
        this.nodes = nodes;
        this.places = places;
        this.architecture = architecture;
        this.time = time;
        this.timeline = timeline;
        this.inbox = new Inbox(nodes.busy());
        this.tidings = new Tidings(api, time);
        this.settings = new LaunchSettings(api, roles, time);
        this.launch = new Launch(api, nodes, settings, tidings, timeline, threads);
        this.owner = Thread.ofVirtual().name("scheduler-" + cluster.name()).unstarted(this::run);
    }

    /** Begins to look at pods. */
    public void start() {
        owner.start();
        subscriptions.add(places.onFreed(inbox::freed));
        subscriptions.add(api.watchPods(new Pods()));
    }

    /** Is told when profiles, subnets or roles may have changed: all that waits is looked at. */
    public void wake() {
        inbox.wake();
    }

    /** Only takes notes, on the watch's thread. */
    private final class Pods implements PodListener {
        @Override
        public void present(Pod pod) {
            if (!pod.spec().schedulerName().equals(Admission.FARGATE_SCHEDULER)) {
                return;
            }
            if (pod.spec().nodeName() == null && !pod.deleting() && !pod.status().phase().ended()) {
                timeline.stamp(pod.uid(), Phase.SEEN);
                inbox.present(pod);
            } else {
                leave(pod);
            }
        }

        @Override
        public void gone(Pod pod) {
            if (pod.spec().schedulerName().equals(Admission.FARGATE_SCHEDULER)) {
                leave(pod);
            }
        }

        private void leave(Pod pod) {
            if (pod.spec().nodeName() == null) {
                inbox.left(pod.uid());
            } else {
                inbox.gone(pod.uid());
            }
        }

        @Override
        public void synced() {
            nodes.whenKnown(inbox::synced);
        }
    }

    // ---- the owner ------------------------------------------------------------------------------

    private void run() {
        try {
            for (var mail = inbox.take(); mail != null; mail = inbox.take()) {
                read(mail);
                if (synced) {
                    round();
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error bug) {
            LOG.error("scheduler ended unexpectedly cluster={}", cluster.name(), bug);
            throw bug;
        } finally {
            candidates.values().forEach(Candidate::drop);
            inbox.over();
        }
    }

    private void read(Mail mail) {
        synced |= mail.synced();
        for (var uid : mail.gone()) {
            var candidate = candidates.remove(uid);
            if (candidate != null) {
                candidate.drop();
            }
        }
        // Only this thread gives places, so none comes after this: the nodes may have heard of the
        // pod's end before they heard of its place.
        mail.left().forEach(nodes::retire);
        mail.pods()
                .forEach((uid, pod) ->
                        candidates.computeIfAbsent(uid, _ -> new Candidate(pod)).update(pod));
        for (var done : mail.done()) {
            var candidate = candidates.get(done.podUid());
            if (candidate != null) {
                ended(candidate, done.result());
            }
        }
        for (var uid : mail.due()) {
            var candidate = candidates.get(uid);
            if (candidate != null && candidate.stage() == Stage.PAUSED) {
                candidate.look(false);
            }
        }
        for (var candidate : candidates.values()) {
            if (mail.woken()
                    || (mail.freed() && candidate.waitsForPlace)
                    || (mail.claimed() && namesClaims(candidate.pod()))) {
                candidate.nudge();
            }
        }
    }

    private void ended(Candidate candidate, Result result) {
        if (candidate.stage() != Stage.BUSY) {
            return;
        }
        switch (result) {
            case Result.ClaimsRead(var claims) -> {
                candidate.look(candidate.nudged);
                candidate.claims = claims;
            }
            case Result.Over() -> candidate.over();
            case Result.Blocked(var reason) ->
                    refuse(candidate, List.of(reason), reason.recheck(), false);
            case Result.Told() -> {
                var pause = candidate.pauseAfterTelling;
                pause(candidate, pause == null ? null : pause.time());
            }
            case Result.Later() -> {
                candidate.failures++;
                pause(candidate, LaunchBackOff.after(candidate.failures));
            }
        }
    }

    /** Waits that long, or for ever. */
    private void pause(Candidate candidate, @Nullable Duration span) {
        var uid = candidate.uid();
        if (span == null) {
            candidate.pause(Stage.REFUSED, () -> {});
        } else {
            candidate.pause(Stage.PAUSED, time.after(span, () -> inbox.due(uid)));
        }
    }

    // ---- a round --------------------------------------------------------------------------------

    /** Looks at all that is to be looked at, oldest first. */
    private void round() {
        var fresh =
                candidates.values().stream()
                        .filter(candidate -> candidate.stage() == Stage.FRESH)
                        .sorted(
                                Comparator.comparing(
                                                (Candidate one) -> one.pod().metadata().createdAt())
                                        .thenComparing(one -> one.pod().key().toString()))
                        .toList();
        if (fresh.isEmpty()) {
            return;
        }
        var known = new Situation();
        for (var candidate : fresh) {
            try {
                look(candidate, known);
            } catch (RuntimeException bug) {
                LOG.error("pod cannot be judged pod={}", candidate.pod().key(), bug);
                candidate.failures++;
                pause(candidate, LaunchBackOff.after(candidate.failures));
            }
        }
        place(known);
    }

    /** What one round knows, and what it has found ready. */
    private final class Situation {
        private final List<FargateProfile> active = profiles.active(cluster.name());
        private final Map<String, FargateProfile> used = new HashMap<>();
        private final Map<String, Subnet> subnets = new HashMap<>();
        private final Map<String, Ready> ready = new LinkedHashMap<>();

        List<Subnet> subnetsOf(FargateProfile profile) {
            used.put(profile.name(), profile);
            var found = new ArrayList<Subnet>();
            for (var id : profile.subnets()) {
                network.subnet(id).ifPresent(found::add);
            }
            found.forEach(subnet -> subnets.put(subnet.id(), subnet));
            return found;
        }
    }

    /** A pod that can run. */
    private record Ready(Candidate candidate, FargateProfile profile, Runnability.Runnable run) {}

    private void look(Candidate candidate, Situation known) {
        var pod = candidate.pod();
        var profile = profileOf(pod, known.active);
        if (profile.isEmpty()) {
            // Not authorised for Fargate, or its profile is not ACTIVE yet: it just stays Pending.
            // Source: eks-fargate §1.3 (D)
            candidate.failures++;
            candidate.waitsForPlace = false;
            pause(candidate, LaunchBackOff.after(candidate.failures));
            return;
        }
        var claims = candidate.claims;
        candidate.claims = null;
        if (claims == null && namesClaims(pod)) {
            begin(candidate, () -> readClaims(pod));
            return;
        }
        var subnets = known.subnetsOf(profile.get());
        var zones = new TreeSet<String>();
        subnets.forEach(subnet -> zones.add(subnet.availabilityZone()));
        var verdict =
                Runnability.judge(
                        pod,
                        profile.get().name(),
                        claims == null ? Map.of() : claims,
                        cluster.region(),
                        zones,
                        architecture);
        switch (verdict) {
            case Runnability.Refused refused ->
                    refuse(candidate, refused.reasons(), refused.recheck(), false);
            case Runnability.Runnable run -> {
                var earlier = nodes.placedPod(pod.uid());
                if (earlier.isPresent()) {
                    launch(candidate, profile.get(), earlier.get());
                } else {
                    known.ready.put(pod.uid(), new Ready(candidate, profile.get(), run));
                }
            }
        }
    }

    /** The profile that the pod's label names; without a label nobody has claimed it. */
    private static Optional<FargateProfile> profileOf(Pod pod, List<FargateProfile> active) {
        var labels = pod.metadata().labels();
        return labels.containsKey(ProfileChoice.PROFILE_LABEL)
                ? ProfileChoice.choose(active, pod.metadata().namespace(), labels)
                : Optional.empty();
    }

    private void place(Situation known) {
        if (known.ready.isEmpty()) {
            return;
        }
        var waiting =
                known.ready.values().stream()
                        .map(ready ->
                                new Waiting(
                                        ready.candidate().pod().key(),
                                        ready.candidate().uid(),
                                        ready.profile().name(),
                                        ready.run().size(),
                                        java.util.Set.copyOf(ready.run().zones())))
                        .toList();
        for (var outcome :
                places.take(cluster.name(), waiting, known.used.values(), known.subnets.values())) {
            switch (outcome) {
                case Outcome.Placed(var pod, var subnet, var address) -> {
                    var ready = known.ready.get(pod.uid());
                    if (ready != null) {
                        timeline.stamp(pod.uid(), Phase.PLACED);
                        launch(
                                ready.candidate(),
                                ready.profile(),
                                nodes.plan(
                                        pod.uid(),
                                        subnet,
                                        address,
                                        ready.run().size(),
                                        ready.run().storageGibibytes()));
                    }
                }
                case Outcome.NotPlaced(var pod, var reason) -> {
                    var ready = known.ready.get(pod.uid());
                    if (ready != null) {
                        refuse(ready.candidate(), List.of(reason), reason.recheck(), true);
                    }
                }
            }
        }
    }

    // ---- what is begun for one pod --------------------------------------------------------------

    private void launch(Candidate candidate, FargateProfile profile, PlacedNode placed) {
        var pod = candidate.pod();
        var loggingTold = candidate.loggingTold;
        begin(candidate, () -> launch.run(pod, profile, placed, loggingTold));
    }

    /**
     * Tells a pod why it is not launched, and lets it wait as the reasons allow.
     *
     * @param forPlace whether room or an address would help
     */
    private void refuse(
            Candidate candidate, List<Refusal> reasons, Recheck recheck, boolean forPlace) {
        var heardBefore = candidate.nudged && reasons.equals(candidate.told);
        candidate.waitsForPlace = forPlace;
        if (!heardBefore) {
            candidate.failures++;
        }
        var wait =
                switch (recheck) {
                    case NEVER -> null;
                    case EVERY_MINUTE -> EVERY_MINUTE;
                    case WITH_BACK_OFF -> LaunchBackOff.after(Math.max(1, candidate.failures));
                };
        if (heardBefore) {
            pause(candidate, wait);
            return;
        }
        candidate.told = reasons;
        candidate.pauseAfterTelling = new Pause(wait);
        var pod = candidate.pod();
        var loggingTold = candidate.loggingTold;
        begin(
                candidate,
                () -> {
                    if (forPlace && !loggingTold.get()) {
                        tidings.logging(pod, settings.fresh().logging());
                        loggingTold.set(true);
                    }
                    tidings.failed(pod, reasons);
                    return new Result.Told();
                });
    }

    private static boolean namesClaims(Pod pod) {
        return pod.spec().volumes().stream()
                .anyMatch(volume -> volume.source() instanceof Volume.Source.Claim);
    }

    private Result readClaims(Pod pod) {
        heedClaims();
        var claims = new HashMap<String, BoundVolume>();
        for (var volume : pod.spec().volumes()) {
            if (volume.source() instanceof Volume.Source.Claim(var name, var _)) {
                api.claim(pod.metadata().namespace(), name)
                        .ifPresent(claim ->
                                claims.put(
                                        name,
                                        new BoundVolume(claim.volumeName(), claim.csiDriver())));
            }
        }
        return new Result.ClaimsRead(claims);
    }

    /** From the first pod on that names a claim: most clusters have none. */
    private void heedClaims() {
        if (claimsHeeded.compareAndSet(false, true)) {
            subscriptions.add(api.watchClaims(inbox::claimed));
        }
    }

    private interface Task {
        Result run() throws KubeRefused, InterruptedException;
    }

    /** Begins something for a pod beside this thread; its end comes back as mail. */
    private void begin(Candidate candidate, Task task) {
        candidate.busy();
        var uid = candidate.uid();
        var key = candidate.pod().key();
        nodes.busy().begin();
        try {
            threads.execute(() -> {
                try {
                    tasks.acquire();
                    try {
                        inbox.done(uid, carriedOut(key, task));
                    } finally {
                        tasks.release();
                    }
                } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                } finally {
                    nodes.busy().end();
                }
            });
        } catch (RejectedExecutionException _) {
            nodes.busy().end();
            LOG.debug("closing, not begun pod={}", key);
        }
    }

    private static Result carriedOut(PodKey pod, Task task) throws InterruptedException {
        try {
            return task.run();
        } catch (KubeUnavailable e) {
            LOG.debug("API server away, will look again pod={} why={}", pod, e.getMessage());
            return new Result.Later();
        } catch (KubeRefused e) {
            // It is gone, or another has its name by now: the watch tells.
            LOG.debug("API server refused pod={} why={}", pod, e.getMessage());
            return new Result.Later();
        } catch (RuntimeException bug) {
            LOG.error("work for a pod failed unexpectedly pod={}", pod, bug);
            return new Result.Later();
        }
    }

    /** Ends the watch and what is under way; what was not done is done after the next start. */
    @Override
    public void close() {
        subscriptions.forEach(Subscription::close);
        inbox.close();
        threads.shutdownNow();
        try {
            if (!threads.awaitTermination(END_AT_MOST.toSeconds(), TimeUnit.SECONDS)
                    || !owner.join(END_AT_MOST)) {
                LOG.warn("scheduler does not end cluster={}", cluster.name());
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
