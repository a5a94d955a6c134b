package dev.berth.core.pod;

import dev.berth.core.pod.PodSecurity.SeccompProfile;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;

/** What a container's process may do: capabilities, hidden paths, seccomp. */
public final class Privileges {
    /**
     * The capabilities that a container has when nothing is said, as with Docker and containerd.
     */
    public static final List<String> DEFAULT_CAPABILITIES =
            List.of(
                    "CAP_CHOWN",
                    "CAP_DAC_OVERRIDE",
                    "CAP_FSETID",
                    "CAP_FOWNER",
                    "CAP_MKNOD",
                    "CAP_NET_RAW",
                    "CAP_SETGID",
                    "CAP_SETUID",
                    "CAP_SETFCAP",
                    "CAP_SETPCAP",
                    "CAP_NET_BIND_SERVICE",
                    "CAP_SYS_CHROOT",
                    "CAP_KILL",
                    "CAP_AUDIT_WRITE");

    /** What is hidden below /proc and /sys. */
    public static final List<String> MASKED_PATHS =
            List.of(
                    "/proc/asound",
                    "/proc/acpi",
                    "/proc/interrupts",
                    "/proc/kcore",
                    "/proc/keys",
                    "/proc/latency_stats",
                    "/proc/timer_list",
                    "/proc/timer_stats",
                    "/proc/sched_debug",
                    "/proc/scsi",
                    "/sys/firmware",
                    "/sys/devices/virtual/powercap");

    /** What cannot be written below /proc. */
    public static final List<String> READ_ONLY_PATHS =
            List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

    /** What the names of profiles begin with that are loaded on the machine. */
    public static final String LOCALHOST = "localhost/";

    private Privileges() {}

    /**
     * The capabilities: the default ones, less what is dropped ({@code ALL} drops all), plus what
     * is added; an added one stays even when all are dropped. Adding {@code ALL} is no more than
     * the default here, since such a pod is refused before it comes to a node.
     */
    public static List<String> capabilities(Container.Security says) {
        var all = new LinkedHashSet<>(DEFAULT_CAPABILITIES);
        for (var dropped : says.capabilitiesDrop()) {
            if (dropped.equalsIgnoreCase("ALL")) {
                all.clear();
            } else {
                all.remove(full(dropped));
            }
        }
        for (var added : says.capabilitiesAdd()) {
            if (added.equalsIgnoreCase("ALL")) {
                all.addAll(DEFAULT_CAPABILITIES);
            } else {
                all.add(full(added));
            }
        }
        return new ArrayList<>(all);
    }

    /** Whether /proc is shown as it is. */
    public static boolean unmasked(Container.Security says) {
        return "Unmasked".equals(says.procMount());
    }

    /**
     * The seccomp profile: {@code RuntimeDefault}, {@code Unconfined} or the name of a local one.
     * The container's word counts before the pod's; without either it is {@code RuntimeDefault}
     * (our choice: a kubelet's own default is {@code Unconfined}).
     */
    public static String seccomp(PodSpec spec, Container container) {
        var profile =
                container.security().seccomp() != null
                        ? container.security().seccomp()
                        : spec.security().seccomp();
        return profile == null ? "RuntimeDefault" : text(profile);
    }

    /**
     * The AppArmor profile: {@code RuntimeDefault}, the name of a loaded one, or empty. The
     * container's word counts before the pod's; without either it is none (our choice, as on
     * Fargate, whose hosts have no AppArmor; containerd would take its default where a host has
     * it).
     */
    public static String appArmor(PodSpec spec, Container container) {
        var said =
                container.security().appArmor() != null
                        ? container.security().appArmor()
                        : spec.security().appArmor();
        if (said == null || said.equals("Unconfined")) {
            return "";
        }
        return said.startsWith(LOCALHOST) ? said.substring(LOCALHOST.length()) : said;
    }

    private static String text(SeccompProfile profile) {
        return profile.type().equals("Localhost") && profile.localhostProfile() != null
                ? profile.localhostProfile()
                : profile.type();
    }

    private static String full(String capability) {
        var name = capability.toUpperCase(Locale.ROOT);
        return name.startsWith("CAP_") ? name : "CAP_" + name;
    }
}
