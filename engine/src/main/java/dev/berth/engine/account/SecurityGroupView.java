package dev.berth.engine.account;

import java.util.Optional;

/** What the rest of the engine asks of the account's security groups. */
@FunctionalInterface
public interface SecurityGroupView {
    /** The VPC of a security group, or empty when there is no such group. */
    Optional<String> vpcOf(String groupId);
}
