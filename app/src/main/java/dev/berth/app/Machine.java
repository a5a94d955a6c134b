package dev.berth.app;

import dev.berth.adapter.image.OciImages;
import dev.berth.adapter.net.VpcNetwork;
import dev.berth.adapter.oci.CrunRuntime;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an instance has on this machine besides its records: images and their layouts, containers,
 * networks. It outlives Berth's process, so it is found again by names, and taken away by {@link
 * #destroy}.
 */
final class Machine implements AutoCloseable {
    private final OciImages images;
    private final CrunRuntime runtime;
    private final VpcNetwork network;

    /**
     * The machine of an instance.
     *
     * @param dockerConfig a file of {@code docker login}'s, or null
     */
    Machine(DataFolder data, List<String> mirrors, @Nullable Path dockerConfig) {
        this.images = Wiring.images(data, mirrors, dockerConfig);
        this.runtime =
                new CrunRuntime(
                        data.resolve("runtime"),
                        data.instance(),
                        Wiring.program("crun"),
                        Wiring.program("conmon"),
                        List.of(
                                data.resolve("mounts"),
                                data.resolve("pods"),
                                data.resolve("pods-memory"),
                                data.runFolder()));
        this.network = new VpcNetwork(data.runFolder().resolve("net"), data.instance());
    }

    /** Finds what an earlier life has left. */
    void start() throws IOException, InterruptedException {
        network.start();
        runtime.start();
        images.sweep();
    }

    OciImages images() {
        return images;
    }

    CrunRuntime runtime() {
        return runtime;
    }

    VpcNetwork network() {
        return network;
    }

    /** Takes all away: containers first, then what they stood on. */
    void destroy() throws IOException, InterruptedException {
        runtime.destroyAll();
        images.unmountAll();
        network.destroyAll();
    }

    /** Lets go of it and leaves everything running. */
    @Override
    public void close() {
        runtime.close();
        network.close();
        images.close();
    }
}
