package dev.berth.engine.clusters;

import java.util.Map;
import java.util.Optional;

/** What decides who is who in a cluster. */
public interface AwsAuthView {
    /**
     * The data of a cluster's ConfigMap {@code kube-system/aws-auth}, at most a few seconds old;
     * empty when there is none, or when the cluster does not use it.
     */
    Map<String, String> data(String clusterName);

    /** The ARN that is admin because it made the cluster; empty when it is not. */
    Optional<String> creatorArn(String clusterName);
}
