package dev.berth.engine.podworker;

import dev.berth.core.pod.Container;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.Volume.Source;
import dev.berth.engine.podworker.ImagePulls.Outcome;
import dev.berth.engine.podworker.ImagePulls.Wanted;
import dev.berth.port.ContainerRuntime.Mount;
import dev.berth.port.Images.Image;
import dev.berth.port.Images.PullFailed;
import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.PodUsers;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The volumes of one pod that are images. Whenever containers start, the images of all of them are
 * looked for before those of the containers, and one that cannot be had keeps only those from
 * starting that mount it. An image is laid out once for the pod. Several threads of the pod may
 * call.
 */
final class ImageVolumes {
    /** Begins what is told of a volume that cannot be mounted, as runtimes tell a kubelet. */
    private static final String NOT_MOUNTED = "ImageVolumeMountFailed: ";

    private final Surroundings around;
    private final Map<String, Image> images = new ConcurrentHashMap<>();
    private final ReentrantLock mounting = new ReentrantLock();

    ImageVolumes(Surroundings around) {
        this.around = around;
    }

    /** The layouts of a pod's image volumes all begin so. */
    static String layouts(String podUid) {
        return podUid + ".";
    }

    /** Whose volume a layout is; of a container's layout it says nothing. */
    static String podOf(String layout) {
        return layout.substring(0, Math.max(0, layout.indexOf('.')));
    }

    /** Looks for the images of all volumes; by the volumes' names. */
    Map<String, Outcome> pull(Pod pod, ImagePulls pulls) throws InterruptedException {
        var outcomes = new HashMap<String, Outcome>();
        for (var volume : pod.spec().volumes()) {
            if (volume.source() instanceof Source.Image(String reference, String pullPolicy)) {
                var outcome = pulls.get(pod, new Wanted(reference, pullPolicy, null));
                outcomes.put(volume.name(), outcome);
                if (outcome instanceof Outcome.Here(Image image)) {
                    images.put(volume.name(), image);
                }
            }
        }
        return outcomes;
    }

    /** The image of a container, once those of the volumes that it mounts are here. */
    Outcome get(
            Pod pod, Container container, Future<Map<String, Outcome>> volumes, ImagePulls pulls)
            throws InterruptedException, ExecutionException {
        var outcomes = volumes.get();
        Outcome.Not missing = null;
        for (var mount : container.volumeMounts()) {
            if (outcomes.get(mount.volume()) instanceof Outcome.Not not) {
                around.event(
                        pod,
                        Surroundings.fieldPath(pod, container.name()),
                        true,
                        "Failed",
                        "Error: " + not.problem().reason());
                missing = not;
            }
        }
        return missing != null ? missing : pulls.get(pod, Wanted.of(container));
    }

    boolean has(String volume) {
        return images.containsKey(volume);
    }

    /**
     * How a container mounts one.
     *
     * @param subPath relative and checked; empty for the whole image
     * @param user what wants it, as {@code PodFiles.subPath} takes it
     * @param users the pod's own, or null
     * @throws PullFailed when it cannot be laid out or has no such folder
     */
    Mount mount(
            Pod pod,
            Container.VolumeMount mount,
            String subPath,
            boolean recursiveReadOnly,
            String user,
            @Nullable PodUsers users)
            throws PullFailed {
        var folder = folder(pod.uid(), mount.volume(), users);
        if (!subPath.isEmpty()) {
            try {
                folder = around.machine().files().existingFolder(pod.uid(), folder, subPath, user);
            } catch (FilesFailed e) {
                throw new PullFailed(
                        PullFailed.Why.NOT_FOUND,
                        NOT_MOUNTED
                                + "failed to ensure image subpath \""
                                + subPath
                                + "\": "
                                + e.getMessage(),
                        e);
            }
        }
        return new Mount(
                folder.toString(),
                mount.mountPath(),
                true,
                recursiveReadOnly,
                mount.mountPropagation(),
                true,
                null);
    }

    private Path folder(String podUid, String volume, @Nullable PodUsers users) throws PullFailed {
        var image = images.get(volume);
        if (image == null) {
            throw new IllegalStateException("no image for volume " + volume);
        }
        mounting.lock();
        try {
            // Named by its content: an image that has changed under its name is another one.
            var id = layouts(podUid) + image.id().substring(image.id().indexOf(':') + 1);
            return around.machine().images().mountReadOnly(image, id, users);
        } catch (PullFailed e) {
            throw new PullFailed(e.why(), NOT_MOUNTED + e.getMessage(), e);
        } finally {
            mounting.unlock();
        }
    }
}
