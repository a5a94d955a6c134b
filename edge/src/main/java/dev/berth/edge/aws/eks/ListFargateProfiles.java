package dev.berth.edge.aws.eks;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.profiles.Profiles;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** EKS ListFargateProfiles: names in order. */
final class ListFargateProfiles implements Operation {
    private final Profiles profiles;

    ListFargateProfiles(Profiles profiles) {
        this.profiles = profiles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        var input = new Input(call.input());
        return Page.of(
                input,
                "fargateProfileNames",
                profiles.names(call.region(), input.text("clusterName")));
    }
}
