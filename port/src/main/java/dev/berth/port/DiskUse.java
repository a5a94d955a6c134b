package dev.berth.port;

/**
 * What a tree of files takes of its file system.
 *
 * @param bytes what the file system has given out for it, as {@code du} counts: blocks, not
 *     lengths, and a file with several names once
 * @param files how many files, folders included
 */
public record DiskUse(long bytes, long files) {
    /** Nothing. */
    public static final DiskUse NONE = new DiskUse(0, 0);

    /** Both together. */
    public DiskUse plus(DiskUse other) {
        return new DiskUse(bytes + other.bytes, files + other.files);
    }
}
