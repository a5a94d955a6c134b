package dev.berth.engine.podworker;

import dev.berth.core.node.PlacedNode;
import dev.berth.core.node.PodPlace;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodAdmission;
import dev.berth.core.pod.PodDecision;
import dev.berth.core.pod.PodObservation.Verdict;
import dev.berth.core.pod.PodWords;
import dev.berth.core.pod.StopPlan;
import dev.berth.core.tenancy.NodePreemption;
import dev.berth.core.usage.ProbeCounts;
import dev.berth.engine.Timeline;
import dev.berth.engine.podworker.PodGround.GroundFailed;
import dev.berth.port.ContainerRuntime;
import dev.berth.port.KubeApi.ConfigChange;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.Subscription;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One pod's life on this machine. One virtual thread owns everything here but the mailbox and
 * {@link #view}: it waits for mail, looks, decides and acts, and survives every failure of the
 * world by looking again later. What it knows is in its {@link PodLedger}; how things are done, in
 * the classes beside.
 */
final class PodWorker implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(PodWorker.class);

    private final Surroundings around;
    private final PodPlace node;
    private final PodMailbox box;
    private final List<ContainerRuntime.Container> found;
    private final Runnable forget;
    private final PodGround ground;
    private final PodProbes probes;
    private final PodLedger ledger;
    private final StartTries tries;
    private final Alarm alarm;
    private final PodAdoption adoption;
    private final ContainerStarts starts;
    private final ContainerStops stops;
    private final Restarts restarts;
    private final PodResizes resizes;
    private final VolumeRenewal volumes;
    private final PodEnd end;
    private final AtomicReference<@Nullable Verdict> evicted = new AtomicReference<>();
    private @Nullable Instant limitRetry;
    private boolean began;
    private boolean forgotten;
    private volatile boolean ended;

    PodWorker(
            Surroundings around,
            Pod pod,
            PodPlace node,
            List<ContainerRuntime.Container> found,
            PodMailbox box,
            Runnable forget) {
        this.around = around;
        this.node = node;
        this.found = found;
        this.box = box;
        this.forget = forget;
        var time = around.machine().time();
        var hooks = new LifecycleHooks(around, node);
        var reporter =
                new StatusReporter(
                        pod, around.api(), time, around.timeline(), around.busy(), box::poke);
        ground = new PodGround(around, pod, node);
        probes = new PodProbes(around, pod, node, box);
        alarm = new Alarm(time, box);
        ledger = new PodLedger(around, pod, node, ground, probes, reporter);
        tries = new StartTries(ledger);
        var holder = new ProcessHolder(around, ledger, box, ground);
        ledger.onExit(holder::ended);
        adoption = new PodAdoption(around, ledger, box, ground, holder, probes, tries);
        stops = new ContainerStops(around, ledger, box, probes, hooks, alarm);
        var plans = new ContainerPlans(around, ground, node);
        resizes = new PodResizes(around, node, plans, ground);
        ledger.resizes(resizes);
        starts =
                new ContainerStarts(
                        around, ledger, node, box, ground, holder, plans, resizes, hooks, tries,
                        alarm, stops);
        end = new PodEnd(around, ledger, box, probes, alarm);
        restarts = new Restarts(ledger, starts, stops, tries, end);
        volumes = new VolumeRenewal(ledger, box, ground);
    }

    PodLedger.View view() {
        return ledger.view();
    }

    /** Is told after every change of {@link #view}; closing ends that. Any thread may call. */
    Subscription watch(Runnable watcher) {
        return ledger.watch(watcher);
    }

    /** A ConfigMap or Secret has changed, which the pod's volumes may be made from. Any thread. */
    void configChanged(ConfigChange change) {
        volumes.changed(change);
    }

    /** How often its probes were asked. */
    List<ProbeCounts> probeCounts() {
        return probes.counts();
    }

    /** The pod uses more than it may, and has to go. Any thread. */
    void evict(Verdict why) {
        if (evicted.compareAndSet(null, why)) {
            box.poke();
        }
    }

    /** Whether this worker has ended, so that nothing more will be known. */
    boolean ended() {
        return ended;
    }

    PodMailbox box() {
        return box;
    }

    @Override
    public void run() {
        var pod = ledger.pod().key();
        try {
            box.poke();
            while (!forgotten) {
                var mail = box.take();
                try {
                    ledger.absorb(mail);
                    round();
                } catch (InterruptedException cut) {
                    if (box.closed()) {
                        throw cut;
                    }
                    box.poke();
                } catch (KubeUnavailable | UncheckedIOException e) {
                    LOG.info("the world failed, tried again pod={}", pod, e);
                    alarm.later();
                }
            }
        } catch (InterruptedException closed) {
            LOG.debug("worker stopped pod={}", pod);
        } catch (RuntimeException | Error bug) {
            LOG.error("worker ended by a fault of its own pod={}", pod, bug);
            throw bug;
        } finally {
            alarm.close();
            probes.close();
            ledger.close();
            ledger.released();
            if (forgotten && node instanceof PlacedNode) {
                around.starts().forget(node.nodeName());
            }
            ended = true;
            ledger.tellWatchers();
            forget.run();
            // Last: from here on this pod counts as nothing under way.
            box.over();
        }
    }

    // ---- one look

    private void round() throws InterruptedException {
        alarm.close();
        if (!ledger.adopted()) {
            resizes.adopt(ledger.pod());
            adoption.adopt(found);
            began = !found.isEmpty() || ledger.pod().status().startTime() != null;
            if (began && !ledger.pod().status().phase().ended()) {
                around.nodes().adopted(resizes.allocated(ledger.pod()), node);
            }
        }
        if (ledger.gone()) {
            stops.all();
            forgotten = end.removeEverything();
            if (forgotten) {
                around.nodes().ended(ledger.pod(), node);
            }
            return;
        }
        if (ledger.settled()) {
            if (ledger.pod().deleting()) {
                end.letGo();
            }
            return;
        }
        if (!began) {
            around.timeline().stamp(ledger.pod().uid(), Timeline.Phase.TAKEN);
            if (refuse()) {
                return;
            }
            began = true;
        }
        if (ledger.pod().status().phase().ended() || ledger.pod().deleting() || ledger.over()) {
            stops.all();
            settle();
            return;
        }
        if (pastDeadline()) {
            ledger.fails(new Verdict("DeadlineExceeded", PodWords.DEADLINE_EXCEEDED));
            ledger.event(false, "DeadlineExceeded", PodWords.DEADLINE_EXCEEDED);
            stops.all();
            settle();
            return;
        }
        var eviction = evicted.get();
        if (eviction != null) {
            ledger.fails(eviction);
            ledger.event(true, eviction.reason(), eviction.message());
            stops.all(eviction.equals(NodePreemption.VERDICT) ? null : StopPlan.EVICTED_SECONDS);
            settle();
            return;
        }
        if (around.nodes().waits(ledger.pod(), node)) {
            return;
        }
        live();
    }

    private void settle() throws InterruptedException {
        end.settle();
        if (ledger.settled()) {
            around.nodes().ended(ledger.pod(), node);
        }
    }

    private boolean refuse() {
        if (ledger.pod().deleting()) {
            return false;
        }
        var refusal =
                around.machine().runtime().hasAppArmor()
                        ? around.nodes().refusal(ledger.pod(), node)
                        : PodAdmission.appArmorRefusal(ledger.pod())
                                .or(() -> around.nodes().refusal(ledger.pod(), node));
        if (refusal.isEmpty()) {
            return false;
        }
        ledger.event(true, refusal.get().reason(), refusal.get().message());
        ledger.rejected(refusal.get().reason(), refusal.get().message());
        return true;
    }

    private boolean pastDeadline() {
        var deadline = deadline();
        return deadline != null && !ledger.now().isBefore(deadline);
    }

    private @Nullable Instant deadline() {
        var seconds = ledger.pod().spec().activeDeadlineSeconds();
        return seconds == null ? null : ledger.since().plusSeconds(seconds);
    }

    private void live() throws InterruptedException {
        probes.begin(!found.isEmpty());
        if (restarts.changed()) {
            box.poke();
            return;
        }
        if (volumes.awaitedHasCome()) {
            tries.configChanged();
            starts.tryNow();
        }
        if (restarts.resized(resizes.look(ledger.pod(), ledger.running()))) {
            box.poke();
            return;
        }
        var decision = decide();
        if (decision.over()) {
            stops.all();
            settle();
            return;
        }
        if (!decision.kill().isEmpty()) {
            restarts.failed(decision.kill());
            box.poke();
            return;
        }
        if (decision.reset().isPresent() && !ledger.now().isBefore(decision.reset().get())) {
            restarts.all();
            box.poke();
            return;
        }
        decision.waiting().forEach(tries::waits);
        var now = ledger.now();
        var due = decision.start().stream().filter(name -> !now.isBefore(tries.due(name))).toList();
        var blocked = starts.notBefore();
        if (!due.isEmpty() && (blocked == null || !now.isBefore(blocked))) {
            volumes.begins(ledger.pod().metadata());
            starts.start(due);
        }
        limitCpu();
        volumes.renew();
        ledger.report();
        end.removeSpent();
        lookAgain();
    }

    private PodDecision decide() {
        return PodDecision.of(
                ledger.pod().spec(), ledger.observed(), tries.backOffs(), ledger.now());
    }

    /** The CPU quota comes after the start, which it would make slow. */
    private void limitCpu() {
        if (ledger.running().isEmpty()) {
            return;
        }
        try {
            ground.limitCpu();
            limitRetry = null;
        } catch (GroundFailed e) {
            LOG.warn(
                    "CPU limit not set, tried again pod={} cause={}", ledger.pod().key(), e.text());
            limitRetry = ledger.now().plus(StartTries.CONTAINER_RETRY);
        }
    }

    /** Sets the alarm for whatever falls due next. */
    private void lookAgain() {
        var dues = new ArrayList<Instant>();
        var decision = decide();
        var now = ledger.now();
        // What is not to be done now must not be due: it would be looked at again and again.
        for (var name : decision.start()) {
            var due = tries.due(name);
            dues.add(due.equals(Instant.MIN) ? now : due);
        }
        decision.waiting().forEach(waiting -> dues.add(waiting.until()));
        decision.reset().ifPresent(due -> dues.add(due.equals(Instant.MIN) ? now : due));
        var blocked = starts.notBefore();
        if (blocked != null) {
            dues.replaceAll(due -> due.isBefore(blocked) ? blocked : due);
        }
        if (decision.over()) {
            dues.add(now);
        }
        add(dues, deadline());
        add(dues, volumes.due());
        add(dues, resizes.due());
        if (!ledger.running().isEmpty()) {
            add(dues, limitRetry);
        }
        dues.stream()
                .min(Instant::compareTo)
                .ifPresent(due -> alarm.in(Duration.between(ledger.now(), due)));
    }

    private static void add(List<Instant> dues, @Nullable Instant due) {
        if (due != null) {
            dues.add(due);
        }
    }
}
