package dev.berth.edge.aws.iam;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.account.Credentials;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IAM GetUser: the root, when it asks about itself; there are no users. */
final class GetUser implements Operation {
    private final Credentials credentials;

    /** Knows the root by its credentials. */
    GetUser(Credentials credentials) {
        this.credentials = credentials;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        String name = Shapes.optional(call.input(), "UserName");
        if (name != null) {
            throw new Refused(
                    new AwsFault(
                            "NoSuchEntity",
                            404,
                            "The user with name " + name + " cannot be found."));
        }
        if (call.caller().sessionName() != null) {
            throw new Refused(
                    new AwsFault(
                            "ValidationError",
                            400,
                            "Must specify userName when calling with non-User credentials"));
        }
        return Map.of(
                "User",
                Map.of(
                        "Path", "/",
                        "UserId", call.caller().userId(),
                        "Arn", call.caller().arn(),
                        "CreateDate", credentials.createdAt()));
    }
}
