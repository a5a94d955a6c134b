package dev.berth.engine.account;

import java.util.List;
import java.util.Optional;

/** What the rest of the engine asks of the account's roles. */
public interface RoleView {
    /** A role by its ARN. */
    Optional<RoleFacts> role(String arn);

    /**
     * What matters of a role.
     *
     * @param arn its ARN
     * @param id {@code AROA…}
     * @param name its name
     * @param trustedServices the service principals its trust policy lets assume it, such as {@code
     *     eks-fargate-pods.amazonaws.com}, whatever their conditions
     * @param trustSourceArns the patterns of {@code aws:SourceArn} conditions on these, empty
     *     without any
     * @param attachedPolicyArns the managed policies attached to it
     */
    record RoleFacts(
            String arn,
            String id,
            String name,
            List<String> trustedServices,
            List<String> trustSourceArns,
            List<String> attachedPolicyArns) {
        /** Copies the collections. */
        public RoleFacts {
            trustedServices = List.copyOf(trustedServices);
            trustSourceArns = List.copyOf(trustSourceArns);
            attachedPolicyArns = List.copyOf(attachedPolicyArns);
        }
    }
}
