package dev.berth.edge.aws.iam;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.Roles;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM GetRolePolicy: a role has no inline policies here, so none is found. */
final class GetRolePolicy implements Operation {
    private final Roles roles;

    /** Works on these roles. */
    GetRolePolicy(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        Map<String, Object> input = call.input();
        roles.get(Shapes.text(input, "RoleName"));
        throw new Refused(
                new AwsFault(
                        "NoSuchEntity",
                        404,
                        "The role policy with name "
                                + Shapes.text(input, "PolicyName")
                                + " cannot be found."));
    }
}
