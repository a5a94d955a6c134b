package dev.berth.core.usage;

import java.time.Instant;
import java.util.List;

/**
 * What the processes of one cgroup, and of those below it, use: a pod's or a container's.
 *
 * @param at when it was read
 * @param cpu time on the processors
 * @param memory memory at that moment
 * @param processes how many there are
 * @param threads how many there are, or 0 where the kernel does not tell
 * @param devices what was read from and written to block devices
 * @param limits what the cgroup allows
 */
public record GroupUse(
        Instant at,
        Cpu cpu,
        Memory memory,
        long processes,
        long threads,
        List<Device> devices,
        Limits limits) {
    /** Copies the list. */
    public GroupUse {
        devices = List.copyOf(devices);
    }

    /**
     * Time on the processors since the cgroup was made, in nanoseconds.
     *
     * @param totalNanos all of it
     * @param userNanos outside the kernel
     * @param systemNanos in the kernel
     * @param periods how many periods of its quota have passed in which it ran
     * @param throttledPeriods in how many it had to wait
     * @param throttledNanos how long it had to wait
     */
    public record Cpu(
            long totalNanos,
            long userNanos,
            long systemNanos,
            long periods,
            long throttledPeriods,
            long throttledNanos) {}

    /**
     * Memory, in bytes.
     *
     * @param usage all that is charged, page cache included
     * @param usageMax the most so far, or 0 where the kernel does not tell
     * @param rss anonymous memory
     * @param cache page cache, tmpfs included
     * @param mappedFile mapped files
     * @param activeFile page cache in use
     * @param inactiveFile page cache that can be given back
     * @param swap what was swapped out
     * @param kernel the kernel's own for these processes
     * @param limitHits how often the limit was met
     * @param faults page faults
     * @param majorFaults page faults that had to wait for a device
     * @param kills how many processes the kernel killed for memory
     */
    public record Memory(
            long usage,
            long usageMax,
            long rss,
            long cache,
            long mappedFile,
            long activeFile,
            long inactiveFile,
            long swap,
            long kernel,
            long limitHits,
            long faults,
            long majorFaults,
            long kills) {
        /** What cannot be given back at once: the number that limits and evictions look at. */
        public long workingSet() {
            return Math.max(0, usage - inactiveFile);
        }
    }

    /**
     * What went to and from a block device.
     *
     * @param name {@code /dev/…}, or {@code MAJOR:MINOR} when it has no name
     * @param readBytes bytes read
     * @param writtenBytes bytes written
     * @param reads how many readings
     * @param writes how many writings
     */
    public record Device(String name, long readBytes, long writtenBytes, long reads, long writes) {}

    /**
     * What a cgroup allows; 0 means no limit.
     *
     * @param cpuShares the weight, 2 to 262144, as the first version of cgroups counts
     * @param cpuQuotaMicros CPU time in each period
     * @param cpuPeriodMicros the period
     * @param memoryBytes memory
     * @param swapBytes memory and swap together
     */
    public record Limits(
            long cpuShares,
            long cpuQuotaMicros,
            long cpuPeriodMicros,
            long memoryBytes,
            long swapBytes) {}
}
