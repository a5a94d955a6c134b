package dev.berth.edge.aws.iam;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.Roles;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM ListRoleTags, in pages. */
final class ListRoleTags implements Operation {
    private final Roles roles;

    /** Works on these roles. */
    ListRoleTags(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        Map<String, Object> input = call.input();
        List<Map<String, Object>> tags =
                Shapes.tagList(roles.get(Shapes.text(input, "RoleName")).sortedTags());
        return Page.of(input, "Tags", tags, tag -> tag);
    }
}
