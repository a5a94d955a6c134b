package dev.berth.core.profile;

/**
 * Matching with {@code *} for any number of characters and {@code ?} for exactly one; every other
 * character stands for itself. {@code prod*} matches {@code prod} and {@code prod-metrics}; {@code
 * value?} matches {@code valuea} and neither {@code value} nor {@code value-a}. Source: eks-fargate
 * §2.3 (D)
 */
public final class Wildcard {
    private Wildcard() {}

    /**
     * Whether the whole text matches the pattern. Only the latest {@code *} is ever reconsidered,
     * so the time is at most the product of both lengths, which Kubernetes bounds, and no pattern
     * makes it explode.
     */
    public static boolean matches(String pattern, String text) {
        var inPattern = 0;
        var inText = 0;
        var afterStar = -1;
        var starTakesUpTo = 0;
        while (inText < text.length()) {
            if (inPattern < pattern.length() && pattern.charAt(inPattern) == '*') {
                inPattern++;
                afterStar = inPattern;
                starTakesUpTo = inText;
            } else if (inPattern < pattern.length()
                    && (pattern.charAt(inPattern) == '?'
                            || pattern.charAt(inPattern) == text.charAt(inText))) {
                inPattern++;
                inText++;
            } else if (afterStar >= 0) {
                starTakesUpTo++;
                inText = starTakesUpTo;
                inPattern = afterStar;
            } else {
                return false;
            }
        }
        while (inPattern < pattern.length() && pattern.charAt(inPattern) == '*') {
            inPattern++;
        }
        return inPattern == pattern.length();
    }
}
