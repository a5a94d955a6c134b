package dev.berth.edge.aws.eks;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.profiles.Profiles;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** EKS DeleteFargateProfile: answers with the profile, which is DELETING. */
final class DeleteFargateProfile implements Operation {
    private final Profiles profiles;

    DeleteFargateProfile(Profiles profiles) {
        this.profiles = profiles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        var input = new Input(call.input());
        return ProfileShape.output(
                profiles.delete(
                        call.region(),
                        input.text("clusterName"),
                        input.text("fargateProfileName")));
    }
}
