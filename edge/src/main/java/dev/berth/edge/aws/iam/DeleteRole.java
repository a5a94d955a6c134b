package dev.berth.edge.aws.iam;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.Roles;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM DeleteRole: refused while policies are attached. */
final class DeleteRole implements Operation {
    private final Roles roles;

    /** Works on these roles. */
    DeleteRole(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        roles.delete(Shapes.text(call.input(), "RoleName"));
        return Map.of();
    }
}
