package dev.berth.engine.profiles;

import dev.berth.core.profile.ProfileRules.WishedSelector;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request for a profile, as the caller wrote it. Source: eks-fargate §12.3 (D)
 *
 * @param name the wished name
 * @param podExecutionRoleArn whose permissions the nodes of its pods shall have
 * @param subnets where its pods shall get addresses; empty means the cluster's private ones
 * @param selectors which pods it shall take
 * @param tags at most 50
 * @param clientRequestToken names the request, so that it may be sent again; or null
 */
public record NewProfile(
        String name,
        String podExecutionRoleArn,
        List<String> subnets,
        List<WishedSelector> selectors,
        Map<String, String> tags,
        @Nullable String clientRequestToken) {
    /** Copies the collections. */
    public NewProfile {
        subnets = List.copyOf(subnets);
        selectors = List.copyOf(selectors);
        tags = Map.copyOf(tags);
    }
}
