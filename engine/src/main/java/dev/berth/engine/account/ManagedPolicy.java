package dev.berth.engine.account;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A policy that AWS itself manages. Those the lab attaches are built in; what they allow is not
 * evaluated. Names: terraform-calls §3.7 (S); dates and versions as AWS listed them in 2026 (O:
 * MOTO); the unique ids are our choice.
 *
 * @param name such as {@code AmazonEKSClusterPolicy}
 * @param versionId the default version, such as {@code v1}
 * @param createdAt when AWS made it
 * @param updatedAt when AWS changed it last
 */
public record ManagedPolicy(String name, String versionId, Instant createdAt, Instant updatedAt) {
    private static final List<ManagedPolicy> ALL =
            List.of(
                    policy(
                            "AmazonEC2ContainerRegistryReadOnly",
                            "v3",
                            "2015-12-21T17:04:15Z",
                            "2019-12-10T20:56:32Z"),
                    policy(
                            "AmazonEKSClusterPolicy",
                            "v10",
                            "2018-05-27T21:06:14Z",
                            "2026-02-12T17:58:15Z"),
                    policy(
                            "AmazonEKSFargatePodExecutionRolePolicy",
                            "v1",
                            "2019-11-22T04:34:29Z",
                            "2019-11-22T04:34:29Z"),
                    policy(
                            "AmazonEKSServicePolicy",
                            "v7",
                            "2018-05-27T21:08:21Z",
                            "2024-10-14T21:12:40Z"),
                    policy(
                            "AmazonEKSVPCResourceController",
                            "v1",
                            "2020-08-12T00:55:34Z",
                            "2020-08-12T00:55:34Z"),
                    policy(
                            "AmazonEKSWorkerNodePolicy",
                            "v3",
                            "2018-05-27T21:09:01Z",
                            "2023-11-27T00:06:13Z"),
                    policy(
                            "AmazonEKS_CNI_Policy",
                            "v6",
                            "2018-05-27T21:07:42Z",
                            "2026-03-04T19:12:14Z"));

    private static ManagedPolicy policy(String name, String version, String made, String changed) {
        return new ManagedPolicy(name, version, Instant.parse(made), Instant.parse(changed));
    }

    /** All that are built in, by name. */
    public static List<ManagedPolicy> all() {
        return ALL;
    }

    /** The policy with this ARN. */
    public static Optional<ManagedPolicy> byArn(String arn) {
        return ALL.stream().filter(policy -> policy.arn().equals(arn)).findFirst();
    }

    /** {@code arn:aws:iam::aws:policy/AmazonEKSClusterPolicy}. */
    public String arn() {
        return "arn:aws:iam::aws:policy/" + name;
    }

    /** A unique id of AWS's form that never changes: {@code ANPA} and 17 characters. */
    public String id() {
        long mixed = name.hashCode() * 0x9E3779B97F4A7C15L;
        String text = Long.toUnsignedString(mixed, 32).toUpperCase(Locale.ROOT);
        return "ANPA" + ("00000000000000000" + text).substring(text.length());
    }
}
