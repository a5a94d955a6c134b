package dev.berth.edge.aws.iam;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.Roles;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM ListRoles, by path prefix, in pages; without tags, as AWS lists them. */
final class ListRoles implements Operation {
    private final Roles roles;

    /** Works on these roles. */
    ListRoles(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        Map<String, Object> input = call.input();
        String prefix = Shapes.optional(input, "PathPrefix");
        return Page.of(
                input,
                "Roles",
                roles.list(prefix == null ? "/" : prefix),
                role -> Shapes.role(role, false));
    }
}
