package dev.berth.engine.profiles;

import dev.berth.core.cluster.EksFaults;
import dev.berth.core.fault.Refused;
import dev.berth.engine.clusters.Clusters;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * The tags of clusters and profiles, found by ARN. All words of refusal are ours: AWS's are not
 * known. Any thread may call.
 */
public final class ResourceTags {
    /** Tags of one resource. Source: eks-fargate §12.1 (D) */
    private static final int TAGS_MAX = 50;

    private static final Pattern ARN =
            Pattern.compile("arn:aws[a-z-]*:eks:([a-z0-9-]+):(\\d{12}):([a-z-]+)/(.+)");

    private final Clusters clusters;
    private final Profiles profiles;

    /** The tags of these. */
    public ResourceTags(Clusters clusters, Profiles profiles) {
        this.clusters = clusters;
        this.profiles = profiles;
    }

    /** What has tags, and how they are changed. */
    private record Tagged(Map<String, String> tags, Change change) {
        @FunctionalInterface
        interface Change {
            void apply(UnaryOperator<Map<String, String>> change) throws Refused;
        }
    }

    /** The tags of a resource. */
    public Map<String, String> of(String region, String arn) throws Refused {
        return find(region, arn).tags();
    }

    /** Adds tags, and gives new values to those that are there. */
    public void add(String region, String arn, Map<String, String> added) throws Refused {
        var resource = find(region, arn);
        if (added.keySet().stream().anyMatch(key -> key.startsWith("aws:"))) {
            throw new Refused(EksFaults.badRequest("Tag keys must not begin with aws:"));
        }
        if (with(resource.tags(), added).size() > TAGS_MAX) {
            throw new Refused(EksFaults.badRequest("At most " + TAGS_MAX + " tags may be there"));
        }
        resource.change().apply(present -> with(present, added));
    }

    /** Removes tags; those that are not there do not matter. */
    public void remove(String region, String arn, List<String> keys) throws Refused {
        find(region, arn).change().apply(present -> without(present, keys));
    }

    private Tagged find(String region, String arn) throws Refused {
        var parts = ARN.matcher(arn);
        if (!parts.matches()) {
            throw new Refused(EksFaults.badRequest("Not the ARN of an EKS resource: " + arn));
        }
        var names = parts.group(4).split("/", -1);
        try {
            if (parts.group(1).equals(region)) {
                if (parts.group(3).equals("cluster") && names.length == 1) {
                    return cluster(region, arn, names[0]);
                }
                if (parts.group(3).equals("fargateprofile") && names.length == 3) {
                    return profile(region, arn, names[0], names[1]);
                }
            }
        } catch (Refused absent) {
            // Tag operations have a code of their own for what is absent.
            throw none(arn);
        }
        throw none(arn);
    }

    private Tagged cluster(String region, String arn, String name) throws Refused {
        var cluster = clusters.describe(region, name);
        if (!cluster.arn().equals(arn)) {
            throw none(arn);
        }
        return new Tagged(cluster.tags(), change -> clusters.tag(region, name, change));
    }

    private Tagged profile(String region, String arn, String cluster, String name) throws Refused {
        var profile = profiles.describe(region, cluster, name);
        if (!profile.arn().equals(arn)) {
            throw none(arn);
        }
        return new Tagged(profile.tags(), change -> profiles.tag(region, cluster, name, change));
    }

    private static Refused none(String arn) {
        return new Refused(EksFaults.tagTargetNotFound("No resource found for ARN: " + arn));
    }

    private static Map<String, String> with(
            Map<String, String> present, Map<String, String> added) {
        var more = new HashMap<>(present);
        more.putAll(added);
        return more;
    }

    private static Map<String, String> without(Map<String, String> present, List<String> keys) {
        var less = new HashMap<>(present);
        keys.forEach(less::remove);
        return less;
    }
}
