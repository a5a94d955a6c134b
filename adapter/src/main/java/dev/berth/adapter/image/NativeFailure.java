package dev.berth.adapter.image;

import java.io.IOException;

/** A system call said no. */
final class NativeFailure extends IOException {
    private static final long serialVersionUID = 1L;

    /** No such file or directory. */
    static final int ENOENT = 2;

    /** File exists. */
    static final int EEXIST = 17;

    /** Not a directory. */
    static final int ENOTDIR = 20;

    /** Is a directory. */
    static final int EISDIR = 21;

    /** Invalid argument. */
    static final int EINVAL = 22;

    /** File too large. */
    static final int EFBIG = 27;

    /** No space left on device. */
    static final int ENOSPC = 28;

    /** Directory not empty. */
    static final int ENOTEMPTY = 39;

    /** Too many levels of symbolic links. */
    static final int ELOOP = 40;

    /** Operation not supported. */
    static final int EOPNOTSUPP = 95;

    /** Disk quota exceeded. */
    static final int EDQUOT = 122;

    private final int errno;

    NativeFailure(String operation, int errno, String text) {
        super(operation + ": " + text);
        this.errno = errno;
    }

    /** The kernel's number for what went wrong. */
    int errno() {
        return errno;
    }

    /** Whether a failure, or what caused it, was that the disk is full. */
    static boolean isNoSpace(Throwable failure) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof NativeFailure mine
                    && (mine.errno == ENOSPC || mine.errno == EDQUOT)) {
                return true;
            }
            String text = at.getMessage();
            if (at instanceof IOException
                    && text != null
                    && (text.contains("No space left on device")
                            || text.contains("Disk quota exceeded"))) {
                return true;
            }
        }
        return false;
    }
}
