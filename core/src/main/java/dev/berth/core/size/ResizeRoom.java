package dev.berth.core.size;

import dev.berth.core.pod.PodSpec;
import java.util.Optional;

/** Whether a running pod may be given other resources on the Fargate node made for it. */
public final class ResizeRoom {
    private ResizeRoom() {}

    /**
     * Why not, in a kubelet's words, or empty. A Fargate node is as large as was provisioned for
     * its pod and does not grow (our choice; what AWS does is not known).
     *
     * @param wanted the pod with the resources it wishes for
     * @param cpuMillis what the node has
     * @param memoryMebibytes what the node has
     */
    public static Optional<String> refusal(PodSpec wanted, long cpuMillis, long memoryMebibytes) {
        var need = PodNeed.of(wanted);
        var cpu = need.cpu().milliRoundedUp();
        if (cpu > cpuMillis) {
            return Optional.of(tooLittle("cpu", cpu, cpuMillis));
        }
        var memory = need.memory().unitsRoundedUp();
        var has = (memoryMebibytes - Sizing.RESERVED_MEBIBYTES) << 20;
        return memory > has ? Optional.of(tooLittle("memory", memory, has)) : Optional.empty();
    }

    private static String tooLittle(String resource, long requested, long capacity) {
        return "Node didn't have enough resource: %s, requested: %d, used: 0, capacity: %d"
                .formatted(resource, requested, capacity);
    }
}
