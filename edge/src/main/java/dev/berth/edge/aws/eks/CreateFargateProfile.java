package dev.berth.edge.aws.eks;

import dev.berth.core.fault.Refused;
import dev.berth.core.profile.ProfileRules.WishedSelector;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.profiles.NewProfile;
import dev.berth.engine.profiles.Profiles;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** EKS CreateFargateProfile: answers with the profile, which is CREATING. */
final class CreateFargateProfile implements Operation {
    private final Profiles profiles;

    CreateFargateProfile(Profiles profiles) {
        this.profiles = profiles;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        var input = new Input(call.input());
        var asked =
                new NewProfile(
                        input.text("fargateProfileName"),
                        input.text("podExecutionRoleArn"),
                        input.texts("subnets"),
                        input.structures("selectors").stream()
                                .map(CreateFargateProfile::selector)
                                .toList(),
                        input.textMap("tags"),
                        input.textOrNull("clientRequestToken"));
        return ProfileShape.output(
                profiles.create(call.region(), input.text("clusterName"), asked, call.caller()));
    }

    private static WishedSelector selector(Input selector) {
        return new WishedSelector(selector.textOrNull("namespace"), selector.textMap("labels"));
    }
}
