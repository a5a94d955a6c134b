package dev.berth.core.node;

/**
 * What all nodes on one machine have in common.
 *
 * @param region such as {@code eu-west-1}
 * @param osImage such as {@code Amazon Linux 2}
 * @param kernelVersion the kernel's release
 * @param containerRuntimeVersion such as {@code crun://1.8.1}
 * @param kubernetesVersion of the control plane, such as {@code v1.36.3}
 * @param architecture amd64 or arm64
 * @param bootId the machine's boot
 * @param userNamespaces whether pods can have users of their own
 */
public record HostFacts(
        String region,
        String osImage,
        String kernelVersion,
        String containerRuntimeVersion,
        String kubernetesVersion,
        String architecture,
        String bootId,
        boolean userNamespaces) {
    /** A machine whose pods have its users. */
    public HostFacts(
            String region,
            String osImage,
            String kernelVersion,
            String containerRuntimeVersion,
            String kubernetesVersion,
            String architecture,
            String bootId) {
        this(
                region,
                osImage,
                kernelVersion,
                containerRuntimeVersion,
                kubernetesVersion,
                architecture,
                bootId,
                false);
    }

    /**
     * What the kubelet calls itself: the control plane's version with a suffix as AWS's have one.
     * Source: eks-fargate §5.4 (O, D)
     */
    public String kubeletVersion() {
        return kubernetesVersion + "-eks-berth";
    }
}
