package dev.berth.edge.aws.sts;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.Credentials;
import dev.berth.engine.account.Roles;
import dev.berth.engine.account.signature.KeyRing;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * STS AssumeRole: credentials of a role for 15 minutes to 12 hours. Session policies and tags are
 * accepted and have no effect, since permissions are not evaluated.
 */
public final class AssumeRole implements Operation {
    private final Credentials credentials;
    private final Roles roles;

    /** Gives out credentials of these roles. */
    public AssumeRole(Credentials credentials, Roles roles) {
        this.credentials = credentials;
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        Long seconds = (Long) call.input().get("DurationSeconds");
        String sessionName = (String) Objects.requireNonNull(call.input().get("RoleSessionName"));
        var wish =
                new Credentials.Wish(
                        (String) Objects.requireNonNull(call.input().get("RoleArn")),
                        sessionName,
                        seconds == null ? null : Duration.ofSeconds(seconds),
                        (String) call.input().get("ExternalId"));
        KeyRing.Key key = credentials.assume(call.caller(), wish, roles);
        return Map.of(
                "Credentials",
                Map.of(
                        "AccessKeyId",
                        key.accessKeyId(),
                        "SecretAccessKey",
                        key.secret(),
                        "SessionToken",
                        Objects.requireNonNull(key.sessionToken()),
                        "Expiration",
                        Objects.requireNonNull(key.expiresAt())),
                "AssumedRoleUser",
                Map.of("AssumedRoleId", key.principal().userId(), "Arn", key.principal().arn()));
    }
}
