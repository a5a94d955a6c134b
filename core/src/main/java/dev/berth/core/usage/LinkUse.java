package dev.berth.core.usage;

/**
 * What passed a pod's network link since it was made, as seen from inside the pod.
 *
 * @param name the link's name in the pod, {@code eth0}
 * @param received what came
 * @param sent what went
 */
public record LinkUse(String name, Traffic received, Traffic sent) {
    /**
     * The same link, as seen from its other end: what goes out here comes in there.
     *
     * @param otherName what it is called there
     */
    public LinkUse seenFromTheOtherEnd(String otherName) {
        var comesIn = sent;
        var goesOut = received;
        return new LinkUse(otherName, comesIn, goesOut);
    }

    /**
     * One direction.
     *
     * @param bytes bytes
     * @param packets packets
     * @param errors packets that were broken
     * @param dropped packets that were thrown away
     */
    public record Traffic(long bytes, long packets, long errors, long dropped) {}
}
