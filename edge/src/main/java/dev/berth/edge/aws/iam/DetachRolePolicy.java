package dev.berth.edge.aws.iam;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.Roles;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM DetachRolePolicy. */
final class DetachRolePolicy implements Operation {
    private final Roles roles;

    /** Works on these roles. */
    DetachRolePolicy(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        Map<String, Object> input = call.input();
        roles.detach(Shapes.text(input, "RoleName"), Shapes.text(input, "PolicyArn"));
        return Map.of();
    }
}
