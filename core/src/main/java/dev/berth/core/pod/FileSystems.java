package dev.berth.core.pod;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The EFS file systems that are served here: each is a folder of the machine that the user named.
 *
 * @param folders the folder of each file system, by {@code fs-…}
 * @param accessPoints by {@code fsap-…}
 */
public record FileSystems(Map<String, String> folders, Map<String, AccessPoint> accessPoints) {
    /** None are served. */
    public static final FileSystems NONE = new FileSystems(Map.of(), Map.of());

    private static final Pattern FILE_SYSTEM = Pattern.compile("(fs-[0-9a-z]{1,40})=(.+)");
    private static final Pattern ACCESS_POINT =
            Pattern.compile("(fsap-[0-9a-z]{1,40})=(fs-[0-9a-z]{1,40}):(/[^,]*)((?:,[^,]*)*)");

    /** Copies the maps. */
    public FileSystems {
        folders = Map.copyOf(folders);
        accessPoints = Map.copyOf(accessPoints);
    }

    /**
     * A way into a file system.
     *
     * @param fileSystem its {@code fs-…}
     * @param path the folder in it that is its root
     * @param creation how that folder is made, or null when it must be there
     * @param user who a container's own user is that comes this way, or null for who it is
     */
    public record AccessPoint(
            String fileSystem,
            String path,
            @Nullable Creation creation,
            @Nullable PosixUser user) {}

    /**
     * How the root folder of an access point is made where it is missing: EFS's CreationInfo.
     *
     * @param uid its owner
     * @param gid its group
     * @param mode its permission bits
     */
    public record Creation(long uid, long gid, int mode) {}

    /**
     * Who a container's own user is that comes by an access point: EFS's PosixUser.
     *
     * @param uid the user
     * @param gid the group
     */
    public record PosixUser(long uid, long gid) {}

    /**
     * What a volume handle means.
     *
     * @param folder of the machine
     * @param below relative to it, possibly empty; never leads out of it
     * @param creation how what is missing is made, or null when all must be there
     * @param user who a container's own user is there, or null for who it is
     */
    public record Place(
            String folder, String below, @Nullable Creation creation, @Nullable PosixUser user) {}

    /**
     * Understands what users say.
     *
     * @param fileSystems {@code fs-…=/folder} each
     * @param accessPoints {@code fsap-…=fs-…:/path} each, as {@link AccessPointText} takes them
     * @throws IllegalArgumentException with a sentence for the user
     */
    public static FileSystems of(List<String> fileSystems, List<String> accessPoints) {
        var folders = new LinkedHashMap<String, String>();
        for (var said : fileSystems) {
            var match = FILE_SYSTEM.matcher(said);
            if (!match.matches()) {
                throw new IllegalArgumentException(
                        "--efs takes fs-ID=FOLDER, such as fs-0123=/srv/shared, not " + said);
            }
            folders.put(match.group(1), match.group(2));
        }
        var points = new LinkedHashMap<String, AccessPoint>();
        for (var said : accessPoints) {
            var match = ACCESS_POINT.matcher(said);
            if (!match.matches()) {
                throw new IllegalArgumentException(
                        "--efs-access-point takes fsap-ID=fs-ID:/PATH[,SETTING=NUMBER…], not "
                                + said);
            }
            if (!folders.containsKey(match.group(2))) {
                throw new IllegalArgumentException(
                        "--efs-access-point "
                                + match.group(1)
                                + " is in "
                                + match.group(2)
                                + ", which no --efs names");
            }
            points.put(
                    match.group(1),
                    AccessPointText.of(
                            match.group(1), match.group(2), match.group(3), match.group(4)));
        }
        return new FileSystems(folders, points);
    }

    /**
     * Finds what a PersistentVolume of the EFS driver names: {@code fs-id}, {@code fs-id:/path},
     * {@code fs-id::fsap-id} or {@code fs-id:/path:fsap-id}, where the path is below the access
     * point's. The forms are the driver's; the words of problems are ours.
     *
     * @throws ConfigProblem when that is not served here
     */
    public Place locate(String volumeHandle) throws ConfigProblem {
        var parts = volumeHandle.split(":", -1);
        var id = parts[0];
        if (!id.startsWith("fs-") || parts.length > 3) {
            throw new ConfigProblem(
                    "volume ID '"
                            + volumeHandle
                            + "' is invalid: expected fs-ID, fs-ID:/PATH or fs-ID:[/PATH]:fsap-ID");
        }
        var folder = folders.get(id);
        if (folder == null) {
            throw new ConfigProblem(
                    "file system %s is not served here: start with --efs %s=FOLDER"
                            .formatted(id, id));
        }
        var path = parts.length > 1 ? parts[1] : "";
        if (parts.length < 3 || parts[2].isEmpty()) {
            return new Place(folder, relative(path), null, null);
        }
        var point = accessPoints.get(parts[2]);
        if (point == null || !point.fileSystem().equals(id)) {
            throw new ConfigProblem(
                    "access point %s of file system %s is not known here: start with --efs-access-point %s=%s:/PATH"
                            .formatted(parts[2], id, parts[2], id));
        }
        return new Place(
                folder, relative(point.path() + "/" + path), point.creation(), point.user());
    }

    private static String relative(String path) throws ConfigProblem {
        if (List.of(path.split("/", -1)).contains("..")) {
            throw new ConfigProblem("path " + path + " must not contain '..'");
        }
        return path.replaceAll("/+", "/").replaceAll("^/|/$", "");
    }
}
