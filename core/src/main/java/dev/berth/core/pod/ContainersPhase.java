package dev.berth.core.pod;

import dev.berth.core.pod.ContainerRun.End;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.ContainerState.Terminated;
import dev.berth.core.pod.PodStatus.ContainerStatus;
import dev.berth.core.pod.PodStatus.Phase;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Counts what a pod's containers do, which makes its phase. */
final class ContainersPhase {
    private final PodSpec spec;
    private int running;
    private int waiting;
    private int stopped;
    private int succeeded;
    private int comeBack;
    private int pendingInit;
    private int pendingSidecars;
    private boolean initFailed;

    private ContainersPhase(PodSpec spec) {
        this.spec = spec;
    }

    /**
     * The phase.
     *
     * @param init the init containers, in the order of the spec
     * @param others the containers, in any order
     * @param begun whether one of the others has ever run
     * @param over whether nothing will run again
     */
    static Phase of(
            PodSpec spec,
            List<ContainerStatus> init,
            List<ContainerStatus> others,
            boolean begun,
            boolean over) {
        var count = new ContainersPhase(spec);
        for (var index = 0; index < init.size(); index++) {
            var container = spec.initContainers().get(index);
            if (container.sidecar()) {
                count.sidecar(init.get(index));
            } else {
                count.init(container, init.get(index));
            }
        }
        others.forEach(count::other);
        return count.phase(begun, over);
    }

    private void init(Container container, ContainerStatus status) {
        var end = end(status);
        if (end == null) {
            pendingInit++;
        } else {
            initFailed |= end.exitCode() != 0 && !restarts(container, end);
        }
    }

    private void sidecar(ContainerStatus status) {
        switch (status.state()) {
            case ContainerState.Running _ -> {
                running++;
                pendingSidecars += Boolean.TRUE.equals(status.started()) ? 0 : 1;
            }
            case ContainerState.Waiting _ -> {
                if (status.lastState() == null) {
                    pendingSidecars++;
                    waiting++;
                }
            }
            case Terminated _ -> {}
        }
    }

    private void other(ContainerStatus status) {
        var end = end(status);
        if (end != null) {
            stopped++;
            succeeded += status.state() instanceof Terminated && end.exitCode() == 0 ? 1 : 0;
            comeBack += restarts(container(status.name()), end) ? 1 : 0;
        } else if (status.state() instanceof ContainerState.Running) {
            running++;
        } else {
            waiting++;
        }
    }

    private Phase phase(boolean begun, boolean over) {
        if (initFailed) {
            return Phase.FAILED;
        }
        if (pendingInit > 0 || (pendingSidecars > 0 && !begun) || waiting > 0) {
            return Phase.PENDING;
        }
        if (running > 0) {
            return Phase.RUNNING;
        }
        if (stopped == 0) {
            return Phase.PENDING;
        }
        if (!over && comeBack > 0) {
            return Phase.RUNNING;
        }
        return stopped == succeeded ? Phase.SUCCEEDED : Phase.FAILED;
    }

    private boolean restarts(@Nullable Container container, Terminated end) {
        return end.reason().equals(End.RESETTING)
                || container == null
                || RestartDecision.restarts(spec, container, end.exitCode());
    }

    private @Nullable Container container(String name) {
        return spec.containers().stream()
                .filter(container -> container.name().equals(name))
                .findFirst()
                .orElse(null);
    }

    /** How a container ended that does not run now, or null while it runs or never did. */
    private static @Nullable Terminated end(ContainerStatus status) {
        return switch (status.state()) {
            case ContainerState.Running _ -> null;
            case Terminated ended -> ended;
            case ContainerState.Waiting _ ->
                    status.lastState() instanceof Terminated ended ? ended : null;
        };
    }
}
