package dev.berth.core.profile;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.profile.FargateProfile.Status;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What AWS checks of the calls about Fargate profiles, in AWS's order: {@link #checkSyntax} comes
 * first, then the caller looks for the cluster, then {@link #checkCounts}, then the caller looks at
 * subnets and role, then {@link #checkNeighbours}. Source: eks-fargate §2.3, §12.5 (O)
 */
public final class ProfileRules {
    /** Selectors of one profile. Source: eks-fargate §2.6 (D) */
    public static final int SELECTORS_MAX = 5;

    /** Label pairs of one selector. Source: eks-fargate §2.6 (D) */
    public static final int LABELS_MAX = 5;

    /** Profiles of one cluster. Source: eks-fargate §2.6 (D) */
    public static final int PROFILES_MAX = 10;

    private static final int LABEL_LENGTH_MAX = 63;
    private static final int PREFIX_LENGTH_MAX = 253;
    private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{Nd}][\\p{L}\\p{Nd}_-]*");
    private static final Pattern DNS_LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?");
    private static final Pattern DNS_SUBDOMAIN =
            Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
    private static final Pattern LABEL_TEXT =
            Pattern.compile("[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?");

    private ProfileRules() {}

    /**
     * A selector as the caller wrote it.
     *
     * @param namespace or null when it was left out
     * @param labels empty when they were left out
     */
    public record WishedSelector(@Nullable String namespace, Map<String, String> labels) {
        /** Copies the labels. */
        public WishedSelector {
            labels = Map.copyOf(labels);
        }

        /**
         * The selector.
         *
         * @throws IllegalStateException when it has no namespace, which {@link #checkCounts}
         *     refuses
         */
        public FargateProfile.Selector accepted() {
            if (namespace == null) {
                throw new IllegalStateException("a selector without namespace was not refused");
            }
            return new FargateProfile.Selector(namespace, labels);
        }
    }

    /**
     * What is wrong with the name, the namespaces or the labels, if anything: the name first, then
     * all namespaces, then all labels (the order among the three is our choice). Wildcards are
     * allowed in namespaces, label keys and label values. Source: eks-fargate §2.3, §12.5 (O);
     * checking label values is our choice
     */
    public static Optional<AwsFault> checkSyntax(String name, List<WishedSelector> selectors) {
        if (!NAME.matcher(name).matches()) {
            return Optional.of(ProfileFaults.invalidName());
        }
        if (name.startsWith("eks-")) {
            return Optional.of(ProfileFaults.reservedName());
        }
        if (!isLabelText(name)) {
            return Optional.of(ProfileFaults.nameUnfitForLabel(name));
        }
        for (var selector : selectors) {
            var namespace = selector.namespace();
            if (namespace != null && !isNamespace(withoutWildcards(namespace))) {
                return Optional.of(ProfileFaults.invalidNamespace());
            }
        }
        for (var selector : selectors) {
            for (var pair : selector.labels().entrySet()) {
                if (!isLabelKey(withoutWildcards(pair.getKey()))
                        || !isLabelValue(withoutWildcards(pair.getValue()))) {
                    return Optional.of(ProfileFaults.invalidLabel());
                }
            }
        }
        return Optional.empty();
    }

    /** What is wrong with how many selectors and labels there are, if anything. */
    public static Optional<AwsFault> checkCounts(List<WishedSelector> selectors) {
        if (selectors.isEmpty()) {
            return Optional.of(ProfileFaults.noSelectors());
        }
        for (var selector : selectors) {
            if (selector.namespace() == null) {
                return Optional.of(ProfileFaults.noNamespace());
            }
            if (selector.labels().size() > LABELS_MAX) {
                return Optional.of(ProfileFaults.tooManyLabels());
            }
        }
        return selectors.size() > SELECTORS_MAX
                ? Optional.of(ProfileFaults.tooManySelectors())
                : Optional.empty();
    }

    /**
     * Why a profile cannot be created beside those its cluster has, if so: the name is taken,
     * another one is CREATING or DELETING, or there are too many. Source: eks-fargate §2.5, §2.6
     */
    public static Optional<AwsFault> checkNeighbours(
            String name, String clusterName, Collection<FargateProfile> existing) {
        if (existing.stream().anyMatch(profile -> profile.name().equals(name))) {
            return Optional.of(ProfileFaults.duplicate());
        }
        var blocking = inTransition(existing);
        if (blocking.isPresent()) {
            return blocking.map(profile ->
                    ProfileFaults.createBlocked(
                            name, clusterName, profile.name(), profile.status()));
        }
        return existing.size() >= PROFILES_MAX
                ? Optional.of(ProfileFaults.quotaReached(clusterName, PROFILES_MAX))
                : Optional.empty();
    }

    /**
     * Why an existing profile cannot be deleted now, if so: it, or another one, is CREATING, or
     * another one is DELETING. A profile that is DELETING already is not refused; deleting it again
     * changes nothing (our choice). Source: eks-fargate §2.5 (D)
     */
    public static Optional<AwsFault> checkDelete(
            String name, String clusterName, Collection<FargateProfile> existing) {
        return inTransition(
                        existing.stream()
                                .filter(profile ->
                                        !profile.name().equals(name)
                                                || profile.status() != Status.DELETING)
                                .toList())
                .map(profile ->
                        ProfileFaults.deleteBlocked(
                                name, clusterName, profile.name(), profile.status()));
    }

    private static Optional<FargateProfile> inTransition(Collection<FargateProfile> profiles) {
        return profiles.stream()
                .filter(profile ->
                        profile.status() == Status.CREATING || profile.status() == Status.DELETING)
                .min(Comparator.comparing(FargateProfile::name));
    }

    /** A wildcard stands where any allowed character could; a letter is allowed everywhere. */
    private static String withoutWildcards(String pattern) {
        return pattern.replace('*', 'a').replace('?', 'a');
    }

    private static boolean isNamespace(String text) {
        return text.length() <= LABEL_LENGTH_MAX && DNS_LABEL.matcher(text).matches();
    }

    private static boolean isLabelKey(String key) {
        var slash = key.indexOf('/');
        return slash < 0
                ? isLabelText(key)
                : slash <= PREFIX_LENGTH_MAX
                        && DNS_SUBDOMAIN.matcher(key.substring(0, slash)).matches()
                        && isLabelText(key.substring(slash + 1));
    }

    private static boolean isLabelValue(String value) {
        return value.isEmpty() || isLabelText(value);
    }

    private static boolean isLabelText(String text) {
        return text.length() <= LABEL_LENGTH_MAX && LABEL_TEXT.matcher(text).matches();
    }
}
