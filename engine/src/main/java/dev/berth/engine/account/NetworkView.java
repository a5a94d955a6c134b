package dev.berth.engine.account;

import dev.berth.core.network.Subnet;
import dev.berth.core.network.Vpc;
import java.util.List;
import java.util.Optional;

/** What the rest of the engine asks of the account's networks. */
public interface NetworkView {
    /** A VPC by its id. */
    Optional<Vpc> vpc(String id);

    /** A subnet by its id. */
    Optional<Subnet> subnet(String id);

    /** All subnets of a VPC, by id. */
    List<Subnet> subnetsOf(String vpcId);

    /**
     * Whether a subnet is public: its route table sends {@code 0.0.0.0/0} or {@code ::/0} to an
     * internet gateway. Source: eks-fargate §8 (D)
     */
    boolean isPublic(String subnetId);
}
