package dev.berth.edge.aws.iam;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.Roles;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM ListAttachedRolePolicies, by path prefix, in pages. */
final class ListAttachedRolePolicies implements Operation {
    private final Roles roles;

    /** Works on these roles. */
    ListAttachedRolePolicies(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        Map<String, Object> input = call.input();
        String prefix = Shapes.optional(input, "PathPrefix");
        List<String> arns = roles.get(Shapes.text(input, "RoleName")).attachedPolicyArns();
        // All built-in policies have the path "/".
        List<String> wanted = prefix == null || prefix.equals("/") ? arns : List.of();
        return Page.of(
                input,
                "AttachedPolicies",
                wanted,
                arn ->
                        Map.of(
                                "PolicyName",
                                arn.substring(arn.lastIndexOf('/') + 1),
                                "PolicyArn",
                                arn));
    }
}
