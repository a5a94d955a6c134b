package dev.berth.core.cluster;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes requests for clusters that show only what matters; without a word it is the lab's. */
public final class NewClusterBuilder {
    private String name = "shirwalab-eks-dev";
    private String roleArn = "arn:aws:iam::111122223333:role/eks-cluster";
    private @Nullable String version;
    private List<String> subnetIds = List.of("subnet-a", "subnet-b");
    private List<String> securityGroupIds = List.of();
    private @Nullable Boolean publicEndpoint;
    private @Nullable Boolean privateEndpoint;
    private List<String> publicAccessCidrs = List.of();
    private @Nullable String serviceCidr;
    private @Nullable String ipFamily;
    private @Nullable Boolean loadBalancing;
    private List<String> logTypes = List.of();
    private List<NewCluster.Encryption> encryption = List.of();
    private @Nullable String authenticationMode;
    private @Nullable Boolean deletionProtection;
    private @Nullable Boolean addOns;
    private NewCluster.@Nullable Compute compute;
    private @Nullable Boolean blockStorage;
    private Map<String, String> tags = Map.of();
    private @Nullable String token;

    private NewClusterBuilder() {}

    /** A request that nothing is wrong with. */
    public static NewClusterBuilder aCluster() {
        return new NewClusterBuilder();
    }

    /** With another name. */
    public NewClusterBuilder named(String wished) {
        name = wished;
        return this;
    }

    /** With another role. */
    public NewClusterBuilder role(String arn) {
        roleArn = arn;
        return this;
    }

    /** With a version. */
    public NewClusterBuilder version(String wished) {
        version = wished;
        return this;
    }

    /** In these subnets. */
    public NewClusterBuilder in(String... subnets) {
        subnetIds = List.of(subnets);
        return this;
    }

    /** With these security groups. */
    public NewClusterBuilder groups(String... groups) {
        securityGroupIds = List.of(groups);
        return this;
    }

    /** With these endpoints. */
    public NewClusterBuilder endpoints(boolean open, boolean inside) {
        publicEndpoint = open;
        privateEndpoint = inside;
        return this;
    }

    /** Reachable from there. */
    public NewClusterBuilder publicFrom(String... cidrs) {
        publicAccessCidrs = List.of(cidrs);
        return this;
    }

    /** With Services there. */
    public NewClusterBuilder services(String cidr) {
        serviceCidr = cidr;
        return this;
    }

    /** Of this address family. */
    public NewClusterBuilder family(String family) {
        ipFamily = family;
        return this;
    }

    /** With Auto Mode's three switches so. */
    public NewClusterBuilder autoMode(
            @Nullable Boolean computing, @Nullable Boolean balancing, @Nullable Boolean storing) {
        compute =
                computing == null
                        ? null
                        : new NewCluster.Compute(computing, List.of("general-purpose"), null);
        loadBalancing = balancing;
        blockStorage = storing;
        return this;
    }

    /** Keeping these logs. */
    public NewClusterBuilder logging(String... types) {
        logTypes = List.of(types);
        return this;
    }

    /** Encrypting this with that key. */
    public NewClusterBuilder encrypting(String resource, String keyArn) {
        encryption = List.of(new NewCluster.Encryption(List.of(resource), keyArn));
        return this;
    }

    /** Asking these about callers. */
    public NewClusterBuilder authentication(String mode) {
        authenticationMode = mode;
        return this;
    }

    /** Protected from deletion. */
    public NewClusterBuilder isProtected() {
        deletionProtection = true;
        return this;
    }

    /** Without the add-ons that nobody manages. */
    public NewClusterBuilder withoutAddOns() {
        addOns = false;
        return this;
    }

    /** With a tag. */
    public NewClusterBuilder tagged(String key, String value) {
        tags = Map.of(key, value);
        return this;
    }

    /** Named by a token. */
    public NewClusterBuilder token(String wished) {
        token = wished;
        return this;
    }

    /** The request. */
    public NewCluster build() {
        return new NewCluster(
                name,
                roleArn,
                version,
                subnetIds,
                securityGroupIds,
                publicEndpoint,
                privateEndpoint,
                publicAccessCidrs,
                serviceCidr,
                ipFamily,
                loadBalancing,
                logTypes,
                encryption,
                authenticationMode,
                null,
                null,
                deletionProtection,
                null,
                null,
                compute,
                blockStorage,
                null,
                false,
                addOns,
                tags,
                token);
    }
}
