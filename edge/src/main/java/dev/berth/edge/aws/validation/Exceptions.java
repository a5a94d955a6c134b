package dev.berth.edge.aws.validation;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where a service does not answer with the generic text: the check is left out here and made by the
 * operation, which has the service's own words.
 */
final class Exceptions {
    /**
     * One exception.
     *
     * @param service the signing name
     * @param at a shape's name, or {@code Structure.member}
     * @param skipped the constraints that are not checked here
     * @param source where the behaviour is known from
     */
    private record Entry(String service, String at, Set<Constraint> skipped, String source) {}

    private static final List<Entry> ENTRIES =
            List.of(
                    new Entry(
                            "eks",
                            "TagMap",
                            Set.of(Constraint.BOUNDS),
                            "terraform-calls §2.6 (R): SDKs send empty collections; eks-fargate"
                                    + " §12.1 (D): the operations count tags"),
                    new Entry(
                            "eks",
                            "labelKey",
                            Set.of(Constraint.BOUNDS),
                            "eks-fargate §12.5 (O): 'Label cannot start with reserved prefixes …'"
                                    + " comes from the operation"));

    private final Map<String, Set<Constraint>> skipped = new HashMap<>();

    /** The exceptions of one service. */
    Exceptions(String service) {
        for (Entry entry : ENTRIES) {
            if (entry.service.equals(service)) {
                skipped.put(entry.at, entry.skipped);
            }
        }
    }

    boolean skips(String structure, String member, String shape, Constraint constraint) {
        if (skipped.isEmpty()) {
            return false;
        }
        return skipped.getOrDefault(shape, Set.of()).contains(constraint)
                || skipped.getOrDefault(structure + '.' + member, Set.of()).contains(constraint);
    }
}
