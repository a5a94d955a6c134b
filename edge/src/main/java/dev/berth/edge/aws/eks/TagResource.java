package dev.berth.edge.aws.eks;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.profiles.ResourceTags;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** EKS TagResource: adds tags to a cluster or profile. */
final class TagResource implements Operation {
    private final ResourceTags tags;

    TagResource(ResourceTags tags) {
        this.tags = tags;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        var input = new Input(call.input());
        tags.add(call.region(), input.text("resourceArn"), input.textMap("tags"));
        return Map.of();
    }
}
