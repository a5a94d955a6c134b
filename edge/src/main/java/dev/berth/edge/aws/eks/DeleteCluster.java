package dev.berth.edge.aws.eks;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.clusters.Clusters;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** EKS DeleteCluster: answers with the cluster, which is DELETING. */
final class DeleteCluster implements Operation {
    private final Clusters clusters;

    DeleteCluster(Clusters clusters) {
        this.clusters = clusters;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        var input = new Input(call.input());
        return ClusterShape.output(clusters.delete(call.region(), input.text("name")));
    }
}
