package dev.berth.edge.aws.iam;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.ManagedPolicy;
import dev.berth.engine.account.Roles;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM ListPolicies: AWS's own policies that are built in; there are no others. */
final class ListPolicies implements Operation {
    private final Roles roles;

    /** Works on these roles. */
    ListPolicies(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        Map<String, Object> input = call.input();
        boolean onlyAttached = Boolean.TRUE.equals(input.get("OnlyAttached"));
        String prefix = Shapes.optional(input, "PathPrefix");
        boolean none =
                "Local".equals(input.get("Scope")) || (prefix != null && !prefix.equals("/"));
        List<ManagedPolicy> policies =
                none
                        ? List.of()
                        : ManagedPolicy.all().stream()
                                .filter(p -> !onlyAttached || roles.attachments(p.arn()) > 0)
                                .toList();
        return Page.of(
                input,
                "Policies",
                policies,
                policy -> Shapes.policy(policy, roles.attachments(policy.arn())));
    }
}
