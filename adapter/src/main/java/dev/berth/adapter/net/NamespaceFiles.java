package dev.berth.adapter.net;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.berth.adapter.libc.Errno;
import dev.berth.adapter.libc.Libc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/**
 * Folders in which namespaces are kept alive by files, with a file beside them that tells a later
 * life of Berth what they are.
 */
final class NamespaceFiles {
    private NamespaceFiles() {}

    /** Moves the calling thread into a namespace that forwards, and keeps that by a file. */
    static Rtnetlink newNetwork(Path file) throws IOException {
        Libc.unshare(Libc.CLONE_NEWNET);
        bind("net", file);
        setting("ipv4/ip_forward", "1");
        setting("ipv4/conf/all/rp_filter", "1");
        setting("ipv4/conf/default/rp_filter", "1");
        setting("ipv6/conf/all/disable_ipv6", "1");
        setting("ipv6/conf/default/disable_ipv6", "1");
        var inside = new Rtnetlink();
        inside.up(Rtnetlink.LOOPBACK);
        return inside;
    }

    /** The number of a link that has to be there. */
    static int index(Rtnetlink netlink, String link) throws IOException {
        return netlink.index(link)
                .orElseThrow(() -> new IOException("link " + link + " is not there"));
    }

    /** A hardware address of the kind that anybody may give himself. */
    static byte[] mac(int kind, int number) {
        return new byte[] {
            2,
            (byte) kind,
            (byte) (number >> 24),
            (byte) (number >> 16),
            (byte) (number >> 8),
            (byte) number
        };
    }

    /** Keeps the calling thread's namespace alive under a name. */
    static void bind(String kind, Path file) throws IOException {
        Files.createFile(file);
        Libc.mount("/proc/thread-self/ns/" + kind, file.toString(), null, Libc.MS_BIND, null);
    }

    /** Another name for a namespace that has one. */
    static void bind(Path namespace, Path file) throws IOException {
        Files.createFile(file);
        Libc.mount(namespace.toString(), file.toString(), null, Libc.MS_BIND, null);
    }

    /** Writes a setting of the calling thread's network namespace, if the kernel has it. */
    static void setting(String name, String value) throws IOException {
        var file = Path.of("/proc/sys/net", name);
        if (Files.exists(file)) {
            Files.writeString(file, value, US_ASCII);
        }
    }

    /** Takes a folder away, and the namespaces unless somebody lives in them. */
    static void discard(Path folder) throws IOException {
        OwnUsers.discard(folder);
        for (var name : List.of("network", "ipc", "uts", "user")) {
            try {
                Libc.umount(folder.resolve(name).toString(), Libc.MNT_DETACH);
            } catch (Errno failed) {
                if (failed.number() != Errno.ENOENT && failed.number() != Errno.EINVAL) {
                    throw failed;
                }
            }
        }
        deleteAll(folder);
    }

    /** Takes a folder away with all in it. */
    static void deleteAll(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        var all = new ArrayList<Path>();
        try (var walk = Files.walk(folder)) {
            walk.forEach(all::add);
        }
        for (var path : all.reversed()) {
            Files.deleteIfExists(path);
        }
    }

    /** Writes down what a later life has to know. */
    static void write(Path file, Properties properties) throws IOException {
        var text = new StringBuilder();
        properties.forEach(
                (name, value) -> text.append(name).append('=').append(value).append('\n'));
        Files.writeString(file, text, US_ASCII);
    }

    /** What an earlier life has written; empty when it has not come to that. */
    static Properties read(Path file) throws IOException {
        var properties = new Properties();
        try (var reader = Files.newBufferedReader(file, US_ASCII)) {
            properties.load(reader);
        } catch (NoSuchFileException none) {
            return properties;
        }
        return properties;
    }
}
