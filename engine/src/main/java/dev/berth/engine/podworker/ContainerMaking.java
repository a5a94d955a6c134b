package dev.berth.engine.podworker;

import dev.berth.core.node.PlacedNode;
import dev.berth.core.node.PodPlace;
import dev.berth.core.pod.ConfigProblem;
import dev.berth.core.pod.Container;
import dev.berth.core.pod.ContainerResources;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodWords;
import dev.berth.port.ContainerRuntime.ContainerPlan;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import dev.berth.port.Images.Image;
import dev.berth.port.Images.PullFailed;
import dev.berth.port.PodFiles.FilesFailed;
import org.jspecify.annotations.Nullable;

/**
 * Makes one container of a pod, up to where it only needs to be started. Containers of a pod may be
 * made side by side.
 */
final class ContainerMaking {
    /** The reason of a container whose configuration is not all there. */
    static final String NOT_CONFIGURED = "CreateContainerConfigError";

    private final Surroundings around;
    private final PodPlace node;
    private final ContainerPlans plans;

    ContainerMaking(Surroundings around, ContainerPlans plans, PodPlace node) {
        this.around = around;
        this.node = node;
        this.plans = plans;
    }

    /** What came of it. */
    sealed interface Made {
        /** It can be started. */
        record Ready(ContainerPlan plan) implements Made {}

        /** It could not be made, and may be another time. */
        record NotMade(String reason, String message) implements Made {}

        /** Its program cannot be started, which counts as a run that failed. */
        record Unstartable(int attempt, String message) implements Made {}
    }

    /**
     * Makes it; what was begun and did not work is away again.
     *
     * @param processesOf the container whose processes it sees, or null
     */
    Made make(
            Pod pod,
            Container container,
            int attempt,
            Image image,
            PodGround.Readings readings,
            @Nullable String processesOf)
            throws InterruptedException {
        var machine = around.machine();
        var id = ContainerPlans.id(pod.uid(), container.name(), attempt);
        var limit = ContainerResources.cpuQuotaMicros(container);
        if (node instanceof PlacedNode
                && around.settings().cpuLimitsMustFit()
                && limit > node.cpuMillis() * 100L) {
            return new Made.Unstartable(
                    attempt,
                    PodWords.cpuLimitTooLarge(pod, ContainerResources.qosClass(pod.spec()), limit));
        }
        try {
            var variables = plans.variables(pod, container, readings);
            var rootfs = machine.images().mount(image, id, plans.users());
            var plan = plans.plan(pod, container, attempt, image, rootfs, variables, processesOf);
            machine.runtime().create(plan);
            return new Made.Ready(plan);
        } catch (ConfigProblem | FilesFailed e) {
            clear(id);
            return new Made.NotMade(NOT_CONFIGURED, String.valueOf(e.getMessage()));
        } catch (PullFailed e) {
            clear(id);
            return new Made.NotMade("CreateContainerError", String.valueOf(e.getMessage()));
        } catch (RuntimeFailed e) {
            clear(id);
            var message = readable(String.valueOf(e.getMessage()), id, container.name());
            return e.containersFault() || blamesTheProgram(message)
                    ? new Made.Unstartable(attempt, message)
                    : new Made.NotMade("CreateContainerError", message);
        }
    }

    /** Takes a container away that is not to run. */
    void clear(String id) throws InterruptedException {
        around.machine().runtime().remove(id);
        around.machine().images().unmount(id);
    }

    /**
     * Whether a runtime's words are about the program that the container is to run. A runtime that
     * knows says so itself; crun's words do without.
     */
    private static boolean blamesTheProgram(String message) {
        return message.contains("executable file") || message.contains("open executable");
    }

    /** Ids in messages keep equal events apart; a kubelet puts the name in their place. */
    static String readable(String message, String id, String name) {
        return message.replace(id, name);
    }
}
