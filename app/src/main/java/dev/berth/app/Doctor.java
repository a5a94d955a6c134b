package dev.berth.app;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** Looks at what this machine can do, and says how to mend what it cannot. */
final class Doctor {
    private final PrintStream out;
    private boolean well = true;

    Doctor(PrintStream out) {
        this.out = out;
    }

    /** Tells of every need; true when none is missing. */
    boolean examine() throws IOException {
        need(
                "root",
                "root".equals(System.getProperty("user.name")),
                "run as root: namespaces, mounts and cgroups need it");
        need(
                "Java " + Runtime.version().feature(),
                Runtime.version().feature() >= 25,
                "install a JDK 25");
        program("crun", "crun", "starts containers");
        program("conmon", "conmon", "keeps containers while Berth is away");
        program("ip", "iproute2", "lays out VPCs");
        program("nft", "nftables", "filters packets and leads to Services");
        program("nsenter", "util-linux", "enters namespaces");
        program("unshare", "util-linux", "makes namespaces");
        program("setpriv", "util-linux", "ties processes to Berth's life");
        need(
                "overlayfs",
                Files.readString(Path.of("/proc/filesystems")).contains("overlay"),
                "use a kernel with overlayfs");
        var v2 = Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers"));
        var v1 = Files.isDirectory(Path.of("/sys/fs/cgroup/memory"));
        need(
                v2
                        ? "cgroup v2"
                        : Files.isDirectory(Path.of("/sys/fs/cgroup/unified"))
                                ? "cgroup v1, hybrid"
                                : "cgroup v1",
                v2 || v1,
                "mount cgroup v2 at /sys/fs/cgroup");
        var kube = Wiring.findKubeBinary();
        need(
                kube.map(path -> "Kubernetes at " + path).orElse("Kubernetes"),
                kube.isPresent(),
                "run ./berth lab or ./berth up once, which build it, or set BERTH_KUBE_DIR");
        tell(
                "user namespaces, for pods with hostUsers: false",
                usersOfTheirOwn(),
                "such pods are refused: allow them in user.max_user_namespaces");
        tell(
                "AppArmor",
                Files.exists(Path.of("/sys/kernel/security/apparmor")),
                "pods that insist on it are refused");
        tell(
                "/dev/kvm",
                Files.exists(Path.of("/dev/kvm")),
                "not needed: pods are isolated by namespaces");
        tell(
                "runsc",
                onPath("runsc").isPresent(),
                "not needed: gVisor, for a kernel of each pod's own");
        tell(
                "apt-get",
                onPath("apt-get").isPresent(),
                "berth image build-demo needs it; otherwise import images or name a registry");
        return well;
    }

    /** What the kernel says; whether its file systems play along shows when Berth is up. */
    private static boolean usersOfTheirOwn() throws IOException {
        var most = Path.of("/proc/sys/user/max_user_namespaces");
        return Files.exists(most) && Long.parseLong(Files.readString(most).strip()) > 0;
    }

    private void program(String name, String packageName, String what) {
        need(
                name + ", which " + what,
                onPath(name).isPresent(),
                "install the package " + packageName);
    }

    private void need(String what, boolean there, String mend) {
        well &= there;
        out.println((there ? "  ok       " : "  MISSING  ") + what + (there ? "" : ": " + mend));
    }

    private void tell(String what, boolean there, String remark) {
        out.println(
                (there ? "  ok       " : "  -        ")
                        + what
                        + (there ? "" : " (" + remark + ")"));
    }

    static Optional<Path> onPath(String name) {
        var path = Optional.ofNullable(System.getenv("PATH")).orElse("") + ":/usr/sbin:/sbin";
        return Arrays.stream(path.split(":", -1))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
