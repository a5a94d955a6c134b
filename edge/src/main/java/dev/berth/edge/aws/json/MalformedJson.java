package dev.berth.edge.aws.json;

/** The bytes are not one JSON value. */
public final class MalformedJson extends Exception {
    private static final long serialVersionUID = 1L;

    /** Says what is wrong, for people. */
    public MalformedJson(String message) {
        super(message, null, false, false);
    }
}
