package dev.berth.app;

import dev.berth.adapter.controlplane.KubeBinaries;
import dev.berth.adapter.image.OciImages;
import dev.berth.engine.clusters.ClusterListener;
import dev.berth.engine.clusters.RunningCluster;
import dev.berth.port.Images.PullFailed;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the image of CoreDNS at hand for the clusters' coredns Deployments, which no registry has.
 * It is taken beside a cluster's start, since pods need it only once a profile claims them.
 */
final class CoreDnsImages implements ClusterListener {
    private static final Logger LOG = LoggerFactory.getLogger(CoreDnsImages.class);

    private final OciImages images;
    private final KubeBinaries binaries;

    CoreDnsImages(OciImages images, KubeBinaries binaries) {
        this.images = images;
        this.binaries = binaries;
    }

    @Override
    public void started(RunningCluster cluster) {
        var image = binaries.coreDnsImage();
        if (image.isPresent() && images.find(image.get().name()).isEmpty()) {
            Thread.ofVirtual().name("coredns-image").start(() -> take(image.get()));
        }
    }

    private void take(KubeBinaries.CoreDnsImage image) {
        try {
            var taken = images.importFile(image.layout());
            LOG.info("image taken names={}", taken);
        } catch (PullFailed failed) {
            LOG.warn(
                    "the image of CoreDNS cannot be taken, its pods will not start layout={}",
                    image.layout(),
                    failed);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void stopping(String clusterName) {
        // The image stays for the next start.
    }
}
