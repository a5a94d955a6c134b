package dev.berth.engine.account.signature;

import dev.berth.core.identity.Principal;

/** What a check of a signature found. */
public sealed interface Verdict {
    /**
     * The signature is good.
     *
     * @param principal who signed
     * @param scope for what
     */
    record Accepted(Principal principal, Scope scope) implements Verdict {}

    /**
     * The signature is not good.
     *
     * @param reason which kind of fault
     * @param message a sentence for people, in AWS's words where they are commonly seen
     */
    record Rejected(Reason reason, String message) implements Verdict {}

    /** Kinds of fault; how each is told depends on the protocol. */
    enum Reason {
        /** There is no signature at all. */
        MISSING,
        /** A part of the signature is missing or has the wrong form. */
        INCOMPLETE,
        /** No such access key. */
        UNKNOWN_KEY,
        /** The session token is missing, wrong, or sent with a key that has none. */
        WRONG_TOKEN,
        /** The session has ended. */
        EXPIRED_TOKEN,
        /** It was signed too long ago. */
        EXPIRED,
        /** It was signed in the future. */
        NOT_YET_CURRENT,
        /** Day, region or service of the scope is not the request's. */
        WRONG_SCOPE,
        /** The body is not the one that was signed, or is signed in a way we do not check. */
        WRONG_PAYLOAD,
        /** The calculated signature is another one. */
        WRONG_SIGNATURE
    }
}
