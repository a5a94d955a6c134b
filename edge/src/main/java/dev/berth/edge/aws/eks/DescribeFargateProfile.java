package dev.berth.edge.aws.eks;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.profiles.Profiles;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** EKS DescribeFargateProfile: a profile by the names of its cluster and its own. */
final class DescribeFargateProfile implements Operation {
    private final Profiles profiles;

    DescribeFargateProfile(Profiles profiles) {
        this.profiles = profiles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        var input = new Input(call.input());
        return ProfileShape.output(
                profiles.describe(
                        call.region(),
                        input.text("clusterName"),
                        input.text("fargateProfileName")));
    }
}
