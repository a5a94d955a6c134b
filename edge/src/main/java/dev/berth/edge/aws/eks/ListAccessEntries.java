package dev.berth.edge.aws.eks;

import dev.berth.core.cluster.EksFaults;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.clusters.Clusters;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * EKS ListAccessEntries: refused where access entries do not count; else the creator's, the only
 * one there is. Source: eks-fargate §12.5 (O), §13.3 (D)
 */
final class ListAccessEntries implements Operation {
    private final Clusters clusters;

    ListAccessEntries(Clusters clusters) {
        this.clusters = clusters;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        var input = new Input(call.input());
        var cluster = clusters.describe(call.region(), input.text("clusterName"));
        if (cluster.config().authenticationMode().equals("CONFIG_MAP")) {
            throw new Refused(
                    EksFaults.invalidRequest(
                            "The cluster's authentication mode must be set to one of [API,"
                                    + " API_AND_CONFIG_MAP] to perform this operation."));
        }
        var entries =
                cluster.config().bootstrapCreatorAdmin()
                        ? List.of(cluster.creatorArn())
                        : List.<String>of();
        return Page.of(input, "accessEntries", entries);
    }
}
