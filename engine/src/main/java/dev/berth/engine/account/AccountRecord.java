package dev.berth.engine.account;

import java.time.Instant;

/**
 * The account itself, as it is stored.
 *
 * @param accountId 12 digits
 * @param rootAccessKeyId {@code AKIA…}
 * @param rootSecretAccessKey made at first start
 * @param createdAt when that was
 */
public record AccountRecord(
        String accountId, String rootAccessKeyId, String rootSecretAccessKey, Instant createdAt) {
    /** Names the account, never the secret. */
    @Override
    public String toString() {
        return "AccountRecord[" + accountId + "]";
    }
}
