package dev.berth.engine.account;

import dev.berth.core.profile.Wildcard;
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

        /**
         * Whether a service may assume it on behalf of a resource: the service is trusted, and a
         * condition on {@code aws:SourceArn}, if there is any, matches the resource part by part.
         * Source: eks-fargate §7 (D, O)
         *
         * @param service such as {@code eks-fargate-pods.amazonaws.com}
         * @param sourceArn the resource, such as a profile's ARN
         */
        public boolean trusts(String service, String sourceArn) {
            return trustedServices.contains(service)
                    && (trustSourceArns.isEmpty()
                            || trustSourceArns.stream()
                                    .anyMatch(pattern -> arnLike(pattern, sourceArn)));
        }

        private static boolean arnLike(String pattern, String arn) {
            var patterns = pattern.split(":", 6);
            var parts = arn.split(":", 6);
            if (patterns.length != parts.length) {
                return pattern.equals("*");
            }
            for (var part = 0; part < parts.length; part++) {
                if (!Wildcard.matches(patterns[part], parts[part])) {
                    return false;
                }
            }
            return true;
        }
    }
}
