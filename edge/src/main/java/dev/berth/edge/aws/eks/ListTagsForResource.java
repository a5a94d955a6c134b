package dev.berth.edge.aws.eks;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.profiles.ResourceTags;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** EKS ListTagsForResource: the tags of a cluster or profile. */
final class ListTagsForResource implements Operation {
    private final ResourceTags tags;

    ListTagsForResource(ResourceTags tags) {
        this.tags = tags;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        var input = new Input(call.input());
        return Map.of("tags", tags.of(call.region(), input.text("resourceArn")));
    }
}
