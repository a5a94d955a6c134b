package dev.berth.testkit;

import dev.berth.port.ContainerRuntime;
import dev.berth.port.ContainerRuntime.ContainerPlan;
import dev.berth.port.ContainerRuntime.Limits;
import dev.berth.port.ContainerRuntime.User;
import dev.berth.port.Images;
import dev.berth.port.PodNetwork;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Nested;

/** The fakes promise what the real adapters promise. */
class FakesKeepTheContractsTest {
    @Nested
    class Runtime extends ContainerRuntimeContract {
        private final FakeContainerRuntime runtime = new FakeContainerRuntime(new FakeTime());

        @Override
        protected ContainerRuntime runtime() {
            return runtime;
        }

        @Override
        protected String podUid() {
            return "uid-1";
        }

        @Override
        protected ContainerPlan plan(String name, String... command) {
            return new ContainerPlan(
                    Integer.toHexString(name.hashCode()),
                    podUid(),
                    "default",
                    "web",
                    name,
                    2,
                    "busybox",
                    Path.of("/fake/root"),
                    List.of(command),
                    List.of(),
                    "/",
                    new User(0, 0, List.of()),
                    List.of(),
                    Path.of("/fake/net"),
                    Path.of("/fake/ipc"),
                    Path.of("/fake/uts"),
                    null,
                    new Limits(0, 0, 0),
                    List.of(),
                    false,
                    false,
                    "Unconfined",
                    List.of(),
                    List.of(),
                    List.of(),
                    1024,
                    65535,
                    0,
                    false,
                    false,
                    Path.of("/fake/log"));
        }

        @Override
        protected List<String> log(ContainerPlan plan) {
            return runtime.log(plan.id());
        }
    }

    @Nested
    class Network extends PodNetworkContract {
        private final FakePodNetwork network = new FakePodNetwork();

        @Override
        protected PodNetwork network() {
            return network;
        }

        @Override
        protected String vpcId() {
            return "vpc-1";
        }

        @Override
        protected String podUid(int number) {
            return "uid-" + number;
        }
    }

    @Nested
    class Pictures extends ImagesContract {
        private final FakeImages images = new FakeImages();

        Pictures() {
            images.inRegistry("nginx", FakeImages.SHELL);
        }

        @Override
        protected Images images() {
            return images;
        }

        @Override
        protected String pullable() {
            return "nginx:latest";
        }

        @Override
        protected String unknown() {
            return "absent:latest";
        }
    }
}
