package dev.berth.adapter.oci;

import tools.jackson.databind.node.ArrayNode;

/**
 * Mappings of a mount in which one id is another one: on disk there is the other, who in turn is
 * seen as the one, because a mapping gives each id one meaning. All others are who they are.
 *
 * <pre>
 *   33 is 1000:  on disk 0-32 33   34-999 1000 1001-…
 *                seen as 0-32 1000 34-999 33   1001-…
 * </pre>
 */
final class TurnedIds {
    /** How many ids there are; the last number means nobody. */
    static final long ALL = 4_294_967_295L;

    private TurnedIds() {}

    /**
     * Writes them as OCI has them: {@code containerID} on disk, {@code hostID} seen.
     *
     * @param seen the id of the process
     * @param onDisk who he is there
     * @param first who 0 is to the kernel
     * @param count how many ids there are to the process
     */
    static void write(ArrayNode into, long seen, long onDisk, long first, long count) {
        var low = Math.min(seen, onDisk);
        var high = Math.max(seen, onDisk);
        if (high >= count) {
            // Whoever is beyond the process's ids cannot be seen as anybody else.
            range(into, 0, 0, low, first);
            range(into, high, low, 1, first);
            range(into, low + 1, low + 1, count - low - 1, first);
            return;
        }
        range(into, 0, 0, low, first);
        range(into, low, high, 1, first);
        if (high > low) {
            range(into, low + 1, low + 1, high - low - 1, first);
            range(into, high, low, 1, first);
        }
        range(into, high + 1, high + 1, count - high - 1, first);
    }

    private static void range(ArrayNode into, long onDisk, long seen, long size, long first) {
        if (size > 0) {
            into.addObject()
                    .put("containerID", onDisk)
                    .put("hostID", first + seen)
                    .put("size", size);
        }
    }
}
