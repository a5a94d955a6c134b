package dev.berth.engine.podworker;

import dev.berth.core.pod.ContainerRun;
import dev.berth.core.pod.PodStatuses;
import dev.berth.port.ContainerRuntime;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a pod on that may have run before Berth was started: finds out what is there of it. It may
 * be tried again when the machine does not answer. Owned by the pod's thread.
 */
final class PodAdoption {
    private static final Logger LOG = LoggerFactory.getLogger(PodAdoption.class);

    private final Surroundings around;
    private final PodLedger ledger;
    private final PodMailbox box;
    private final PodGround ground;
    private final ProcessHolder holder;
    private final PodProbes probes;
    private final StartTries tries;

    PodAdoption(
            Surroundings around,
            PodLedger ledger,
            PodMailbox box,
            PodGround ground,
            ProcessHolder holder,
            PodProbes probes,
            StartTries tries) {
        this.around = around;
        this.ledger = ledger;
        this.box = box;
        this.ground = ground;
        this.holder = holder;
        this.probes = probes;
        this.tries = tries;
    }

    /**
     * Takes it on.
     *
     * @param found the pod's containers that the machine had at Berth's start
     */
    void adopt(List<ContainerRuntime.Container> found) throws InterruptedException {
        var pod = ledger.pod();
        ground.adopt(around.machine().network().sandbox(pod.uid()).orElse(null));
        var ours = new ArrayList<ContainerRun>();
        var existing = new LinkedHashSet<String>();
        for (var listed : found) {
            var container = again(listed);
            if (container.state() == ContainerRuntime.State.CREATED) {
                // Made and never started: the crash came between. It is made anew.
                around.machine().runtime().remove(container.id());
                around.machine().images().unmount(container.id());
                around.claims().release(container.id());
                continue;
            }
            if (container.name().equals(ProcessHolder.NAME)) {
                existing.add(container.id());
                around.claims().claim(container.id(), box);
                holder.adopt(container);
                continue;
            }
            existing.add(container.id());
            around.claims().claim(container.id(), box);
            var run = run(container);
            var exit = container.exit();
            ours.add(exit == null ? run : run.endedBy(ledger.end(run, exit)));
        }
        var known = PodStatuses.adopted(pod, ours, ground.attached());
        for (var run : known) {
            if (run.running()) {
                pod.status()
                        .everyContainer()
                        .filter(reported ->
                                Objects.equals(reported.containerId(), run.containerId()))
                        .forEach(reported -> probes.adopt(run, reported));
            }
        }
        ledger.adopted(known, existing);
        if (!ground.attached() && known.stream().anyMatch(run -> !run.current())) {
            ledger.event(
                    false,
                    "SandboxChanged",
                    "Pod sandbox changed, it will be killed and re-created.");
        }
        ledger.show();
    }

    /**
     * What became of a container meanwhile that was made and not started when it was listed: the
     * start that an earlier life had asked for may have gone on without it.
     */
    private ContainerRuntime.Container again(ContainerRuntime.Container listed)
            throws InterruptedException {
        if (listed.state() != ContainerRuntime.State.CREATED) {
            return listed;
        }
        try {
            return around.machine().runtime().list().stream()
                    .filter(container -> container.id().equals(listed.id()))
                    .findFirst()
                    .orElse(listed);
        } catch (RuntimeFailed e) {
            LOG.info("container not looked at again id={} cause={}", listed.id(), e.getMessage());
            return listed;
        }
    }

    private ContainerRun run(ContainerRuntime.Container container) {
        var wanted = ledger.container(container.name());
        if (wanted != null) {
            tries.image(
                    wanted.name(),
                    container.image().isEmpty() ? wanted.image() : container.image());
        }
        var named =
                !container.image().isEmpty()
                        ? container.image()
                        : wanted == null ? null : wanted.image();
        var image = named == null ? null : around.machine().images().find(named).orElse(null);
        return new ContainerRun(
                container.name(),
                container.attempt(),
                ledger.fullId(container.id()),
                container.startedAt() == null ? container.createdAt() : container.startedAt(),
                null,
                image == null ? "" : image.reference(),
                image == null ? "" : image.repoDigest(),
                true,
                ContainerPlans.identity(container.user()));
    }
}
