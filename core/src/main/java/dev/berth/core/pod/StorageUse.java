package dev.berth.core.pod;

import java.util.HashMap;
import java.util.Map;

/**
 * How much disk a pod uses at one moment, in bytes.
 *
 * @param volumes its volumes that lie on its node's disk, by name; also those in memory, which
 *     count for nothing but their own limit
 * @param roots what its running containers wrote beside their images' files, by name
 * @param logs the logs of its containers, by name
 */
public record StorageUse(
        Map<String, Long> volumes, Map<String, Long> roots, Map<String, Long> logs) {
    /** Copies the maps. */
    public StorageUse {
        volumes = Map.copyOf(volumes);
        roots = Map.copyOf(roots);
        logs = Map.copyOf(logs);
    }

    /** What counts for a container: what it wrote, and its logs. */
    public long ofContainer(String name) {
        return roots.getOrDefault(name, 0L) + logs.getOrDefault(name, 0L);
    }

    /** What counts for the whole pod: all of it but what is in memory. */
    public long ofPod(PodSpec spec) {
        var disk =
                spec.volumes().stream()
                        .filter(StorageUse::onDisk)
                        .mapToLong(volume -> volumes.getOrDefault(volume.name(), 0L))
                        .sum();
        return disk + sum(roots) + sum(logs);
    }

    /** The same without volumes in memory. */
    public StorageUse onDisk(PodSpec spec) {
        var kept = new HashMap<String, Long>();
        spec.volumes().stream()
                .filter(StorageUse::onDisk)
                .map(Volume::name)
                .filter(volumes::containsKey)
                .forEach(name -> kept.put(name, volumes.getOrDefault(name, 0L)));
        return new StorageUse(kept, roots, logs);
    }

    private static boolean onDisk(Volume volume) {
        return switch (volume.source()) {
            case Volume.Source.EmptyDir(String medium, Long _) -> medium.isEmpty();
            case Volume.Source.ConfigMap _ -> true;
            case Volume.Source.Secret _,
                    Volume.Source.DownwardApi _,
                    Volume.Source.Projected _,
                    Volume.Source.Token _,
                    Volume.Source.Claim _,
                    Volume.Source.HostPath _,
                    Volume.Source.Image _,
                    Volume.Source.Other _ ->
                    false;
        };
    }

    private static long sum(Map<String, Long> amounts) {
        return amounts.values().stream().mapToLong(Long::longValue).sum();
    }
}
