package dev.berth.core.pod;

/** What holds by a probe. */
public enum ProbeResult {
    /** Nothing was found out yet. */
    UNKNOWN,
    /** It is well. */
    SUCCESS,
    /** It is not. */
    FAILURE
}
