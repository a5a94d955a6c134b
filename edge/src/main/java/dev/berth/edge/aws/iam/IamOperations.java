package dev.berth.edge.aws.iam;

import dev.berth.edge.aws.AwsServices;
import dev.berth.engine.account.Credentials;
import dev.berth.engine.account.Roles;

/** The operations of IAM that are built. */
public final class IamOperations {
    private IamOperations() {}

    /** Registers them. */
    public static void register(
            AwsServices.Builder services, Credentials credentials, Roles roles) {
        services.operation("iam", "AttachRolePolicy", new AttachRolePolicy(roles));
        services.operation("iam", "CreateRole", new CreateRole(roles));
        services.operation("iam", "DeleteRole", new DeleteRole(roles));
        services.operation("iam", "DetachRolePolicy", new DetachRolePolicy(roles));
        services.operation("iam", "GetPolicy", new GetPolicy(roles));
        services.operation("iam", "GetRole", new GetRole(roles));
        services.operation("iam", "GetRolePolicy", new GetRolePolicy(roles));
        services.operation("iam", "ListAttachedRolePolicies", new ListAttachedRolePolicies(roles));
        services.operation(
                "iam", "ListInstanceProfilesForRole", new ListInstanceProfilesForRole(roles));
        services.operation("iam", "ListPolicies", new ListPolicies(roles));
        services.operation("iam", "ListRolePolicies", new ListRolePolicies(roles));
        services.operation("iam", "ListRoleTags", new ListRoleTags(roles));
        services.operation("iam", "ListRoles", new ListRoles(roles));
        services.operation("iam", "TagRole", new TagRole(roles));
        services.operation("iam", "UntagRole", new UntagRole(roles));
        services.operation("iam", "UpdateAssumeRolePolicy", new UpdateAssumeRolePolicy(roles));
        services.operation("iam", "UpdateRole", new UpdateRole(roles));
        services.operation("iam", "UpdateRoleDescription", new UpdateRoleDescription(roles));
        services.operation("iam", "GetUser", new GetUser(credentials));
        services.operation("iam", "ListAccountAliases", new ListAccountAliases());
    }
}
