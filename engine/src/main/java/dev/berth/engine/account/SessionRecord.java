package dev.berth.engine.account;

import dev.berth.core.identity.Principal;
import dev.berth.engine.account.signature.KeyRing;
import java.time.Instant;

/**
 * The credentials of an assumed role, as they are stored.
 *
 * @param accessKeyId {@code ASIA…}
 * @param secretAccessKey its secret
 * @param sessionToken what must come along
 * @param accountId 12 digits
 * @param roleName the role's name, without its path
 * @param roleId {@code AROA…}
 * @param sessionName chosen by who assumed the role
 * @param expiresAt the first moment they are no longer good
 */
public record SessionRecord(
        String accessKeyId,
        String secretAccessKey,
        String sessionToken,
        String accountId,
        String roleName,
        String roleId,
        String sessionName,
        Instant expiresAt) {
    /** Names the session, never its secrets. */
    @Override
    public String toString() {
        return "SessionRecord[" + accessKeyId + " of " + roleName + "/" + sessionName + "]";
    }

    KeyRing.Key key() {
        var principal =
                new Principal(
                        accountId,
                        "arn:aws:sts::"
                                + accountId
                                + ":assumed-role/"
                                + roleName
                                + "/"
                                + sessionName,
                        roleId + ":" + sessionName,
                        accessKeyId,
                        sessionName);
        return new KeyRing.Key(accessKeyId, secretAccessKey, sessionToken, expiresAt, principal);
    }
}
