package dev.berth.core.size;

import dev.berth.core.pod.PodSpec;
import java.util.ArrayList;
import java.util.List;

/** What a pod gets on Fargate, or why nothing is large enough. Source: eks-fargate §3 */
public sealed interface Sizing {
    /** What Fargate adds to a pod's memory for kubelet, kube-proxy and containerd. §3.1 (D) */
    int RESERVED_MEBIBYTES = 256;

    /** What every pod gets without asking. Source: eks-fargate §3.8 (D) */
    int DEFAULT_STORAGE_GIBIBYTES = 20;

    /** The most that a pod may request. Source: eks-fargate §3.8 (D) */
    int MAX_STORAGE_GIBIBYTES = 175;

    /**
     * It fits.
     *
     * @param size the smallest size that holds it
     * @param storageGibibytes its disk, 20 to 202
     */
    record Provisioned(FargateSize size, int storageGibibytes) implements Sizing {}

    /**
     * Nothing is large enough.
     *
     * @param reasons at least one
     */
    record TooBig(List<Excess> reasons) implements Sizing {
        /** Copies the reasons. */
        public TooBig {
            reasons = List.copyOf(reasons);
        }
    }

    /** What is too big about a pod. */
    enum Excess {
        /** CPU or memory. Code and text are AWS's. Source: eks-fargate §3.6 (O) */
        CPU_OR_MEMORY(
                "POD_CPU_MEM_EXCEEDS_MAX_FARGATE_SIZE",
                "Your pod's cpu/memory requirements exceed the max Fargate configuration"),
        /** Ephemeral storage. Code and text are ours: AWS's are unknown. eks-fargate §16 */
        EPHEMERAL_STORAGE(
                "POD_EPHEMERAL_STORAGE_EXCEEDS_MAX_FARGATE_SIZE",
                "Your pod's ephemeral-storage requests exceed the maximum of 175 GiB");

        private final String code;
        private final String message;

        Excess(String code, String message) {
            this.code = code;
            this.message = message;
        }

        /** The reason code of the pod's condition. */
        public String code() {
            return code;
        }

        /** The text of the condition and the event. */
        public String message() {
            return message;
        }
    }

    /**
     * Decides.
     *
     * <p>For example 1 CPU and 8Gi: 8192 + 256 MiB do not fit the 8 GB that one vCPU comes with at
     * most, so 2 vCPU and 9 GB are provisioned. Source: eks-fargate §3.1, §3.2 (D)
     */
    static Sizing of(PodSpec spec) {
        var need = PodNeed.of(spec);
        var size =
                FargateSize.smallestFor(
                        need.cpu().milliRoundedUp(),
                        roundedUp(need.memory().unitsRoundedUp(), 1L << 20) + RESERVED_MEBIBYTES);
        var storageGibibytes = roundedUp(need.ephemeralStorage().unitsRoundedUp(), 1L << 30);
        var reasons = new ArrayList<Excess>();
        if (size.isEmpty()) {
            reasons.add(Excess.CPU_OR_MEMORY);
        }
        if (storageGibibytes > MAX_STORAGE_GIBIBYTES) {
            reasons.add(Excess.EPHEMERAL_STORAGE);
        }
        return size.isPresent() && reasons.isEmpty()
                ? new Provisioned(size.get(), provisionedStorage((int) storageGibibytes))
                : new TooBig(reasons);
    }

    /**
     * The disk for a request: 15 % more, rounded up to whole GiB, and never less than the default.
     * 100 GiB give 115. Source: eks-fargate §3.8 (D); how it rounds is our choice.
     */
    private static int provisionedStorage(int requestedGibibytes) {
        return Math.max(DEFAULT_STORAGE_GIBIBYTES, Math.ceilDiv(requestedGibibytes * 115, 100));
    }

    private static long roundedUp(long amount, long unit) {
        return Math.ceilDiv(Math.max(0, amount), unit);
    }
}
