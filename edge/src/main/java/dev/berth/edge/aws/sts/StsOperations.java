package dev.berth.edge.aws.sts;

import dev.berth.edge.aws.AwsServices;
import dev.berth.engine.account.Credentials;
import dev.berth.engine.account.Roles;

/** The operations of STS that are built. */
public final class StsOperations {
    private StsOperations() {}

    /** Registers them. */
    public static void register(
            AwsServices.Builder services, Credentials credentials, Roles roles) {
        services.operation("sts", "GetCallerIdentity", new GetCallerIdentity());
        services.operation("sts", "AssumeRole", new AssumeRole(credentials, roles));
    }
}
