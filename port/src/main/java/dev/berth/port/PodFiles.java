package dev.berth.port;

import dev.berth.core.pod.VolumeFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What pods need on this machine's disk: their volumes, the files under {@code /etc} that they see,
 * and the files for their last words. Everything of a pod lies in one folder, which outlives Berth;
 * whoever starts again finds it with {@link #pods}. All calls may be repeated.
 */
public interface PodFiles {
    /**
     * Makes a pod's folder and writes down whose it is. This is the first thing that is made of a
     * pod, so that whatever else exists of it can be traced.
     */
    void prepare(String podUid, Owner owner) throws FilesFailed;

    /**
     * The pods that have a folder, by uid, also those of an earlier life of Berth; the owner's
     * texts are empty when a crash came before they were written down.
     */
    Map<String, Owner> pods();

    /**
     * Writes a file that all containers of the pod see, such as {@code resolv.conf}; a second
     * writing changes the same file, so that running containers see it.
     *
     * @param name the file's name without folders
     */
    Path etcFile(String podUid, String name, String text) throws FilesFailed;

    /**
     * Makes a root file system with nothing in it but a program {@code /pause}, which waits until
     * it is killed and lets processes below it end without a trace.
     */
    Path waitingRoot(String podUid) throws FilesFailed;

    /**
     * Makes an empty folder that lives as long as the pod; nothing when it exists. It can be
     * written by everyone.
     *
     * @param memoryBytes null for a folder on disk, else the size of a tmpfs, 0 for the system's
     *     default
     * @param group the group that owns it, or null for root's
     */
    Path emptyFolder(String podUid, String volume, @Nullable Long memoryBytes, @Nullable Long group)
            throws FilesFailed;

    /**
     * Makes a folder hold exactly these files. A reader sees either all old or all new ones: they
     * lie in a hidden folder, which one symbolic link ({@code ..data}) names.
     *
     * @param memory whether they must not be written to disk
     * @param group the group that can read them besides, or null for no change
     */
    Path writeVolume(
            String podUid,
            String volume,
            boolean memory,
            List<VolumeFile> files,
            @Nullable Long group)
            throws FilesFailed;

    /**
     * Makes the folder that an ordinary node's hostPath volumes see as {@code /}, with what a small
     * system has in it; what exists stays.
     *
     * @param nodeId names the node on this machine
     * @param texts files by their paths, such as {@code etc/hosts}
     */
    Path nodeRoot(String nodeId, Map<String, String> texts) throws FilesFailed;

    /** Takes such a folder away with all that pods have written; nothing when there is none. */
    void removeNodeRoot(String nodeId) throws FilesFailed;

    /**
     * Finds what a hostPath volume shows, and makes it where its type says so. The folders of the
     * kernel ({@code /proc}, {@code /sys}, {@code /dev}) are always this machine's.
     *
     * @param root what the volume's path begins at
     * @param path the volume's path, absolute
     * @param type as in the API: empty, DirectoryOrCreate, Directory, FileOrCreate, File, Socket,
     *     CharDevice or BlockDevice
     * @throws FilesFailed in a kubelet's words when there is something else
     */
    Path hostPath(String podUid, String volume, Path root, String path, String type)
            throws FilesFailed;

    /**
     * Makes a folder of this machine, or something below it, be a volume of a pod; nothing when it
     * is one. What is in it stays when the pod goes.
     *
     * @param below relative; links in it that lead out of the folder are refused
     * @param maker makes what is missing, or null when all must be there
     */
    Path attachFolder(
            String podUid, String volume, Path folder, String below, @Nullable Maker maker)
            throws FilesFailed;

    /**
     * The path of something below a volume, made as a folder when absent. It goes on to mean the
     * same thing, whatever a container does to the volume meanwhile.
     *
     * @param volume the volume's path
     * @param subPath relative; one that leads out of the volume is refused
     * @param user what wants it, such as {@code main/0}; asked again, it is found anew
     */
    Path subPath(String podUid, Path volume, String subPath, String user) throws FilesFailed;

    /**
     * As {@link #subPath}, but nothing is made: it must be there and be a folder.
     *
     * @throws FilesFailed when it is not there, leads out of the volume or is no folder
     */
    Path existingFolder(String podUid, Path volume, String subPath, String user) throws FilesFailed;

    /** Makes the empty file that a run of a container leaves its last words in. */
    Path terminationLog(String podUid, String container, int attempt) throws FilesFailed;

    /**
     * The last words that a run of a container left, or empty.
     *
     * @param bytesMax the most that is read, from the end
     */
    String lastWords(String podUid, String container, int attempt, int bytesMax);

    /**
     * The text of a file of a laid-out image, such as {@code etc/passwd}, or empty when there is
     * none. Links never lead out of the image.
     *
     * @param path relative
     */
    Optional<String> imageText(Path rootfs, String path);

    /**
     * What the volumes of a pod take, by name; those in memory that all pods share are not there,
     * nor are folders of the host. It looks at every file: ask seldom.
     */
    Map<String, DiskUse> use(String podUid) throws FilesFailed;

    /** Takes away the volumes of a pod that has ended; nothing when there are none. */
    void removeVolumes(String podUid) throws FilesFailed;

    /** Takes away all that a pod has here; nothing when there is nothing. */
    void remove(String podUid) throws FilesFailed;

    /**
     * Whose folder it is.
     *
     * @param cluster the cluster's name
     * @param namespace the pod's namespace
     * @param name the pod's name
     */
    record Owner(String cluster, String namespace, String name) {}

    /**
     * Who gets folders that are made.
     *
     * @param uid the owner
     * @param gid the group
     * @param mode their permission bits
     */
    record Maker(long uid, long gid, int mode) {}

    /** The disk did not do what was asked. */
    final class FilesFailed extends Exception {
        private static final long serialVersionUID = 1L;

        /** Says what was tried and what the system said. */
        public FilesFailed(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }
}
