package dev.berth.core.identity;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** ARNs of callers. */
public final class Arns {
    private static final Pattern ARN =
            Pattern.compile("arn:(aws|aws-cn|aws-us-gov):(iam|sts)::(\\d{12}):(.+)");
    private static final Set<String> IAM_KINDS = Set.of("role", "user");

    private Arns() {}

    /**
     * The ARN by which a caller is mapped: that of the role of an assumed role, else its own.
     * Example: {@code arn:aws:sts::111122223333:assumed-role/R/S} becomes {@code
     * arn:aws:iam::111122223333:role/R}. Source: eks-fargate §13.3 (D)
     *
     * @return empty for what is no caller's ARN
     */
    public static Optional<String> canonical(String arn) {
        var matcher = ARN.matcher(arn);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        var resource = matcher.group(4);
        int slash = resource.indexOf('/');
        var kind = slash < 0 ? resource : resource.substring(0, slash);
        if (matcher.group(2).equals("iam")) {
            boolean named = IAM_KINDS.contains(kind) && slash > 0 && slash + 1 < resource.length();
            return named || resource.equals("root") ? Optional.of(arn) : Optional.empty();
        }
        if (kind.equals("federated-user")) {
            return slash > 0 ? Optional.of(arn) : Optional.empty();
        }
        if (!kind.equals("assumed-role")) {
            return Optional.empty();
        }
        // The last part is the session. A role's path, if it were there, would stay.
        int session = resource.lastIndexOf('/');
        return session <= slash
                ? Optional.empty()
                : Optional.of(
                        "arn:"
                                + matcher.group(1)
                                + ":iam::"
                                + matcher.group(3)
                                + ":role/"
                                + resource.substring(slash + 1, session));
    }
}
