package dev.berth.adapter.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * What a test needs of the machine; without it the test is reported as skipped, with the reason.
 */
final class Privileges {
    private Privileges() {}

    /** Owners, devices, and mounts. */
    static void assumeRoot() throws IOException {
        Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        Assumptions.assumeTrue(
                uid.equals(0), "needs root: it changes owners, makes devices and mounts");
    }

    static void assumeProgram(String path, String what) {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of(path)), path + " is not on this machine: " + what);
    }
}
