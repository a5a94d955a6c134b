package dev.berth.core.pod;

import java.util.ArrayList;
import java.util.List;

/**
 * Which pods may use an image that was pulled, under one of its names: all, when it came without a
 * pod's secret, or those that show a secret it was pulled with. A pod that shows another must pull
 * it again itself, so that the registry decides. Source: a kubelet's NeverVerifyPreloadedImages
 *
 * @param everyPod whether no secret is needed
 * @param secrets those that it was pulled with
 */
public record PullAccess(boolean everyPod, List<SecretUse> secrets) {
    /** How many secrets are known of one image at most; more are checked by pulling again. */
    private static final int SECRETS_MAX = 100;

    /** For all pods of the machine. */
    public static final PullAccess EVERY_POD = new PullAccess(true, List.of());

    /** Copies the list. */
    public PullAccess {
        secrets = List.copyOf(secrets);
    }

    /**
     * A credential of a Secret's.
     *
     * @param uid the Secret's uid
     * @param namespace its namespace
     * @param name its name
     * @param hash of the name and password in it, empty when it is not known
     */
    public record SecretUse(String uid, String namespace, String name, String hash) {
        private boolean sameSecret(SecretUse other) {
            return uid.equals(other.uid)
                    && namespace.equals(other.namespace)
                    && name.equals(other.name);
        }
    }

    /** For pods that show this secret. */
    public static PullAccess with(SecretUse secret) {
        return new PullAccess(false, List.of(secret));
    }

    /** Whether a pod may that shows these: the same secret, or the same credential in another. */
    public boolean allows(List<SecretUse> shown) {
        return everyPod
                || shown.stream()
                        .anyMatch(one ->
                                secrets.stream()
                                        .anyMatch(known ->
                                                known.sameSecret(one)
                                                        || (!known.hash.isEmpty()
                                                                && known.hash.equals(one.hash))));
    }

    /** What both allow. */
    public PullAccess and(PullAccess other) {
        if (everyPod || other.everyPod) {
            return EVERY_POD;
        }
        var all = new ArrayList<>(secrets);
        for (var each : other.secrets) {
            all.removeIf(each::sameSecret);
            all.add(each);
        }
        return new PullAccess(
                false, all.subList(Math.max(0, all.size() - SECRETS_MAX), all.size()));
    }
}
