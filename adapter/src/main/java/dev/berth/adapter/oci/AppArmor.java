package dev.berth.adapter.oci;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.port.ContainerRuntime.RuntimeFailed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The kernel's AppArmor, where a machine has it. Profiles of users are loaded by them, by the names
 * that pods say; the one for {@code RuntimeDefault} is ours, loaded by the system's parser when the
 * first container wants it and taken away with the instance. Any thread may call.
 */
final class AppArmor {
    /** What the first container waits at most until the parser has done its work. */
    private static final long PARSER_SECONDS = 20;

    private final Path modules;
    private final Path securityFiles;
    private final List<Path> parsers;
    private final Path file;
    private final String name;
    private final ReentrantLock loading = new ReentrantLock();

    /**
     * That of this machine.
     *
     * @param folder of ours, for the profile's text
     * @param instance part of its name: another Berth's {@code down} must not take ours away
     */
    static AppArmor ofThisMachine(Path folder, String instance) {
        return new AppArmor(
                Path.of("/sys"),
                List.of(Path.of("/sbin/apparmor_parser"), Path.of("/usr/sbin/apparmor_parser")),
                folder,
                instance);
    }

    AppArmor(Path sys, List<Path> parsers, Path folder, String instance) {
        modules = sys.resolve("module/apparmor/parameters/enabled");
        securityFiles = sys.resolve("kernel/security/apparmor");
        this.parsers = List.copyOf(parsers);
        file = folder.resolve("default-profile");
        name = "berth-" + instance;
    }

    /** Whether the kernel has it on, as a kubelet looks. */
    boolean enabled() {
        try {
            return Files.exists(securityFiles)
                    && Files.readString(modules).toUpperCase(Locale.ROOT).startsWith("Y");
        } catch (IOException none) {
            return false;
        }
    }

    /**
     * The name of the loaded profile that a container is to have.
     *
     * @param wanted {@code RuntimeDefault} or a name
     * @throws RuntimeFailed in containerd's words, when there is no such profile
     */
    String profile(String wanted) throws RuntimeFailed {
        if (!enabled()) {
            throw new RuntimeFailed(
                    "failed to generate apparmor spec opts: apparmor is not supported", null);
        }
        try {
            if (wanted.equals("RuntimeDefault")) {
                load();
                return name;
            }
            if (!isLoaded(wanted)) {
                throw new RuntimeFailed(
                        "failed to generate apparmor spec opts: apparmor profile not found "
                                + wanted,
                        null);
            }
            return wanted;
        } catch (IOException failed) {
            throw new RuntimeFailed(
                    "failed to generate apparmor spec opts: " + failed.getMessage(), failed);
        }
    }

    /** Takes our profile away, once no container has it; nothing when there is none. */
    void unload() throws IOException {
        if (enabled() && isLoaded(name) && Files.exists(file)) {
            parse("--remove");
        }
    }

    private void load() throws IOException {
        loading.lock();
        try {
            if (!isLoaded(name)) {
                Files.createDirectories(file.toAbsolutePath().getParent());
                Files.writeString(file, text(name), UTF_8);
                parse("--replace");
            }
        } finally {
            loading.unlock();
        }
    }

    /** Each line of the kernel's list is a name and, in brackets, a mode. */
    private boolean isLoaded(String profile) throws IOException {
        try (var lines = Files.lines(securityFiles.resolve("profiles"), UTF_8)) {
            return lines.anyMatch(line -> {
                var mode = line.lastIndexOf(" (");
                return (mode < 0 ? line : line.substring(0, mode)).equals(profile);
            });
        }
    }

    private void parse(String how) throws IOException {
        var parser = parsers.stream().filter(Files::isExecutable).findFirst();
        if (parser.isEmpty()) {
            throw new IOException("there is no " + parsers.getFirst());
        }
        var process =
                new ProcessBuilder(parser.get().toString(), "--skip-cache", how, file.toString())
                        .redirectErrorStream(true)
                        .start();
        process.getOutputStream().close();
        var said = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
        try {
            if (!process.waitFor(PARSER_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("apparmor_parser does not end");
            }
        } catch (InterruptedException stop) {
            // What it does is quick, and is done whole, so that nobody meets half of it.
            Thread.currentThread().interrupt();
            process.onExit().join();
        }
        if (process.exitValue() != 0) {
            throw new IOException("load apparmor profile " + file + ": " + said);
        }
    }

    /**
     * What containers may do by {@code RuntimeDefault}: all that their user, capabilities and
     * namespaces let them, but neither mount nor touch the kernel's files beyond what a pod's
     * sysctls need, and signal and trace only each other.
     */
    static String text(String name) {
        return """
        #include <tunables/global>

        profile %1$s flags=(attach_disconnected,mediate_deleted) {
          #include <abstractions/base>

          network,
          capability,
          file,
          umount,

          # Berth, and the runtime where the system confines that.
          signal (receive) peer=unconfined,
          signal (receive) peer=crun,
          signal (send,receive) peer=%1$s,
          ptrace (trace,read,tracedby,readby) peer=%1$s,

          deny mount,

          # Of /proc only what belongs to processes, and the settings of the pod's own namespaces.
          deny @{PROC}/* w,
          deny @{PROC}/{[^1-9],[^1-9][^0-9],[^1-9s][^0-9y][^0-9s],[^1-9][^0-9][^0-9][^0-9]*}/** w,
          deny @{PROC}/sys/[^kn]** w,
          deny @{PROC}/sys/kernel/{?,??,[^s][^h][^m]**} w,
          deny @{PROC}/sysrq-trigger rwklx,
          deny @{PROC}/kcore rwklx,

          # Of /sys only cgroups.
          deny /sys/[^f]*/** wklx,
          deny /sys/f[^s]*/** wklx,
          deny /sys/fs/[^c]*/** wklx,
          deny /sys/fs/c[^g]*/** wklx,
          deny /sys/fs/cg[^r]*/** wklx,
          deny /sys/firmware/** rwklx,
          deny /sys/devices/virtual/powercap/** rwklx,
          deny /sys/kernel/security/** rwklx,
        }
        """
                .formatted(name);
    }
}
