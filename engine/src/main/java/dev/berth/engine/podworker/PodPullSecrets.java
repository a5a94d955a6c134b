package dev.berth.engine.podworker;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodWords;
import dev.berth.core.pod.PullAccess;
import dev.berth.core.pod.PullAccess.SecretUse;
import dev.berth.core.pod.PullSecrets;
import dev.berth.port.Images;
import dev.berth.port.Images.Image;
import dev.berth.port.Images.PullFailed;
import dev.berth.port.Images.RegistryCredential;
import dev.berth.port.KubeApi.KubeUnavailable;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The credentials that one pod's secrets have for one image, in the order in which they are tried.
 * A service account's secrets stand in the pod already: the API server writes them there.
 */
final class PodPullSecrets {
    private final List<Shown> shown;
    private final @Nullable KubeUnavailable unread;

    private PodPullSecrets(List<Shown> shown, @Nullable KubeUnavailable unread) {
        this.shown = List.copyOf(shown);
        this.unread = unread;
    }

    private record Shown(RegistryCredential credential, SecretUse secret) {}

    /** No credential led to the image. */
    static final class NotPulled extends Exception {
        private static final long serialVersionUID = 1L;

        NotPulled(String message, Exception cause) {
            super(message, cause);
        }
    }

    /** Reads them; an event tells of those that are not there. */
    static PodPullSecrets read(Surroundings around, Pod pod, String image) {
        var shown = new ArrayList<Shown>();
        var missing = new ArrayList<String>();
        var namespace = pod.metadata().namespace();
        KubeUnavailable unread = null;
        for (var name : pod.spec().imagePullSecrets()) {
            if (name.isEmpty()) {
                continue;
            }
            try {
                var secret = around.api().secret(namespace, name);
                if (secret.isEmpty()) {
                    missing.add(name);
                    continue;
                }
                for (var login :
                        PullSecrets.logins(secret.get().type(), secret.get().data(), image)) {
                    shown.add(
                            new Shown(
                                    credential(login),
                                    new SecretUse(
                                            secret.get().uid(), namespace, name, hash(login))));
                }
            } catch (KubeUnavailable failed) {
                unread = failed;
            }
        }
        if (!missing.isEmpty()) {
            around.event(
                    pod,
                    null,
                    true,
                    "FailedToRetrieveImagePullSecret",
                    PodWords.pullSecretsMissing(missing));
        }
        return new PodPullSecrets(shown, unread);
    }

    private static RegistryCredential credential(PullSecrets.Login login) {
        return new RegistryCredential(login.registry(), login.username(), login.password());
    }

    /** What the pod shows of them, to use an image that is here. */
    List<SecretUse> uses() {
        return shown.stream().map(Shown::secret).toList();
    }

    /**
     * Pulls with one credential after the other, and notes who may use the image now: with none at
     * all, or with one of the machine's own, all pods may.
     *
     * @param loopback the way to registries on the node's own loopback, or null
     */
    Image pull(Images images, String image, Images.@Nullable Route loopback)
            throws NotPulled, InterruptedException {
        if (unread != null) {
            throw new NotPulled(String.valueOf(unread.getMessage()), unread);
        }
        var own = images.credentials(image);
        if (shown.isEmpty() && own.isEmpty()) {
            try {
                return noted(
                        images,
                        image,
                        images.pull(image, List.of(), loopback),
                        PullAccess.EVERY_POD);
            } catch (PullFailed failed) {
                throw new NotPulled(words(failed), failed);
            }
        }
        var failures = new LinkedHashSet<String>();
        PullFailed last = null;
        for (var each : shown) {
            try {
                var pulled = images.pull(image, List.of(each.credential()), loopback);
                return noted(images, image, pulled, PullAccess.with(each.secret()));
            } catch (PullFailed failed) {
                last = failed;
                failures.add(words(failed));
            }
        }
        for (var each : own) {
            try {
                var pulled = images.pull(image, List.of(each), loopback);
                return noted(images, image, pulled, PullAccess.EVERY_POD);
            } catch (PullFailed failed) {
                last = failed;
                failures.add(words(failed));
            }
        }
        var all = String.join(", ", failures);
        throw new NotPulled(
                failures.size() == 1 ? all : "[" + all + "]",
                java.util.Objects.requireNonNull(last));
    }

    /** What was put here by hand is everybody's, and no pull changes that. */
    private static Image noted(Images images, String image, Image pulled, PullAccess access) {
        if (images.access(pulled.id()).isPresent()) {
            images.allow(pulled.id(), PullSecrets.repository(image), access);
        }
        return pulled;
    }

    /** A failure as it comes over a kubelet's interface to containerd. */
    private static String words(PullFailed failed) {
        var words = String.valueOf(failed.getMessage());
        return PodWords.fromRuntime(
                switch (failed.why()) {
                    case NOT_FOUND, NO_MATCHING_PLATFORM -> "NotFound";
                    case INVALID_NAME -> "InvalidArgument";
                    case CORRUPT ->
                            words.endsWith(": failed precondition")
                                    ? "FailedPrecondition"
                                    : "Unknown";
                    case UNAUTHORIZED, UNREACHABLE, NO_SPACE -> "Unknown";
                },
                words);
    }

    private static String hash(PullSecrets.Login login) {
        try {
            return HexFormat.of()
                    .formatHex(
                            MessageDigest.getInstance("SHA-256")
                                    .digest(
                                            (login.username() + "\0" + login.password())
                                                    .getBytes(UTF_8)));
        } catch (NoSuchAlgorithmException missing) {
            throw new AssertionError("every JDK has it", missing);
        }
    }
}
