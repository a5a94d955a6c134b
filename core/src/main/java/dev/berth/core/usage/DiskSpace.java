package dev.berth.core.usage;

/**
 * How full a file system is.
 *
 * @param device what it lies on, such as {@code /dev/vda1}
 * @param capacityBytes all of it
 * @param availableBytes what programs may still write
 * @param usedBytes what is taken
 * @param inodes how many files it can have, or 0 where it has no such limit
 * @param inodesFree how many more
 */
public record DiskSpace(
        String device,
        long capacityBytes,
        long availableBytes,
        long usedBytes,
        long inodes,
        long inodesFree) {}
