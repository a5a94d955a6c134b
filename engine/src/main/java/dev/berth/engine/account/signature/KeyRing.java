package dev.berth.engine.account.signature;

import dev.berth.core.identity.Principal;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Knows the access keys that may sign. */
@FunctionalInterface
public interface KeyRing {
    /** The key with this id, expired or not, or empty. */
    Optional<Key> key(String accessKeyId);

    /**
     * An access key.
     *
     * @param accessKeyId {@code AKIA…}, or {@code ASIA…} for a session
     * @param secret the secret access key
     * @param sessionToken what the caller must send along, or null for a long-lived key
     * @param expiresAt the first moment it is no longer good, or null for never
     * @param principal whom it stands for
     */
    record Key(
            String accessKeyId,
            String secret,
            @Nullable String sessionToken,
            @Nullable Instant expiresAt,
            Principal principal) {
        /** Names the key and its owner, never a secret. */
        @Override
        public String toString() {
            return "Key[" + accessKeyId + " of " + principal.arn() + "]";
        }
    }
}
