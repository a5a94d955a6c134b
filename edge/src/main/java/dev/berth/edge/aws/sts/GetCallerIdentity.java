package dev.berth.edge.aws.sts;

import dev.berth.edge.aws.Operation;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** STS GetCallerIdentity: account, ARN and id of the caller, all three always. */
public final class GetCallerIdentity implements Operation {
    @Override
    public Map<String, @Nullable Object> answer(Call call) {
        return Map.of(
                "Account", call.caller().accountId(),
                "Arn", call.caller().arn(),
                "UserId", call.caller().userId());
    }
}
