package dev.berth.core.pod;

import java.util.Optional;

/**
 * What one run of a probe found, as a kubelet 1.36 judges it.
 *
 * @param verdict how it went
 * @param output what was said: the command's output, or why it failed
 */
public record ProbeAnswer(Verdict verdict, String output) {
    /** The most of an output or a body that is kept, in bytes. */
    public static final int OUTPUT_MOST = 10 << 10;

    /** How a run went. */
    public enum Verdict {
        /** Well. */
        SUCCESS,
        /** Well, but worth an event. */
        WARNING,
        /** Badly. */
        FAILURE,
        /** The probe could not be run at all: it is tried again and then does not count. */
        ERROR
    }

    /** A command's end. */
    public static ProbeAnswer command(int exitCode, String output) {
        return new ProbeAnswer(exitCode == 0 ? Verdict.SUCCESS : Verdict.FAILURE, output);
    }

    /**
     * A server's answer over HTTP: 200 to 399 is well; a redirect that was not followed leads to
     * another host, which is worth a warning.
     */
    public static ProbeAnswer http(int status, String body) {
        if (status < 200 || status >= 400) {
            // The body is not told: it could hold what not everybody may read.
            return failure("HTTP probe failed with statuscode: " + status);
        }
        return status >= 300
                ? new ProbeAnswer(
                        Verdict.WARNING, "Probe terminated redirects, Response body: " + body)
                : new ProbeAnswer(Verdict.SUCCESS, body);
    }

    /**
     * The answer of gRPC's health service.
     *
     * @param status SERVING, NOT_SERVING, SERVICE_UNKNOWN or UNKNOWN
     */
    public static ProbeAnswer health(String status) {
        return status.equals("SERVING")
                ? new ProbeAnswer(Verdict.SUCCESS, "service healthy")
                : failure("service unhealthy (responded with \"" + status + "\")");
    }

    /** A connection that could be opened. */
    public static ProbeAnswer connected() {
        return new ProbeAnswer(Verdict.SUCCESS, "");
    }

    /** A failure. */
    public static ProbeAnswer failure(String why) {
        return new ProbeAnswer(Verdict.FAILURE, why);
    }

    /** A probe that could not be run. */
    public static ProbeAnswer error(String why) {
        return new ProbeAnswer(Verdict.ERROR, why);
    }

    /**
     * An event to tell.
     *
     * @param reason {@code Unhealthy} or {@code ProbeWarning}
     * @param message for people
     */
    public record Told(String reason, String message) {}

    /** The warning that this run is worth, in a kubelet's words. */
    public Optional<Told> event(ProbeKind kind) {
        return switch (verdict) {
            case SUCCESS -> Optional.empty();
            case WARNING ->
                    Optional.of(
                            new Told("ProbeWarning", kind.text() + " probe warning: " + output));
            case FAILURE ->
                    Optional.of(new Told("Unhealthy", kind.text() + " probe failed: " + output));
            case ERROR ->
                    Optional.of(
                            new Told(
                                    "Unhealthy",
                                    kind.text()
                                            + " probe errored and resulted in unknown state: "
                                            + output));
        };
    }
}
