package dev.berth.adapter.libc;

import java.io.IOException;

/** A system call's refusal: what was tried, and the kernel's number and words. */
public final class Errno extends IOException {
    private static final long serialVersionUID = 1L;

    /** No such file or directory. */
    public static final int ENOENT = 2;

    /** No such process. */
    public static final int ESRCH = 3;

    /** Interrupted by a signal; the call is made again. */
    public static final int EINTR = 4;

    /** Input or output error; a terminal's end once nobody has its other side open. */
    public static final int EIO = 5;

    /** Nobody reads this FIFO. */
    public static final int ENXIO = 6;

    /** Nobody reads this pipe any more. */
    public static final int EPIPE = 32;

    /** No such device. */
    public static final int ENODEV = 19;

    /** Not a folder. */
    public static final int ENOTDIR = 20;

    /** Too many links on the way, or one where none may be. */
    public static final int ELOOP = 40;

    /** Exists already. */
    public static final int EEXIST = 17;

    /** Not what the call wants; of umount2, not a mount point. */
    public static final int EINVAL = 22;

    private final int number;

    /** Says what was tried. */
    public Errno(String what, int number, String words) {
        super(what + ": " + words + " (errno " + number + ")");
        this.number = number;
    }

    /** The kernel's number. */
    public int number() {
        return number;
    }
}
