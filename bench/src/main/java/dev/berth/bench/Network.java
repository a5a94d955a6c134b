package dev.berth.bench;

import dev.berth.edge.cli.AwsClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The network and the roles that the benchmarks need: two private subnets, and one role for each
 * purpose.
 */
public final class Network {
    private final AwsClient aws;
    private final List<String> subnets = new ArrayList<>();
    private String vpc = "";
    private String clusterRole = "";
    private String podRole = "";

    /** Nothing is made yet. */
    public Network(AwsClient aws) {
        this.aws = aws;
    }

    /** Makes it all. */
    public void create() throws IOException, InterruptedException {
        vpc =
                aws.query("ec2", "CreateVpc", Map.of("CidrBlock", "172.29.0.0/16"))
                        .path("vpc")
                        .path("vpcId")
                        .asString();
        for (var zone : List.of("a", "b")) {
            var subnet =
                    aws.query(
                            "ec2",
                            "CreateSubnet",
                            Map.of(
                                    "VpcId", vpc,
                                    "CidrBlock", "172.29." + (zone.equals("a") ? 1 : 2) + ".0/24",
                                    "AvailabilityZone", "eu-west-1" + zone));
            subnets.add(subnet.path("subnet").path("subnetId").asString());
        }
        clusterRole = role("bench-cluster", "eks.amazonaws.com", "AmazonEKSClusterPolicy");
        podRole =
                role(
                        "bench-pods",
                        "eks-fargate-pods.amazonaws.com",
                        "AmazonEKSFargatePodExecutionRolePolicy");
    }

    private String role(String name, String service, String policy)
            throws IOException, InterruptedException {
        var trust =
                "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\""
                        + service
                        + "\"},\"Action\":\"sts:AssumeRole\"}]}";
        var made =
                aws.query(
                        "iam",
                        "CreateRole",
                        Map.of("RoleName", name, "AssumeRolePolicyDocument", trust));
        aws.query(
                "iam",
                "AttachRolePolicy",
                Map.of("RoleName", name, "PolicyArn", "arn:aws:iam::aws:policy/" + policy));
        return made.path("Role").path("Arn").asString();
    }

    /** The VPC's id. */
    public String vpc() {
        return vpc;
    }

    /** The private subnets' ids. */
    public List<String> subnets() {
        return subnets;
    }

    /** What a cluster assumes. */
    public String clusterRole() {
        return clusterRole;
    }

    /** What pods are started with. */
    public String podRole() {
        return podRole;
    }
}
