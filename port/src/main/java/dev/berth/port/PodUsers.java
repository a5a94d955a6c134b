package dev.berth.port;

import java.nio.file.Path;

/**
 * Users of a pod's own: its 0 to {@code count} - 1 are {@code firstId} and those after it on this
 * machine, for users and for groups, and have no rights there.
 *
 * @param namespace the user namespace, as a file to join
 * @param firstId who its root is on this machine, above 0
 * @param count how many there are
 * @param roots a folder that its processes can get to, where the roots of its containers are
 *     mounted; goes with the pod's namespaces
 * @param emptyRoot an empty folder that is theirs, for a container without an image
 */
public record PodUsers(Path namespace, long firstId, long count, Path roots, Path emptyRoot) {
    /** Refuses what would be this machine's own root. */
    public PodUsers {
        if (firstId <= 0 || count <= 0) {
            throw new IllegalArgumentException("not users of a pod's own: " + firstId);
        }
    }
}
