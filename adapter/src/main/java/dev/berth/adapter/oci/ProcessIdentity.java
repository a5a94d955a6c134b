package dev.berth.adapter.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A process that cannot be mistaken for a later one with the same number.
 *
 * @param pid its number, or 0 for none
 * @param startTicks when it started, in the kernel's ticks since the machine did
 */
record ProcessIdentity(int pid, long startTicks) {
    static final ProcessIdentity NONE = new ProcessIdentity(0, 0);

    private static final int START_TIME_FIELD = 22;

    /** The process that has this number now; {@link #NONE} when there is none. */
    static ProcessIdentity of(int pid) {
        var ticks = pid > 0 ? startTicksOf(pid) : -1;
        return ticks < 0 ? NONE : new ProcessIdentity(pid, ticks);
    }

    /** Whether it has not ended; one that only waits to be reaped has. */
    boolean alive() {
        return pid > 0 && startTicksOf(pid) == startTicks;
    }

    /** As text for a file: {@code <pid> <startTicks>}. */
    String text() {
        return pid + " " + startTicks;
    }

    static ProcessIdentity parse(String text) {
        var parts = text.strip().split(" ", -1);
        return parts.length == 2
                ? new ProcessIdentity(Integer.parseInt(parts[0]), Long.parseLong(parts[1]))
                : NONE;
    }

    private static long startTicksOf(int pid) {
        try {
            var stat = Files.readString(Path.of("/proc", Integer.toString(pid), "stat"));
            // The name, in parentheses, may hold anything.
            var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return fields[0].equals("Z") || fields[0].equals("X")
                    ? -1
                    : Long.parseLong(fields[START_TIME_FIELD - 3]);
        } catch (IOException gone) {
            return -1;
        }
    }
}
