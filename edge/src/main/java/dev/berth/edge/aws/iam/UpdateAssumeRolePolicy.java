package dev.berth.edge.aws.iam;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.Roles;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM UpdateAssumeRolePolicy. */
final class UpdateAssumeRolePolicy implements Operation {
    private final Roles roles;

    /** Works on these roles. */
    UpdateAssumeRolePolicy(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        Map<String, Object> input = call.input();
        String document = Shapes.text(input, "PolicyDocument");
        roles.trust(Shapes.text(input, "RoleName"), document, TrustPolicyReader.read(document));
        return Map.of();
    }
}
