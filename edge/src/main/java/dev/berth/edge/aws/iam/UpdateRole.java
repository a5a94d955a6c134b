package dev.berth.edge.aws.iam;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.Roles;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM UpdateRole: what is absent stays as it is. */
final class UpdateRole implements Operation {
    private final Roles roles;

    /** Works on these roles. */
    UpdateRole(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        Map<String, Object> input = call.input();
        String description = Shapes.optional(input, "Description");
        Long seconds = (Long) input.get("MaxSessionDuration");
        roles.change(
                Shapes.text(input, "RoleName"),
                role ->
                        role.described(
                                description == null ? role.description() : description,
                                seconds == null ? role.maxSessionSeconds() : seconds.intValue()));
        return Map.of();
    }
}
