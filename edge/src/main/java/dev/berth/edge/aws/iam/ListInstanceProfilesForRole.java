package dev.berth.edge.aws.iam;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.Roles;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM ListInstanceProfilesForRole: there are no instance profiles, so the list is empty. */
final class ListInstanceProfilesForRole implements Operation {
    private final Roles roles;

    /** Works on these roles. */
    ListInstanceProfilesForRole(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        Map<String, Object> input = call.input();
        roles.get(Shapes.text(input, "RoleName"));
        return Page.of(input, "InstanceProfiles", List.of(), name -> name);
    }
}
