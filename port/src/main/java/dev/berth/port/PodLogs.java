package dev.berth.port;

import dev.berth.port.PodFiles.FilesFailed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The files that containers' outputs go to, one for each run, in CRI's line format: {@code <time>
 * <stdout|stderr> <F|P> <text>}. A file that has grown is set aside, so one run may have several.
 */
public interface PodLogs {
    /** The file that a run writes to; its folder exists. */
    Path file(LogName log) throws FilesFailed;

    /** How many bytes that file has now, 0 when it is absent. */
    long size(LogName log);

    /**
     * Sets the file aside under another name; the writer must be told to open a new one.
     *
     * @param filesMax how many files may remain, the new one included; older ones go
     */
    void rotate(LogName log, int filesMax) throws FilesFailed;

    /**
     * Opens a run's log, older files first.
     *
     * @param lastLines how many lines before the present end to begin at, or -1 for all
     * @throws FilesFailed when it has none
     */
    Reader read(LogName log, long lastLines) throws FilesFailed;

    /** What all logs of a pod take, by container; also those of its earlier runs. */
    Map<String, DiskUse> use(String namespace, String pod, String podUid);

    /** Takes away the log of one run; nothing when there is none. */
    void remove(LogName log) throws FilesFailed;

    /** Takes away all logs of a pod; nothing when there are none. */
    void remove(String namespace, String pod, String podUid) throws FilesFailed;

    /**
     * Names the log of one run of a container.
     *
     * @param namespace the pod's namespace
     * @param pod the pod's name
     * @param podUid the pod's uid
     * @param container the container's name
     * @param attempt how often it was started before
     */
    record LogName(String namespace, String pod, String podUid, String container, int attempt) {}

    /** An open log, read by one thread. */
    interface Reader extends AutoCloseable {
        /** The next whole line without its end, or null when there is none yet. */
        byte @Nullable [] next() throws IOException;

        /** Waits until {@link #next} may have more, or until {@link #wake}. */
        void await() throws IOException, InterruptedException;

        /** Ends the present or the next {@link #await}; any thread may call. */
        void wake();

        @Override
        void close();
    }
}
