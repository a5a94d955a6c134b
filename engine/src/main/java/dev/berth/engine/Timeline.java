package dev.berth.engine;

/**
 * Where the time of a pod's start goes: each step stamps the moment at which it was done. Stamping
 * is cheap, never blocks and never fails.
 */
public interface Timeline {
    /** Notes that a pod has come to a phase now; only the first stamp of a phase counts. */
    void stamp(String podUid, Phase phase);

    /** The steps of a pod's start, in the order of a good start. */
    enum Phase {
        /** Asked for; stamped by whoever creates the pod and wants to know, such as a benchmark. */
        CREATED,
        /** The admission webhook answered. */
        ADMITTED,
        /** The watch told of it. */
        SEEN,
        /** A size, a subnet and an address were chosen. */
        PLACED,
        /** Its Node object exists. */
        NODE,
        /** The Binding was accepted. */
        BOUND,
        /** The pod worker took it on. */
        TAKEN,
        /** Its namespaces are attached to the VPC. */
        NETWORK,
        /** Its images are here and laid out. */
        IMAGE,
        /** Its containers exist. */
        MADE,
        /** Its containers run. */
        STARTED,
        /** The API server knows that it is Running. */
        STATUS
    }

    /** Forgets every stamp. */
    Timeline NONE = (_, _) -> {};
}
