package dev.berth.engine.podworker;

import dev.berth.core.node.OrdinaryNode;
import dev.berth.core.pod.Container;
import dev.berth.core.pod.ImageName;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodWords;
import dev.berth.core.pod.PullAccess;
import dev.berth.core.pod.PullSecrets;
import dev.berth.core.pod.RestartBackOffs;
import dev.berth.core.pod.StartProblem;
import dev.berth.port.Images;
import dev.berth.port.Images.Image;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Gets the images of one pod's containers and volumes, by their pull policy, with a kubelet's
 * events, and leaves a registry alone for a while after a failure. Several threads of the pod may
 * call.
 */
final class ImagePulls {
    /** How long a failure shows as itself before it shows as a back-off (our choice). */
    private static final Duration FAILURE_SHOWN = Duration.ofSeconds(1);

    private final Surroundings around;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Instant> failedAt = new HashMap<>();
    private final Map<String, String> failures = new HashMap<>();
    private RestartBackOffs backOffs = RestartBackOffs.NONE;

    ImagePulls(Surroundings around) {
        this.around = around;
    }

    /** An image, or why there is none and when to look again. */
    sealed interface Outcome {
        /** It is here. */
        record Here(Image image) implements Outcome {}

        /** It is not; look again then. */
        record Not(StartProblem problem, Instant again) implements Outcome {}
    }

    /**
     * An image that is wanted.
     *
     * @param image as the pod names it
     * @param pullPolicy Always, IfNotPresent or Never
     * @param container whose it is, or null for that of a volume
     */
    record Wanted(String image, String pullPolicy, @Nullable String container) {
        static Wanted of(Container container) {
            return new Wanted(container.image(), container.imagePullPolicy(), container.name());
        }
    }

    Outcome get(Pod pod, Wanted wanted) throws InterruptedException {
        var image = wanted.image();
        var now = around.machine().time().now();
        var wrong = ImageName.problem(image);
        if (wrong.isPresent()) {
            var message = PodWords.invalidName(image, wrong.get());
            tell(pod, wanted, true, "InspectFailed", message);
            return failed(pod, wanted, "InvalidImageName", message, retryAt(image, now));
        }
        var secrets = PodPullSecrets.read(around, pod, image);
        var here =
                wanted.pullPolicy().equals("Always")
                        ? Optional.<Image>empty()
                        : around.machine().images().find(image);
        if (here.isPresent() && mayUse(here.get(), image, secrets)) {
            tell(pod, wanted, false, "Pulled", PodWords.present(image));
            return new Outcome.Here(here.get());
        }
        if (wanted.pullPolicy().equals("Never")) {
            var message = PodWords.neverPull(image);
            tell(pod, wanted, true, "ErrImageNeverPull", message);
            return failed(pod, wanted, "ErrImageNeverPull", message, retryAt(image, now));
        }
        var wait = wait(image, now);
        if (wait != null) {
            tell(pod, wanted, false, "BackOff", PodWords.pullBackOff(image));
            return failed(
                    pod,
                    wanted,
                    "ImagePullBackOff",
                    PodWords.pullBackOff(image) + ": " + failure(image),
                    wait);
        }
        return pull(pod, wanted, secrets);
    }

    /** Whether a pod that shows these secrets may use what another has pulled. */
    private boolean mayUse(Image here, String image, PodPullSecrets secrets) {
        var images = around.machine().images();
        var pulledAs = images.access(here.id());
        if (pulledAs.isEmpty()) {
            return true;
        }
        var name = PullSecrets.repository(image);
        var access = pulledAs.get().get(name);
        if (access == null || !access.allows(secrets.uses())) {
            return false;
        }
        if (!access.everyPod()) {
            // The same secret with another credential in it, or the other way round: good from now
            // on, whatever becomes of the one that is known.
            secrets.uses().stream()
                    .filter(each -> !access.secrets().contains(each))
                    .filter(each -> access.allows(List.of(each)))
                    .forEach(each -> images.allow(here.id(), name, PullAccess.with(each)));
        }
        return true;
    }

    /**
     * On an ordinary node such an image as {@code localhost:5000/app} is asked of that node, as a
     * container runtime there would.
     */
    private Images.@Nullable Route loopback(Pod pod) {
        var network = around.machine().network();
        var name = pod.spec().nodeName();
        var node = name == null ? "" : OrdinaryNode.id(around.settings().cluster(), name);
        if (network.sandbox(node).isEmpty()) {
            return null;
        }
        return (host, port) -> network.dialFromPod(node, host, port);
    }

    private Outcome pull(Pod pod, Wanted wanted, PodPullSecrets secrets)
            throws InterruptedException {
        var image = wanted.image();
        var time = around.machine().time();
        tell(pod, wanted, false, "Pulling", PodWords.pulling(image));
        var begun = time.nanos();
        try (var _ = around.pullTurns().take()) {
            var asked = time.nanos();
            var pulled = secrets.pull(around.machine().images(), image, loopback(pod));
            var ended = time.nanos();
            tell(
                    pod,
                    wanted,
                    false,
                    "Pulled",
                    PodWords.pulled(
                            image,
                            Duration.ofNanos(ended - asked),
                            Duration.ofNanos(ended - begun),
                            pulled.sizeBytes()));
            return new Outcome.Here(pulled);
        } catch (PodPullSecrets.NotPulled e) {
            var message = String.valueOf(e.getMessage());
            var now = time.now();
            tell(pod, wanted, true, "Failed", PodWords.pullFailed(image, message));
            lock.lock();
            try {
                var before = failedAt.getOrDefault(image, now);
                backOffs = backOffs.tried(image, before, now);
                failedAt.put(image, now);
                failures.put(image, "ErrImagePull: " + message);
            } finally {
                lock.unlock();
            }
            return failed(pod, wanted, "ErrImagePull", message, now.plus(FAILURE_SHOWN));
        }
    }

    private Outcome failed(Pod pod, Wanted wanted, String reason, String message, Instant again) {
        if (wanted.container() != null) {
            tell(pod, wanted, true, "Failed", "Error: " + reason);
        }
        return new Outcome.Not(new StartProblem(reason, message), again);
    }

    /** Until when the registry is left alone, or null when it may be asked. */
    private @Nullable Instant wait(String image, Instant now) {
        lock.lock();
        try {
            var at = failedAt.get(image);
            return at == null ? null : backOffs.until(image, at, now).orElse(null);
        } finally {
            lock.unlock();
        }
    }

    /** When to look again at what no pull can mend: less and less often. */
    private Instant retryAt(String image, Instant now) {
        lock.lock();
        try {
            backOffs = backOffs.tried(image, failedAt.getOrDefault(image, now), now);
            failedAt.put(image, now);
            return now.plus(backOffs.delay(image, now));
        } finally {
            lock.unlock();
        }
    }

    private String failure(String image) {
        lock.lock();
        try {
            return failures.getOrDefault(image, "ErrImagePull");
        } finally {
            lock.unlock();
        }
    }

    private void tell(Pod pod, Wanted wanted, boolean warning, String reason, String message) {
        var container = wanted.container();
        around.event(
                pod,
                container == null ? null : Surroundings.fieldPath(pod, container),
                warning,
                reason,
                message);
    }
}
