package dev.berth.edge.aws.iam;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM ListAccountAliases: the account has none. */
final class ListAccountAliases implements Operation {
    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        return Page.of(call.input(), "AccountAliases", List.of(), alias -> alias);
    }
}
