package dev.berth.port;

import dev.berth.core.pod.PullAccess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Container images on this machine: found, pulled, and laid out as file systems. References are
 * texts as users write them; {@code nginx} means {@code docker.io/library/nginx:latest}.
 */
public interface Images {
    /** The image that a reference means here, or empty when it is not on this machine. */
    Optional<Image> find(String reference);

    /** All images on this machine. */
    List<Image> list();

    /**
     * Brings an image here, or finds that it already is. Several callers that want the same layer
     * share one download.
     *
     * @param credentials tried in order, also with mirrors; empty means anonymous
     * @throws PullFailed when it cannot be had
     */
    Image pull(String reference, List<RegistryCredential> credentials)
            throws PullFailed, InterruptedException;

    /**
     * As the other, for a pod of a node whose own loopback is meant by registries such as {@code
     * localhost:5000}.
     *
     * @param loopback how to connect to those, or null for this machine's loopback
     */
    default Image pull(
            String reference, List<RegistryCredential> credentials, @Nullable Route loopback)
            throws PullFailed, InterruptedException {
        return pull(reference, credentials);
    }

    /** Connects to registries that are named by a loopback address. */
    @FunctionalInterface
    interface Route {
        /** Opens a TCP connection. */
        PodNetwork.Connection dial(String host, int port) throws IOException;
    }

    /**
     * What this machine itself knows to show for an image, in the order in which it is tried after
     * a pod's own; its Docker configuration, say.
     */
    List<RegistryCredential> credentials(String reference);

    /**
     * Who may use an image of this machine, by the names without tag under which it was pulled;
     * empty when it was not pulled but put here, so that every pod may.
     *
     * @param imageId {@code sha256:…} of its config
     */
    Optional<Map<String, PullAccess>> access(String imageId);

    /** Adds to who may use an image under a name; any thread may call. */
    void allow(String imageId, String name, PullAccess access);

    /** What {@link #clean} is to go by: all images and the file system that holds them. */
    Storage storage();

    /**
     * Takes images away, with the layers that no other has.
     *
     * @param imageIds {@code sha256:…} of their configs; one that is used stays
     * @return how many bytes became free, about
     */
    long clean(List<String> imageIds);

    /**
     * Lays an image out as a writable root file system.
     *
     * @param image of this machine
     * @param id names the layout, unique; the container's id serves
     * @return the folder to use as root
     */
    default Path mount(Image image, String id) throws PullFailed {
        return mount(image, id, null);
    }

    /**
     * The same, for users of a pod's own.
     *
     * @param users to whom the image's files belong instead of the machine's, or null
     */
    Path mount(Image image, String id, @Nullable PodUsers users) throws PullFailed;

    /**
     * Whether images can be laid out for users of a pod's own: whether this machine can make such
     * users, and show the files of images to them as theirs.
     */
    boolean canMapUsers();

    /**
     * Lays an image out as files that nobody can change, and from which no program can be run.
     *
     * @param image of this machine
     * @param id names the layout, unique among all; {@link #unmount} takes it away
     * @param users to whom the image's files belong instead of the machine's, or null
     * @return the folder with the image's files
     */
    Path mountReadOnly(Image image, String id, @Nullable PodUsers users) throws PullFailed;

    /**
     * What was written to a layout, without the image's own files; nothing when there is none. It
     * looks at every file: ask seldom.
     */
    DiskUse written(String id);

    /** Takes such a layout away with all that was written to it; nothing when there is none. */
    void unmount(String id);

    /** The ids of all layouts that exist, also those of an earlier life of Berth. */
    List<String> mounted();

    /**
     * An image on this machine.
     *
     * @param id {@code sha256:<64 hex>} of its config
     * @param reference its full name with tag, such as {@code docker.io/library/nginx:latest}
     * @param repoDigest its full name with the manifest's digest, {@code
     *     docker.io/library/nginx@sha256:…}
     * @param sizeBytes of its layers, compressed
     * @param config what it says of its process
     */
    record Image(String id, String reference, String repoDigest, long sizeBytes, Config config) {}

    /**
     * What an image says of its process.
     *
     * @param entrypoint the program, possibly empty
     * @param command its arguments, possibly empty
     * @param environment {@code NAME=value} each
     * @param workingDir absolute, or empty for {@code /}
     * @param user {@code user}, {@code uid}, {@code user:group} or {@code uid:gid}; empty for root
     * @param stopSignal such as {@code SIGQUIT}, or null
     * @param labels the image's labels
     */
    record Config(
            List<String> entrypoint,
            List<String> command,
            List<String> environment,
            String workingDir,
            String user,
            @Nullable String stopSignal,
            Map<String, String> labels) {
        /** Copies the collections. */
        public Config {
            entrypoint = List.copyOf(entrypoint);
            command = List.copyOf(command);
            environment = List.copyOf(environment);
            labels = Map.copyOf(labels);
        }
    }

    /**
     * What there is to clean, and why.
     *
     * @param images the images, by id
     * @param capacityBytes of the file system that holds them
     * @param availableBytes of it
     */
    record Storage(List<Stored> images, long capacityBytes, long availableBytes) {
        /** Copies the list. */
        public Storage {
            images = List.copyOf(images);
        }
    }

    /**
     * An image as something that takes room.
     *
     * @param id {@code sha256:…} of its config
     * @param sizeBytes of its layers, compressed
     * @param used whether a layout of it exists now
     * @param pinned whether it is never cleaned away: what was imported or built here cannot be
     *     pulled again
     * @param since when it came
     */
    record Stored(String id, long sizeBytes, boolean used, boolean pinned, Instant since) {}

    /**
     * A name and a secret for a registry.
     *
     * @param registry whom it is for, as it was written; it has been chosen for the image already
     * @param username the name
     * @param password the secret; never logged
     */
    record RegistryCredential(String registry, String username, String password) {
        @Override
        public String toString() {
            return "RegistryCredential[" + registry + ", " + username + "]";
        }
    }

    /** An image could not be had. */
    final class PullFailed extends Exception {
        private static final long serialVersionUID = 1L;
        private final Why why;

        /** Says what happened, in a sentence fit for a pod's event. */
        public PullFailed(Why why, String message, @Nullable Throwable cause) {
            super(message, cause);
            this.why = why;
        }

        /** What kind of failure it was. */
        public Why why() {
            return why;
        }

        /** The kinds of failure. */
        public enum Why {
            /** The reference is not one. */
            INVALID_NAME,
            /** The registry does not know it. */
            NOT_FOUND,
            /** The registry wants other credentials. */
            UNAUTHORIZED,
            /** It exists, but not for this machine's platform. */
            NO_MATCHING_PLATFORM,
            /** The registry did not answer. */
            UNREACHABLE,
            /** What came does not fit its digest, or cannot be unpacked. */
            CORRUPT,
            /** This machine has no room left. */
            NO_SPACE
        }
    }
}
