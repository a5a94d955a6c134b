package dev.berth.edge.aws.iam;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.Roles;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM UntagRole. */
final class UntagRole implements Operation {
    private final Roles roles;

    /** Works on these roles. */
    UntagRole(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        Map<String, Object> input = call.input();
        var keys = new ArrayList<String>();
        for (Object key : (List<?>) input.getOrDefault("TagKeys", List.of())) {
            keys.add((String) key);
        }
        roles.untag(Shapes.text(input, "RoleName"), keys);
        return Map.of();
    }
}
