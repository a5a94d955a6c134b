package dev.berth.edge.aws.wire;

import dev.berth.engine.account.signature.SignedRequest;

/** A request as it came: the part that signatures cover, and the body. */
public final class WireRequest {
    private final SignedRequest head;
    private final byte[] body;

    /** Takes the body without copying it. */
    public WireRequest(SignedRequest head, byte[] body) {
        this.head = head;
        this.body = body;
    }

    /** Method, path, query and headers. */
    public SignedRequest head() {
        return head;
    }

    /** The body's bytes; not to be changed. */
    public byte[] body() {
        return body;
    }
}
