package dev.berth.core.pod;

import dev.berth.core.pod.Container.EnvSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A volume of a pod.
 *
 * @param name unique in the pod
 * @param source what it is made from
 */
public record Volume(String name, Source source) {
    /** What a volume is made from. */
    public sealed interface Source {
        /**
         * An empty folder that lives as long as the pod.
         *
         * @param medium empty for disk, {@code Memory} for tmpfs
         * @param sizeLimitBytes or null without a limit
         */
        record EmptyDir(String medium, @Nullable Long sizeLimitBytes) implements Source {}

        /**
         * Keys of a ConfigMap as files.
         *
         * @param name the ConfigMap
         * @param items which keys, where; empty means all
         * @param defaultMode permission bits
         * @param optional whether it may be missing
         */
        record ConfigMap(String name, List<Item> items, int defaultMode, boolean optional)
                implements Source {}

        /**
         * Keys of a Secret as files on tmpfs.
         *
         * @param name the Secret
         * @param items which keys, where; empty means all
         * @param defaultMode permission bits
         * @param optional whether it may be missing
         */
        record Secret(String name, List<Item> items, int defaultMode, boolean optional)
                implements Source {}

        /**
         * Fields of the pod as files.
         *
         * @param files which, where
         * @param defaultMode permission bits
         */
        record DownwardApi(List<FieldFile> files, int defaultMode) implements Source {}

        /**
         * Several sources in one folder.
         *
         * @param parts ConfigMap, Secret, DownwardApi or Token each
         * @param defaultMode permission bits
         */
        record Projected(List<Source> parts, int defaultMode) implements Source {}

        /**
         * A service-account token; only inside {@link Projected}.
         *
         * @param audience or null for the API server's own
         * @param expirationSeconds at least 600
         * @param path the file
         */
        record Token(@Nullable String audience, long expirationSeconds, String path)
                implements Source {}

        /**
         * A claim.
         *
         * @param claimName in the pod's namespace
         * @param readOnly whether it cannot be written
         */
        record Claim(String claimName, boolean readOnly) implements Source {}

        /**
         * A folder or file of the host.
         *
         * @param path absolute
         * @param type what must be there, or empty
         */
        record HostPath(String path, String type) implements Source {}

        /**
         * An image's files, read-only.
         *
         * @param reference the image
         * @param pullPolicy as of containers
         */
        record Image(String reference, String pullPolicy) implements Source {}

        /**
         * Any other kind: known by its field name only.
         *
         * @param kind such as {@code awsElasticBlockStore}
         */
        record Other(String kind) implements Source {}
    }

    /**
     * One key as a file.
     *
     * @param key the key
     * @param path relative, below the volume
     * @param mode permission bits, or null for the default
     */
    public record Item(String key, String path, @Nullable Integer mode) {}

    /**
     * One field of the pod as a file.
     *
     * @param path relative, below the volume
     * @param source a {@link EnvSource.FieldRef} or {@link EnvSource.ResourceFieldRef}
     * @param mode permission bits, or null for the default
     */
    public record FieldFile(String path, EnvSource source, @Nullable Integer mode) {}
}
