package dev.berth.adapter.controlplane;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.port.Processes;
import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/** The built programs of Kubernetes on this machine, and the parts that use them. */
public final class RealKube {
    private RealKube() {}

    /** The built programs; the test is skipped where there are none. */
    public static KubeBinaries binaries() {
        var directory = System.getenv("BERTH_KUBE_DIR");
        var cache =
                System.getenv("BERTH_CACHE") != null
                        ? Path.of(System.getenv("BERTH_CACHE"))
                        : Path.of(System.getProperty("user.home"), ".cache", "berth");
        var binaries =
                new KubeBinaries(
                        directory == null ? null : Path.of(directory), cache.resolve("kube"));
        boolean built = true;
        try {
            built = Files.isExecutable(binaries.any().program());
        } catch (dev.berth.port.ControlPlanes.ControlPlaneFailed e) {
            built = false;
        }
        assumeTrue(built, "Kubernetes is not built: run kube/build.sh");
        return binaries;
    }

    /** An etcd in a folder, answering. */
    public static EtcdServer etcd(Processes processes, Path folder) throws Exception {
        var etcd = new EtcdServer(processes, binaries(), folder);
        etcd.start();
        return etcd;
    }

    /** The machine's clock; nothing here uses the timer. */
    static Time time() {
        return new Time() {
            @Override
            public Instant now() {
                return Instant.now();
            }

            @Override
            public long nanos() {
                return System.nanoTime();
            }

            @Override
            public Subscription after(Duration delay, Runnable task) {
                throw new UnsupportedOperationException();
            }
        };
    }
}
