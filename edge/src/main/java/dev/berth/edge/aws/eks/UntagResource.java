package dev.berth.edge.aws.eks;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.profiles.ResourceTags;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** EKS UntagResource: removes tags from a cluster or profile. */
final class UntagResource implements Operation {
    private final ResourceTags tags;

    UntagResource(ResourceTags tags) {
        this.tags = tags;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        var input = new Input(call.input());
        tags.remove(call.region(), input.text("resourceArn"), input.texts("tagKeys"));
        return Map.of();
    }
}
