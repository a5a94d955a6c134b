package dev.berth.adapter.oci;

import dev.berth.core.usage.GroupUse.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the kernel tells of block devices, which it names by numbers. */
final class BlockDevices {
    private static final Path BY_NUMBER = Path.of("/sys/dev/block");

    private BlockDevices() {}

    /** The name of {@code MAJOR:MINOR}; the numbers themselves when the system knows none. */
    static String name(String numbers) {
        try {
            return "/dev/" + BY_NUMBER.resolve(numbers).toRealPath().getFileName();
        } catch (IOException unknown) {
            return numbers;
        }
    }

    /**
     * Of the first version: bytes and operations in a file each, a line for each device and kind.
     */
    static List<Device> first(Path bytes, Path operations) {
        var devices = new LinkedHashMap<String, long[]>();
        collect(bytes, 0, devices);
        collect(operations, 2, devices);
        return devices(devices);
    }

    private static void collect(Path file, int at, Map<String, long[]> devices) {
        for (var line : Counters.lines(file)) {
            var parts = line.split(" ", -1);
            if (parts.length == 3 && parts[1].equals("Read")) {
                counts(devices, parts[0])[at] = Counters.number(parts[2]);
            } else if (parts.length == 3 && parts[1].equals("Write")) {
                counts(devices, parts[0])[at + 1] = Counters.number(parts[2]);
            }
        }
    }

    /** Of the second version: {@code io.stat}, a line for each device. */
    static List<Device> second(Path stat) {
        var devices = new LinkedHashMap<String, long[]>();
        var keys = List.of("rbytes", "wbytes", "rios", "wios");
        for (var line : Counters.lines(stat)) {
            var parts = line.split(" ", -1);
            for (var part : List.of(parts).subList(1, parts.length)) {
                var equals = part.indexOf('=');
                var at = equals < 0 ? -1 : keys.indexOf(part.substring(0, equals));
                if (at >= 0) {
                    counts(devices, parts[0])[at] = Counters.number(part.substring(equals + 1));
                }
            }
        }
        return devices(devices);
    }

    private static long[] counts(Map<String, long[]> devices, String numbers) {
        return devices.computeIfAbsent(numbers, _ -> new long[4]);
    }

    private static List<Device> devices(Map<String, long[]> devices) {
        var all = new ArrayList<Device>();
        devices.forEach((numbers, counts) ->
                all.add(new Device(name(numbers), counts[0], counts[1], counts[2], counts[3])));
        return all;
    }
}
