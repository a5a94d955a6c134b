package dev.berth.edge.aws.iam;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.Roles;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM TagRole. */
final class TagRole implements Operation {
    private final Roles roles;

    /** Works on these roles. */
    TagRole(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        Map<String, Object> input = call.input();
        roles.tag(Shapes.text(input, "RoleName"), Shapes.tags(input));
        return Map.of();
    }
}
