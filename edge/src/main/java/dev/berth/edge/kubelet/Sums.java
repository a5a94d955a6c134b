package dev.berth.edge.kubelet;

import dev.berth.core.usage.GroupUse;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/** What several cgroups use together: a node is its pods. */
final class Sums {
    private Sums() {}

    static GroupUse of(List<GroupUse> groups, Instant now) {
        var sum =
                new GroupUse(
                        now,
                        new GroupUse.Cpu(0, 0, 0, 0, 0, 0),
                        new GroupUse.Memory(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
                        0,
                        0,
                        List.of(),
                        new GroupUse.Limits(0, 0, 0, 0, 0));
        for (var group : groups) {
            sum = plus(sum, group);
        }
        return sum;
    }

    private static GroupUse plus(GroupUse one, GroupUse other) {
        return new GroupUse(
                one.at(),
                plus(one.cpu(), other.cpu()),
                plus(one.memory(), other.memory()),
                one.processes() + other.processes(),
                one.threads() + other.threads(),
                plus(one.devices(), other.devices()),
                one.limits());
    }

    private static GroupUse.Cpu plus(GroupUse.Cpu one, GroupUse.Cpu other) {
        return new GroupUse.Cpu(
                one.totalNanos() + other.totalNanos(),
                one.userNanos() + other.userNanos(),
                one.systemNanos() + other.systemNanos(),
                one.periods() + other.periods(),
                one.throttledPeriods() + other.throttledPeriods(),
                one.throttledNanos() + other.throttledNanos());
    }

    private static GroupUse.Memory plus(GroupUse.Memory one, GroupUse.Memory other) {
        return new GroupUse.Memory(
                one.usage() + other.usage(),
                one.usageMax() + other.usageMax(),
                one.rss() + other.rss(),
                one.cache() + other.cache(),
                one.mappedFile() + other.mappedFile(),
                one.activeFile() + other.activeFile(),
                one.inactiveFile() + other.inactiveFile(),
                one.swap() + other.swap(),
                one.kernel() + other.kernel(),
                one.limitHits() + other.limitHits(),
                one.faults() + other.faults(),
                one.majorFaults() + other.majorFaults(),
                one.kills() + other.kills());
    }

    private static List<GroupUse.Device> plus(
            List<GroupUse.Device> some, List<GroupUse.Device> others) {
        var byName = new LinkedHashMap<String, GroupUse.Device>();
        for (var list : List.of(some, others)) {
            for (var device : list) {
                byName.merge(device.name(), device, Sums::plus);
            }
        }
        return new ArrayList<>(byName.values());
    }

    private static GroupUse.Device plus(GroupUse.Device one, GroupUse.Device other) {
        return new GroupUse.Device(
                one.name(),
                one.readBytes() + other.readBytes(),
                one.writtenBytes() + other.writtenBytes(),
                one.reads() + other.reads(),
                one.writes() + other.writes());
    }
}
