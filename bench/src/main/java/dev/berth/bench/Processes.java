package dev.berth.bench;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** The processes of this machine. */
final class Processes {
    private static final Pattern PSS = Pattern.compile("(?m)^Pss:\\s+(\\d+) kB$");

    private Processes() {}

    /**
     * A process.
     *
     * @param pid its number
     * @param name of its program, at most 15 characters
     * @param command its arguments, each ended by NUL
     * @param namespace of its process numbers
     */
    record Process(long pid, String name, String command, String namespace) {}

    /** The proportional memory of all that match, in MiB. What ends meanwhile does not count. */
    static double proportional(Predicate<Process> wanted) throws IOException {
        var kibibytes = 0.0;
        try (var folders = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (var folder : folders) {
                try {
                    var process =
                            new Process(
                                    Long.parseLong(String.valueOf(folder.getFileName())),
                                    Files.readString(folder.resolve("comm")).strip(),
                                    Files.readString(folder.resolve("cmdline")),
                                    Files.readSymbolicLink(folder.resolve("ns/pid")).toString());
                    if (wanted.test(process)) {
                        var pss = PSS.matcher(Files.readString(folder.resolve("smaps_rollup")));
                        kibibytes += pss.find() ? Double.parseDouble(pss.group(1)) : 0;
                    }
                } catch (IOException ended) {
                    // Its memory is nobody's any more.
                }
            }
        } catch (DirectoryIteratorException failed) {
            throw failed.getCause();
        }
        return kibibytes / 1024;
    }
}
