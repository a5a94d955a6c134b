package dev.berth.core.profile;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.profile.FargateProfile.Status;

/**
 * What the calls about Fargate profiles answer when they refuse, in AWS's words. Source:
 * eks-fargate §12.5 (O), except where a method says otherwise
 */
public final class ProfileFaults {
    private ProfileFaults() {}

    /** The name has other characters than letters, digits, hyphens and underscores. */
    public static AwsFault invalidName() {
        return invalidParameter(
                "The Fargate profile name parameter contains invalid characters. It should begin"
                        + " with letter or digit and can have any of the following characters: the"
                        + " set of Unicode letters, digits, hyphens and underscores.");
    }

    /**
     * The name cannot become the value of the pods' label: it is longer than 63, not ASCII, or ends
     * in a hyphen or underscore. Our choice and wording: admitting it would make every pod of its
     * namespaces invalid. Source: eks-fargate §2.1 (U), §16
     */
    public static AwsFault nameUnfitForLabel(String name) {
        return invalidParameter(
                "The Fargate profile name %s cannot be the value of a Kubernetes label."
                        .formatted(name));
    }

    /**
     * The name begins with {@code eks-}. Our wording. Source: eks-fargate §2.1 (D for eksctl), §16
     */
    public static AwsFault reservedName() {
        return invalidParameter("The Fargate profile name cannot start with the prefix eks-.");
    }

    /** A namespace is not a DNS-1123 label, wildcards aside. */
    public static AwsFault invalidNamespace() {
        return invalidParameter("The namespace provided is invalid.");
    }

    /** A label is not one that a pod could carry, wildcards aside. */
    public static AwsFault invalidLabel() {
        return invalidParameter("Selector label provided is invalid.");
    }

    /** No selector at all. */
    public static AwsFault noSelectors() {
        return invalidParameter("Fargate Profile requires at least one selector.");
    }

    /** A selector without a namespace. */
    public static AwsFault noNamespace() {
        return invalidParameter(
                "Fargate Profile must have at least one selector with at least one namespace"
                        + " value.");
    }

    /** More than five selectors. */
    public static AwsFault tooManySelectors() {
        return invalidParameter("Request contains more than 5 Selectors");
    }

    /** More than five label pairs in one selector. */
    public static AwsFault tooManyLabels() {
        return invalidParameter("Request contains Selector with more than 5 Label pairs");
    }

    /** A subnet whose route table leads to an internet gateway. */
    public static AwsFault publicSubnet(String subnetId) {
        return invalidParameter(
                "Subnet %s provided in Fargate Profile is not a private subnet"
                        .formatted(subnetId));
    }

    /** A subnet in a zone where Fargate is not sold. */
    public static AwsFault unsupportedZone(String zone, String subnetId) {
        return invalidParameter(
                "Fargate Profile creation for the Availability Zone %s for Subnet %s is not supported"
                        .formatted(zone, subnetId));
    }

    /** The role is absent, or does not trust {@code eks-fargate-pods.amazonaws.com}. */
    public static AwsFault untrustingRole() {
        return invalidParameter(
                "Misconfigured PodExecutionRole Trust Policy; Please add the"
                        + " eks-fargate-pods.amazonaws.com Service Principal");
    }

    /** A profile of that name exists. */
    public static AwsFault duplicate() {
        return new AwsFault(
                "ResourceInUseException",
                409,
                "A Fargate Profile already exists with this name in this cluster.");
    }

    /** Another profile is CREATING or DELETING, so that this one cannot be created now. */
    public static AwsFault createBlocked(
            String name, String clusterName, String blocking, Status status) {
        return new AwsFault(
                "ResourceInUseException",
                409,
                "Cannot create Fargate Profile %s because cluster %s currently has Fargate profile %s in status %s"
                        .formatted(name, clusterName, blocking, status));
    }

    /** Another profile is CREATING or DELETING, so that this one cannot be deleted now. */
    public static AwsFault deleteBlocked(
            String name, String clusterName, String blocking, Status status) {
        return new AwsFault(
                "ResourceInUseException",
                409,
                "Cannot delete Fargate profile %s because cluster %s currently has Fargate profile %s in status %s"
                        .formatted(name, clusterName, blocking, status));
    }

    /**
     * The cluster has as many profiles as it may. Our wording. Source: eks-fargate §2.6 (D), §16
     */
    public static AwsFault quotaReached(String clusterName, int quota) {
        return new AwsFault(
                "ResourceLimitExceededException",
                400,
                "Cluster %s has the maximum number of Fargate profiles: %d"
                        .formatted(clusterName, quota));
    }

    /** No such profile. */
    public static AwsFault absent(String name) {
        return new AwsFault(
                "ResourceNotFoundException",
                404,
                "No Fargate Profile found with name: %s.".formatted(name));
    }

    /** No such cluster. */
    public static AwsFault clusterAbsent(String clusterName) {
        return new AwsFault(
                "ResourceNotFoundException",
                404,
                "No cluster found for name: %s.".formatted(clusterName));
    }

    /** The cluster is not ACTIVE. */
    public static AwsFault clusterNotActive(String clusterName) {
        return new AwsFault(
                "InvalidRequestException",
                400,
                "Cluster '%s' is not in ACTIVE status".formatted(clusterName));
    }

    private static AwsFault invalidParameter(String message) {
        return new AwsFault("InvalidParameterException", 400, message);
    }
}
