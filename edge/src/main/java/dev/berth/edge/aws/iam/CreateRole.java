package dev.berth.edge.aws.iam;

import dev.berth.core.fault.Refused;
import dev.berth.core.identity.TrustPolicy;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.RoleRecord;
import dev.berth.engine.account.Roles;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM CreateRole. The trust policy is kept as it was sent. */
final class CreateRole implements Operation {
    /** Source: terraform-calls §3.7 (S). */
    private static final int SESSION_SECONDS_DEFAULT = 3600;

    private final Roles roles;

    /** Works on these roles. */
    CreateRole(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        Map<String, Object> input = call.input();
        String document = Shapes.text(input, "AssumeRolePolicyDocument");
        TrustPolicy trust = TrustPolicyReader.read(document);
        String path = Shapes.optional(input, "Path");
        Long seconds = (Long) input.get("MaxSessionDuration");
        RoleRecord role =
                roles.create(
                        new Roles.Wanted(
                                Shapes.text(input, "RoleName"),
                                path == null ? "/" : path,
                                document,
                                trust,
                                Shapes.optional(input, "Description"),
                                seconds == null ? SESSION_SECONDS_DEFAULT : seconds.intValue(),
                                Shapes.optional(input, "PermissionsBoundary"),
                                Shapes.tags(input)));
        return Map.of("Role", Shapes.role(role, true));
    }
}
