package dev.berth.edge.authn;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Hosts whose presigned URLs are welcome in a token: STS's of the partition, and Berth's own
 * endpoint, for which clients sign when {@code AWS_ENDPOINT_URL} is set. The second is our
 * addition; {@code http} is allowed for it alone. Source for the first: eks-fargate §13.2 (D)
 */
public final class StsHosts {
    private final Pattern regional;
    private final boolean global;
    private final Set<String> own;

    /**
     * Welcomes these.
     *
     * @param partition {@code aws}, {@code aws-cn} or {@code aws-us-gov}
     * @param own {@code host:port} of Berth's endpoint, in every spelling that clients may use
     */
    public StsHosts(String partition, Set<String> own) {
        this.own = Set.copyOf(own);
        this.global = partition.equals("aws");
        this.regional =
                Pattern.compile(
                        switch (partition) {
                            case "aws-cn" -> "sts\\.cn-[a-z]+-\\d\\.amazonaws\\.com\\.cn";
                            case "aws-us-gov" ->
                                    "sts(-fips)?\\.us-gov-[a-z]+-\\d\\.amazonaws\\.com";
                            default ->
                                    "sts(-fips)?\\.(?!cn-|us-gov-|us-iso)[a-z]{2,}(-[a-z]+)+-\\d\\.amazonaws\\.com";
                        });
    }

    /** Whether this is Berth's own endpoint. */
    boolean isOwn(String authority) {
        return own.contains(authority.toLowerCase(Locale.ROOT));
    }

    /** Whether this is an endpoint of STS in the partition. */
    boolean isSts(String authority) {
        return (global && authority.equals("sts.amazonaws.com"))
                || regional.matcher(authority).matches();
    }
}
