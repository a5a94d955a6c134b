package dev.berth.edge.aws.eks;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.clusters.Clusters;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * EKS's lists of what no cluster has here, because the operations that would make it are not built:
 * empty for a cluster that exists.
 */
final class ListNothing implements Operation {
    private final Clusters clusters;
    private final String clusterMember;
    private final String listMember;

    /**
     * A list.
     *
     * @param clusterMember the input's member with the cluster's name
     * @param listMember the output's member for the list
     */
    ListNothing(Clusters clusters, String clusterMember, String listMember) {
        this.clusters = clusters;
        this.clusterMember = clusterMember;
        this.listMember = listMember;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        clusters.describe(call.region(), new Input(call.input()).text(clusterMember));
        return Map.of(listMember, List.of());
    }
}
