package dev.berth.core.pod;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How long a pod's containers may take to stop, and which signal asks them to. */
public final class StopPlan {
    /** The least time a container gets, in seconds, however short its grace period. */
    public static final long GRACE_LEAST_SECONDS = 2;

    /** The grace period of a pod that is evicted at once, as a kubelet has it. */
    public static final Long EVICTED_SECONDS = 1L;

    /** SIGKILL. */
    public static final int KILL = 9;

    private static final int TERM = 15;
    private static final int RTMIN = 34;
    private static final int RTMAX = 64;
    private static final Map<String, Integer> SIGNALS =
            Map.ofEntries(
                    Map.entry("HUP", 1),
                    Map.entry("INT", 2),
                    Map.entry("QUIT", 3),
                    Map.entry("ILL", 4),
                    Map.entry("TRAP", 5),
                    Map.entry("ABRT", 6),
                    Map.entry("BUS", 7),
                    Map.entry("FPE", 8),
                    Map.entry("KILL", KILL),
                    Map.entry("USR1", 10),
                    Map.entry("SEGV", 11),
                    Map.entry("USR2", 12),
                    Map.entry("PIPE", 13),
                    Map.entry("ALRM", 14),
                    Map.entry("TERM", TERM),
                    Map.entry("STKFLT", 16),
                    Map.entry("CHLD", 17),
                    Map.entry("CONT", 18),
                    Map.entry("STOP", 19),
                    Map.entry("TSTP", 20),
                    Map.entry("TTIN", 21),
                    Map.entry("TTOU", 22),
                    Map.entry("URG", 23),
                    Map.entry("XCPU", 24),
                    Map.entry("XFSZ", 25),
                    Map.entry("VTALRM", 26),
                    Map.entry("PROF", 27),
                    Map.entry("WINCH", 28),
                    Map.entry("IO", 29),
                    Map.entry("PWR", 30),
                    Map.entry("SYS", 31),
                    Map.entry("RTMIN", RTMIN),
                    Map.entry("RTMAX", RTMAX));

    private StopPlan() {}

    /**
     * How many seconds the containers have: what the deletion says, else what the pod says. It only
     * ever becomes shorter.
     *
     * @param before what was decided earlier, or null
     */
    public static long graceSeconds(Pod pod, @Nullable Long before) {
        var asked =
                pod.metadata().deletionGraceSeconds() != null
                        ? pod.metadata().deletionGraceSeconds()
                        : Long.valueOf(pod.spec().terminationGraceSeconds());
        var grace = before == null ? asked : Math.min(asked, before);
        return Math.max(0, grace);
    }

    /**
     * How many seconds a container has that a probe gave up: the probe may say so, unless the pod
     * is being deleted.
     */
    public static long graceSeconds(Pod pod, Container container, ProbeKind failed) {
        var probe = failed.of(container);
        return pod.metadata().deletionGraceSeconds() == null
                        && probe != null
                        && probe.terminationGraceSeconds() != null
                ? probe.terminationGraceSeconds()
                : graceSeconds(pod, null);
    }

    /**
     * The number of the signal that asks a container to stop.
     *
     * @param ofPod what the pod says, or null
     * @param ofImage what the image says: a name such as {@code SIGQUIT} or {@code SIGRTMIN+3}, a
     *     number, or null
     */
    public static int signal(@Nullable String ofPod, @Nullable String ofImage) {
        var said = ofPod != null && !ofPod.isEmpty() ? ofPod : ofImage;
        return said == null || said.isEmpty() ? TERM : number(said);
    }

    private static int number(String text) {
        if (text.matches("\\d{1,2}")) {
            var number = Integer.parseInt(text);
            return number >= 1 && number <= RTMAX ? number : TERM;
        }
        var upper = text.toUpperCase(Locale.ROOT);
        var name = upper.startsWith("SIG") ? upper.substring(3) : upper;
        if (name.matches("RTMIN\\+\\d{1,2}")) {
            return Math.min(RTMAX, RTMIN + Integer.parseInt(name.substring(6)));
        }
        if (name.matches("RTMAX-\\d{1,2}")) {
            return Math.max(RTMIN, RTMAX - Integer.parseInt(name.substring(6)));
        }
        return SIGNALS.getOrDefault(name, TERM);
    }
}
