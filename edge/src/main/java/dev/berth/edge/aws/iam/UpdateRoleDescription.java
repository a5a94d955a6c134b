package dev.berth.edge.aws.iam;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.RoleRecord;
import dev.berth.engine.account.Roles;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM UpdateRoleDescription, the older form of UpdateRole. */
final class UpdateRoleDescription implements Operation {
    private final Roles roles;

    /** Works on these roles. */
    UpdateRoleDescription(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        Map<String, Object> input = call.input();
        String description = Shapes.text(input, "Description");
        RoleRecord changed =
                roles.change(
                        Shapes.text(input, "RoleName"),
                        role -> role.described(description, role.maxSessionSeconds()));
        return Map.of("Role", Shapes.role(changed, true));
    }
}
