package dev.berth.core.pod;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The ConfigMaps and Secrets that were read for a pod, by name; one that is not in the map does not
 * exist. The bytes are not changed by anyone.
 *
 * @param configMaps their data by name
 * @param secrets their data by name
 */
public record ConfigData(
        Map<String, Map<String, byte[]>> configMaps, Map<String, Map<String, byte[]>> secrets) {
    /** Copies the maps. */
    public ConfigData {
        configMaps = new HashMap<>(configMaps);
        secrets = new HashMap<>(secrets);
    }

    /**
     * The data of one of them, or null when it does not exist and may not.
     *
     * @throws ConfigProblem when it does not exist and must
     */
    @Nullable Map<String, byte[]> of(boolean secret, String name, boolean optional)
            throws ConfigProblem {
        var data = (secret ? secrets : configMaps).get(name);
        if (data == null && !optional) {
            throw new ConfigProblem(
                    (secret ? "secret" : "configmap") + " \"" + name + "\" not found");
        }
        return data;
    }

    @Override
    public String toString() {
        return "ConfigData[" + configMaps.keySet() + ", " + secrets.keySet() + "]";
    }
}
