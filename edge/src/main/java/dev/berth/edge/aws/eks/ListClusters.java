package dev.berth.edge.aws.eks;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.clusters.Clusters;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * EKS ListClusters: names in order. Registered clusters, for which {@code include} asks, are never
 * there.
 */
final class ListClusters implements Operation {
    private final Clusters clusters;

    ListClusters(Clusters clusters) {
        this.clusters = clusters;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        var input = new Input(call.input());
        return Page.of(input, "clusters", clusters.names(call.region()));
    }
}
