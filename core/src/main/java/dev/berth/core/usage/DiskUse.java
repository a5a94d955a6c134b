package dev.berth.core.usage;

/**
 * What files take of a disk.
 *
 * @param bytes the blocks they take; a file with several names counts once
 * @param inodes how many files and folders
 */
public record DiskUse(long bytes, long inodes) {
    /** Nothing. */
    public static final DiskUse NONE = new DiskUse(0, 0);

    /** Both together. */
    public DiskUse plus(DiskUse other) {
        return new DiskUse(bytes + other.bytes, inodes + other.inodes);
    }
}
