package dev.berth.core.pod;

import dev.berth.core.pod.Container.EnvSource;
import dev.berth.core.pod.Volume.Source;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which ConfigMaps and Secrets something of a pod refers to, by name.
 *
 * @param configMaps ConfigMaps
 * @param secrets Secrets
 */
public record ConfigNeeds(Set<String> configMaps, Set<String> secrets) {
    /** Copies the sets. */
    public ConfigNeeds {
        configMaps = Set.copyOf(configMaps);
        secrets = Set.copyOf(secrets);
    }

    /** Whether nothing is referred to. */
    public boolean none() {
        return configMaps.isEmpty() && secrets.isEmpty();
    }

    /** What the variables of these containers refer to. */
    public static ConfigNeeds ofVariables(Collection<Container> containers) {
        var configMaps = new TreeSet<String>();
        var secrets = new TreeSet<String>();
        for (var container : containers) {
            container
                    .envFrom()
                    .forEach(from -> (from.secret() ? secrets : configMaps).add(from.name()));
            for (var variable : container.env()) {
                switch (variable.source()) {
                    case EnvSource.ConfigMapKeyRef reference -> configMaps.add(reference.name());
                    case EnvSource.SecretKeyRef reference -> secrets.add(reference.name());
                    case EnvSource.Literal _,
                            EnvSource.FieldRef _,
                            EnvSource.ResourceFieldRef _ -> {}
                }
            }
        }
        return new ConfigNeeds(configMaps, secrets);
    }

    /** What these volumes refer to. */
    public static ConfigNeeds ofVolumes(Collection<Volume> volumes) {
        var configMaps = new TreeSet<String>();
        var secrets = new TreeSet<String>();
        volumes.forEach(volume -> collect(volume.source(), configMaps, secrets));
        return new ConfigNeeds(configMaps, secrets);
    }

    private static void collect(Source source, Set<String> configMaps, Set<String> secrets) {
        switch (source) {
            case Source.ConfigMap configMap -> configMaps.add(configMap.name());
            case Source.Secret secret -> secrets.add(secret.name());
            case Source.Projected projected ->
                    projected.parts().forEach(part -> collect(part, configMaps, secrets));
            case Source.EmptyDir _,
                    Source.DownwardApi _,
                    Source.Token _,
                    Source.Claim _,
                    Source.HostPath _,
                    Source.Image _,
                    Source.Other _ -> {}
        }
    }
}
