package dev.berth.core.cluster;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The minor versions of Kubernetes that can be run, and what becomes of a wish for another one.
 *
 * @param offered at least one, oldest first
 * @param standard the one for clusters that ask for none
 * @param strict whether only offered versions are taken, as AWS does; else the nearest one is run
 *     under the asked name, which is our choice and lets clusters of the past be rebuilt
 */
public record KubernetesVersions(List<String> offered, String standard, boolean strict) {
    private static final Pattern MINOR = Pattern.compile("1\\.(\\d{1,3})");

    /** Copies the list and checks that the standard version is offered. */
    public KubernetesVersions {
        offered = List.copyOf(offered);
        if (!offered.contains(standard)) {
            throw new IllegalArgumentException(standard + " is not among " + offered);
        }
    }

    /**
     * The version to run for a wish; empty when the wish is to be refused. Example: with 1.35 and
     * 1.36 offered, {@code 1.15} runs 1.35 and {@code 1.36.0} is refused, unless strict, where both
     * are refused.
     */
    public Optional<String> toRun(String asked) {
        if (offered.contains(asked)) {
            return Optional.of(asked);
        }
        if (strict || !MINOR.matcher(asked).matches()) {
            return Optional.empty();
        }
        var wish = minor(asked);
        return offered.stream()
                .min(
                        Comparator.comparingInt((String version) -> Math.abs(minor(version) - wish))
                                .thenComparingInt(version -> -minor(version)));
    }

    private static int minor(String version) {
        var matcher = MINOR.matcher(version);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("not a minor version: " + version);
        }
        return Integer.parseInt(matcher.group(1));
    }
}
