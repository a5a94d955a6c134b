package dev.berth.core.identity;

import org.jspecify.annotations.Nullable;

/**
 * A caller whose signature was verified, as STS GetCallerIdentity tells it.
 *
 * @param accountId 12 digits
 * @param arn {@code arn:aws:iam::A:root}, {@code arn:aws:iam::A:user/N} or {@code
 *     arn:aws:sts::A:assumed-role/R/S}
 * @param userId the account id, {@code AIDA…}, or {@code AROA…:session}
 * @param accessKeyId the key that signed
 * @param sessionName the session of an assumed role, else null
 */
public record Principal(
        String accountId,
        String arn,
        String userId,
        String accessKeyId,
        @Nullable String sessionName) {}
