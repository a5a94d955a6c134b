package dev.berth.engine.account;

/**
 * Makes the security group that EKS makes for each cluster, and removes it. Both may be called
 * again after a crash and must then find the work done.
 */
public interface ClusterSecurityGroups {
    /**
     * Makes the group of a cluster in its VPC, or finds it.
     *
     * @return its id, {@code sg-} and 17 hex digits, or an empty text where there are no such
     *     groups
     */
    String create(String clusterName, String vpcId);

    /** Removes a group; nothing when it is gone. */
    void delete(String groupId);

    /** Makes no groups. */
    static ClusterSecurityGroups none() {
        return new ClusterSecurityGroups() {
            @Override
            public String create(String clusterName, String vpcId) {
                return "";
            }

            @Override
            public void delete(String groupId) {}
        };
    }
}
