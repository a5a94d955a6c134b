package dev.berth.edge.aws.iam;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.Roles;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM AttachRolePolicy: only AWS's own policies that are built in. */
final class AttachRolePolicy implements Operation {
    private final Roles roles;

    /** Works on these roles. */
    AttachRolePolicy(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        Map<String, Object> input = call.input();
        roles.attach(Shapes.text(input, "RoleName"), Shapes.text(input, "PolicyArn"));
        return Map.of();
    }
}
