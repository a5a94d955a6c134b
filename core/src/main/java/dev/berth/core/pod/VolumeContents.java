package dev.berth.core.pod;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.core.pod.Container.EnvSource;
import dev.berth.core.pod.Volume.Source;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of volumes that are made from something else: ConfigMaps, Secrets, fields, tokens, or
 * several of these in one folder.
 */
public final class VolumeContents {
    private static final int OWNER_ONLY = 0600;

    private final FieldValues fields;
    private final ConfigData config;
    private final Map<Source.Token, String> tokens;

    /**
     * Knows what the volumes are made from.
     *
     * @param tokens the tokens that were made for {@link #tokens(Volume)}
     */
    public VolumeContents(FieldValues fields, ConfigData config, Map<Source.Token, String> tokens) {
        this.fields = fields;
        this.config = config;
        this.tokens = Map.copyOf(tokens);
    }

    /** The tokens that a volume needs. */
    public static List<Source.Token> tokens(Volume volume) {
        return volume.source() instanceof Source.Projected projected
                ? projected.parts().stream()
                        .filter(Source.Token.class::isInstance)
                        .map(Source.Token.class::cast)
                        .toList()
                : List.of();
    }

    /** Whether a volume is made from something that may change. */
    public static boolean madeFrom(Volume volume) {
        return switch (volume.source()) {
            case Source.ConfigMap _, Source.Secret _, Source.DownwardApi _, Source.Projected _ ->
                    true;
            case Source.EmptyDir _,
                    Source.Token _,
                    Source.Claim _,
                    Source.HostPath _,
                    Source.Image _,
                    Source.Other _ ->
                    false;
        };
    }

    /** Whether a volume's files must not be written to disk. */
    public static boolean secret(Volume volume) {
        return switch (volume.source()) {
            case Source.Secret _, Source.Projected _, Source.DownwardApi _ -> true;
            case Source.ConfigMap _,
                    Source.EmptyDir _,
                    Source.Token _,
                    Source.Claim _,
                    Source.HostPath _,
                    Source.Image _,
                    Source.Other _ ->
                    false;
        };
    }

    /**
     * The files, sorted by path; empty when the volume is not made from anything.
     *
     * @throws ConfigProblem when something it is made from is missing
     */
    public Optional<List<VolumeFile>> files(Volume volume) throws ConfigProblem {
        return switch (volume.source()) {
            case Source.ConfigMap _, Source.Secret _, Source.DownwardApi _ -> {
                var files = new TreeMap<String, VolumeFile>();
                add(files, volume.source(), null);
                yield Optional.of(List.copyOf(files.values()));
            }
            case Source.Projected projected -> {
                var files = new TreeMap<String, VolumeFile>();
                for (var part : projected.parts()) {
                    add(files, part, projected.defaultMode());
                }
                yield Optional.of(List.copyOf(files.values()));
            }
            case Source.EmptyDir _,
                    Source.Token _,
                    Source.Claim _,
                    Source.HostPath _,
                    Source.Image _,
                    Source.Other _ ->
                    Optional.empty();
        };
    }

    private void add(Map<String, VolumeFile> files, Source source, @Nullable Integer projectedMode)
            throws ConfigProblem {
        switch (source) {
            case Source.ConfigMap(
                            String name,
                            List<Volume.Item> items,
                            int mode,
                            boolean optional) ->
                    keys(files, false, name, items, or(projectedMode, mode), optional);
            case Source.Secret(String name, List<Volume.Item> items, int mode, boolean optional) ->
                    keys(files, true, name, items, or(projectedMode, mode), optional);
            case Source.DownwardApi(List<Volume.FieldFile> fieldFiles, int mode) -> {
                for (var file : fieldFiles) {
                    put(
                            files,
                            file.path(),
                            value(file.source()).getBytes(UTF_8),
                            file.mode() != null ? file.mode() : or(projectedMode, mode),
                            null);
                }
            }
            case Source.Token token -> {
                var owner = onlyUser(fields.pod().spec());
                var narrow = owner != null || fields.pod().spec().security().fsGroup() != null;
                put(
                        files,
                        token.path(),
                        Objects.requireNonNull(tokens.get(token), "a token was not made")
                                .getBytes(UTF_8),
                        narrow ? OWNER_ONLY : or(projectedMode, OWNER_ONLY),
                        owner);
            }
            case Source.Projected _,
                    Source.EmptyDir _,
                    Source.Claim _,
                    Source.HostPath _,
                    Source.Image _,
                    Source.Other _ ->
                    throw new ConfigProblem("a projected volume cannot hold " + source);
        }
    }

    private void keys(
            Map<String, VolumeFile> files,
            boolean secret,
            String name,
            List<Volume.Item> items,
            int mode,
            boolean optional)
            throws ConfigProblem {
        var found = config.of(secret, name, optional);
        var data = found == null ? Map.<String, byte[]>of() : found;
        if (items.isEmpty()) {
            data.forEach((key, value) -> put(files, key, value, mode, null));
            return;
        }
        for (var item : items) {
            var value = data.get(item.key());
            if (value == null) {
                if (optional) {
                    continue;
                }
                throw new ConfigProblem(
                        secret
                                ? "references non-existent secret key: " + item.key()
                                : "configmap references non-existent config key: " + item.key());
            }
            put(files, item.path(), value, item.mode() != null ? item.mode() : mode, null);
        }
    }

    private String value(EnvSource source) throws ConfigProblem {
        return switch (source) {
            case EnvSource.FieldRef field -> fields.field(field.path());
            case EnvSource.ResourceFieldRef resource -> fields.resource(resource);
            case EnvSource.Literal literal -> literal.value();
            case EnvSource.ConfigMapKeyRef _, EnvSource.SecretKeyRef _ ->
                    throw new ConfigProblem("a downward API file cannot hold " + source);
        };
    }

    private static void put(
            Map<String, VolumeFile> files,
            String path,
            byte[] content,
            int mode,
            @Nullable Long owner) {
        files.put(path, new VolumeFile(path, content, mode, owner));
    }

    private static int or(@Nullable Integer first, int second) {
        return first != null ? first : second;
    }

    /** The one user that all containers run as, or null when they differ or do not say. */
    private static @Nullable Long onlyUser(PodSpec spec) {
        var users = new ArrayList<@Nullable Long>();
        Stream.concat(spec.initContainers().stream(), spec.containers().stream())
                .forEach(container ->
                        users.add(
                                container.security().runAsUser() != null
                                        ? container.security().runAsUser()
                                        : spec.security().runAsUser()));
        var distinct = new LinkedHashMap<@Nullable Long, Boolean>();
        users.forEach(user -> distinct.put(user, true));
        return distinct.size() == 1 ? users.getFirst() : null;
    }
}
