package dev.berth.edge.aws.iam;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.ManagedPolicy;
import dev.berth.engine.account.Roles;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM GetPolicy: AWS's own policies that are built in. */
final class GetPolicy implements Operation {
    private final Roles roles;

    /** Works on these roles. */
    GetPolicy(Roles roles) {
        this.roles = roles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        String arn = Shapes.text(call.input(), "PolicyArn");
        ManagedPolicy policy =
                ManagedPolicy.byArn(arn)
                        .orElseThrow(() ->
                                new Refused(
                                        new AwsFault(
                                                "NoSuchEntity",
                                                404,
                                                "Policy " + arn + " was not found.")));
        return Map.of("Policy", Shapes.policy(policy, roles.attachments(arn)));
    }
}
