package dev.berth.core.pod;

/**
 * A pod as the API server holds it, in the parts that Berth decides on.
 *
 * @param metadata who it is
 * @param spec what is wished for
 * @param status what was last reported
 */
public record Pod(PodMetadata metadata, PodSpec spec, PodStatus status) {
    /** The pod's name in its cluster. */
    public PodKey key() {
        return new PodKey(metadata.namespace(), metadata.name());
    }

    /** The pod's uid. */
    public String uid() {
        return metadata.uid();
    }

    /** Whether its deletion was asked for. */
    public boolean deleting() {
        return metadata.deletionTimestamp() != null;
    }
}
