package dev.berth.edge.aws.eks;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.clusters.Clusters;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** EKS DescribeCluster: a cluster by its name. */
final class DescribeCluster implements Operation {
    private final Clusters clusters;

    DescribeCluster(Clusters clusters) {
        this.clusters = clusters;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        var input = new Input(call.input());
        return ClusterShape.output(clusters.describe(call.region(), input.text("name")));
    }
}
