package dev.berth.core.pod;

import dev.berth.core.pod.Container.Probe;
import org.jspecify.annotations.Nullable;

/** What a probe is asked for. */
public enum ProbeKind {
    /** Whether the container has started; until then the others do not ask. */
    STARTUP("Startup", ProbeResult.UNKNOWN),
    /** Whether it lives; if not, it is killed. */
    LIVENESS("Liveness", ProbeResult.SUCCESS),
    /** Whether it can be sent requests. */
    READINESS("Readiness", ProbeResult.FAILURE);

    private final String text;
    private final ProbeResult initial;

    ProbeKind(String text, ProbeResult initial) {
        this.text = text;
        this.initial = initial;
    }

    /** The word that a kubelet's events begin with. */
    public String text() {
        return text;
    }

    /** What holds for a new container before it was asked. */
    public ProbeResult initial() {
        return initial;
    }

    /** The container's probe of this kind, or null. */
    public @Nullable Probe of(Container container) {
        return switch (this) {
            case STARTUP -> container.startupProbe();
            case LIVENESS -> container.livenessProbe();
            case READINESS -> container.readinessProbe();
        };
    }
}
