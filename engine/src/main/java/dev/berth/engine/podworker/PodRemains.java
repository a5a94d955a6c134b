package dev.berth.engine.podworker;

import dev.berth.port.ContainerRuntime.Container;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import dev.berth.port.PodFiles.FilesFailed;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes away what exists of a pod, in the order that leaves nothing behind when it is cut short:
 * containers, their layouts, the namespaces, the cgroup, the volumes, and last the folder that says
 * whose all this is. Every step may be repeated.
 */
public final class PodRemains {
    private static final Logger LOG = LoggerFactory.getLogger(PodRemains.class);

    private final Machine machine;

    /** Removes from this machine. */
    public PodRemains(Machine machine) {
        this.machine = machine;
    }

    /**
     * Takes away what a pod that has ended does not need any more; its logs and its folder stay.
     *
     * @param containerIds its containers that may exist
     */
    void removeRunning(String podUid, Collection<String> containerIds)
            throws FilesFailed, InterruptedException {
        for (var id : containerIds) {
            machine.runtime().remove(id);
            machine.images().unmount(id);
        }
        machine.images().mounted().stream()
                .filter(id -> id.startsWith(ImageVolumes.layouts(podUid)))
                .forEach(machine.images()::unmount);
        machine.network().detach(podUid);
        machine.runtime().removePodGroup(podUid);
        machine.files().removeVolumes(podUid);
    }

    /** Takes away everything else. */
    void removeRest(String podUid, String namespace, String name) throws FilesFailed {
        machine.logs().remove(namespace, name, podUid);
        machine.files().remove(podUid);
    }

    /**
     * Takes away all pods of a cluster, without asking them: when the cluster is gone, or when
     * Berth is to leave nothing behind.
     *
     * @param cluster the cluster's name, or empty for all pods of all clusters
     * @throws FilesFailed when something of a pod could not be taken away; the others are
     */
    public void removeAll(String cluster) throws FilesFailed, InterruptedException {
        FilesFailed failure = null;
        var owners = machine.files().pods();
        List<Container> containers;
        try {
            containers = machine.runtime().list();
        } catch (RuntimeFailed e) {
            throw new FilesFailed("containers could not be listed: " + e.getMessage(), e);
        }
        for (var entry : owners.entrySet()) {
            var owner = entry.getValue();
            if (!cluster.isEmpty() && !owner.cluster().equals(cluster)) {
                continue;
            }
            var ids =
                    containers.stream()
                            .filter(container -> container.podUid().equals(entry.getKey()))
                            .map(Container::id)
                            .toList();
            try {
                removeRunning(entry.getKey(), ids);
                removeRest(entry.getKey(), owner.namespace(), owner.name());
            } catch (FilesFailed e) {
                LOG.warn("pod not removed uid={}", entry.getKey(), e);
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /**
     * Takes away what belongs to no pod: things without a folder that says whose they are, and
     * layouts without a container. Call it before any pod is started.
     */
    public void removeOwnerless() throws InterruptedException {
        var owners = new HashSet<String>();
        machine.files()
                .pods()
                .forEach((uid, owner) -> {
                    if (owner.cluster().isEmpty()) {
                        removeUnnamed(uid);
                    } else {
                        owners.add(uid);
                    }
                });
        try {
            var known = new HashSet<String>();
            for (var container : machine.runtime().list()) {
                if (owners.contains(container.podUid())) {
                    known.add(container.id());
                } else {
                    LOG.info("container of no pod removed id={}", container.id());
                    machine.runtime().remove(container.id());
                }
            }
            machine.images().mounted().stream()
                    .filter(id -> !known.contains(id))
                    .filter(id -> !owners.contains(ImageVolumes.podOf(id)))
                    .forEach(machine.images()::unmount);
        } catch (RuntimeFailed e) {
            LOG.warn("containers not listed, so nothing of no pod was removed", e);
            return;
        }
        machine.network().attached().keySet().stream()
                .filter(uid -> !owners.contains(uid))
                .forEach(machine.network()::detach);
        machine.runtime().podGroups().stream()
                .filter(uid -> !owners.contains(uid))
                .forEach(machine.runtime()::removePodGroup);
    }

    private void removeUnnamed(String podUid) {
        try {
            machine.files().remove(podUid);
        } catch (FilesFailed e) {
            LOG.warn("folder of no pod not removed uid={}", podUid, e);
        }
    }
}
