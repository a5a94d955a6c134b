package dev.berth.engine.podworker;

import dev.berth.core.pod.ConfigNeeds;
import dev.berth.core.pod.PodMetadata;
import dev.berth.engine.podworker.PodGround.GroundFailed;
import dev.berth.port.KubeApi.ConfigChange;
import dev.berth.port.KubeApi.KubeUnavailable;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a running pod's volumes as what they are made from: ConfigMaps, Secrets, the pod's own
 * labels and annotations, and tokens before these expire. What was there stays until that works.
 * Owned by the pod's thread but for {@link #changed}.
 */
final class VolumeRenewal {
    private static final Logger LOG = LoggerFactory.getLogger(VolumeRenewal.class);

    private final PodLedger ledger;
    private final PodMailbox box;
    private final PodGround ground;
    private final AtomicBoolean configChanged = new AtomicBoolean();
    private final AtomicBoolean awaited = new AtomicBoolean();
    private @Nullable Instant retry;
    private @Nullable PodMetadata told;

    VolumeRenewal(PodLedger ledger, PodMailbox box, PodGround ground) {
        this.ledger = ledger;
        this.box = box;
        this.ground = ground;
    }

    /** A ConfigMap or Secret has changed, which the volumes may be made from. Any thread. */
    void changed(ConfigChange change) {
        var seen = ledger.view().pod();
        if (!seen.metadata().namespace().equals(change.namespace())) {
            return;
        }
        var inVolumes = names(ConfigNeeds.ofVolumes(seen.spec().volumes()), change);
        var inVariables =
                names(ConfigNeeds.ofVariables(seen.spec().everyContainer().toList()), change);
        if (inVolumes) {
            configChanged.set(true);
        }
        if (inVolumes || inVariables) {
            awaited.set(true);
            box.poke();
        }
    }

    private static boolean names(ConfigNeeds needs, ConfigChange change) {
        return (change.secret() ? needs.secrets() : needs.configMaps()).contains(change.name());
    }

    /** Whether something has changed since the last call that a start may have waited for. */
    boolean awaitedHasCome() {
        return awaited.getAndSet(false);
    }

    /** The volumes are about to be made from this, if they have not been. */
    void begins(PodMetadata metadata) {
        told = told == null ? metadata : told;
    }

    /** When something is to be made anew whatever else happens, or null. */
    @Nullable Instant due() {
        // What nobody would do must not be due: it would be looked at again and again.
        return nobodyReads() ? null : retry != null ? retry : ground.tokensDue();
    }

    private boolean nobodyReads() {
        return ledger.running().isEmpty() && ground.tokensDue() == null;
    }

    /** Makes anew what has changed. */
    void renew() throws InterruptedException {
        if (nobodyReads()) {
            return;
        }
        var metadata = ledger.pod().metadata();
        var due = due();
        var changed = configChanged.getAndSet(false);
        changed |= told == null || !sameFields(told, metadata);
        if (!changed && (due == null || ledger.now().isBefore(due))) {
            return;
        }
        told = metadata;
        try {
            ground.renewVolumes(ledger.pod());
            retry = null;
        } catch (GroundFailed e) {
            again(e.text());
        } catch (KubeUnavailable e) {
            again(e.getMessage());
        }
    }

    /** What has changed is not told a second time, so this must not be forgotten. */
    private void again(@Nullable String cause) {
        LOG.info("volumes not renewed pod={} cause={}", ledger.pod().key(), cause);
        retry = ledger.now().plus(StartTries.CONTAINER_RETRY);
    }

    private static boolean sameFields(PodMetadata one, PodMetadata other) {
        return one.labels().equals(other.labels()) && one.annotations().equals(other.annotations());
    }
}
