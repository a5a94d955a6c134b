package dev.berth.core.fault;

/**
 * Carries an {@link AwsFault} from the engine to the edge that answers it. Checked, so that a
 * caller's fault is never mistaken for a failure of the world; without a stack trace, because it
 * tells about the request and not about our code.
 */
public final class Refused extends Exception {
    private static final long serialVersionUID = 1L;

    /** The answer to give. */
    private final transient AwsFault fault;

    /** Wraps the answer to give. */
    public Refused(AwsFault fault) {
        super(fault.code() + ": " + fault.message(), null, false, false);
        this.fault = fault;
    }

    /** The answer to give. */
    public AwsFault fault() {
        return fault;
    }
}
