package dev.berth.edge.aws.iam;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.Roles;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM GetRole. */
final class GetRole implements Operation {
    private final Roles roles;

    /** Works on these roles. */
    GetRole(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        return Map.of("Role", Shapes.role(roles.get(Shapes.text(call.input(), "RoleName")), true));
    }
}
