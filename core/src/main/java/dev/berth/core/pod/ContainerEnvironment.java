package dev.berth.core.pod;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.core.pod.Container.EnvSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A container's variables, and its command with them put in. */
public final class ContainerEnvironment {
    private ContainerEnvironment() {}

    /**
     * The variables that the pod says: {@code envFrom} first, then {@code env} in order, where a
     * later one sees the earlier ones and the services as {@code $(NAME)}, then the services that
     * nothing of these hides.
     *
     * @throws ConfigProblem when something they refer to is missing
     */
    public static Map<String, String> variables(
            Container container,
            FieldValues fields,
            ConfigData config,
            Map<String, String> services)
            throws ConfigProblem {
        var variables = new LinkedHashMap<String, String>();
        for (var from : container.envFrom()) {
            var data = config.of(from.secret(), from.name(), from.optional());
            if (data != null) {
                new TreeMap<>(data)
                        .forEach((key, value) ->
                                variables.put(from.prefix() + key, new String(value, UTF_8)));
            }
        }
        for (var variable : container.env()) {
            var value =
                    switch (variable.source()) {
                        case EnvSource.Literal literal ->
                                Expansion.expand(
                                        literal.value(),
                                        name -> variables.getOrDefault(name, services.get(name)));
                        case EnvSource.FieldRef field -> fields.field(field.path());
                        case EnvSource.ResourceFieldRef resource ->
                                fields.resource(container, resource);
                        case EnvSource.ConfigMapKeyRef(String name, String key, boolean optional) ->
                                key(config, fields, false, name, key, optional);
                        case EnvSource.SecretKeyRef(String name, String key, boolean optional) ->
                                key(config, fields, true, name, key, optional);
                    };
            if (value != null) {
                variables.put(variable.name(), value);
            }
        }
        services.forEach(variables::putIfAbsent);
        return variables;
    }

    private static @Nullable String key(
            ConfigData config,
            FieldValues fields,
            boolean secret,
            String name,
            String key,
            boolean optional)
            throws ConfigProblem {
        var data = config.of(secret, name, optional);
        var value = data == null ? null : data.get(key);
        if (value != null) {
            return new String(value, UTF_8);
        }
        if (optional) {
            return null;
        }
        throw new ConfigProblem(
                "couldn't find key %s in %s %s/%s"
                        .formatted(
                                key,
                                secret ? "Secret" : "ConfigMap",
                                fields.pod().metadata().namespace(),
                                name));
    }

    /**
     * The process's variables: the image's, hidden by the pod's, with what containerd adds where
     * neither says it.
     *
     * @param ofImage {@code NAME=value} each
     */
    public static List<String> merged(
            List<String> ofImage, Map<String, String> ofPod, String hostname, boolean terminal) {
        var all = new LinkedHashMap<String, String>();
        all.put("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        all.put("HOSTNAME", hostname);
        if (terminal) {
            all.put("TERM", "xterm");
        }
        for (var variable : ofImage) {
            var equals = variable.indexOf('=');
            if (equals > 0) {
                all.put(variable.substring(0, equals), variable.substring(equals + 1));
            }
        }
        all.putAll(ofPod);
        var merged = new ArrayList<String>(all.size());
        all.forEach((name, value) -> merged.add(name + "=" + value));
        return List.copyOf(merged);
    }

    /**
     * The program and its arguments: the pod's command replaces both of the image's; the pod's
     * arguments alone replace the image's command only.
     */
    public static List<String> command(
            Container container,
            List<String> entrypoint,
            List<String> command,
            Map<String, String> variables) {
        var said = expanded(container.command(), variables);
        var args = expanded(container.args(), variables);
        var whole = new ArrayList<String>();
        if (!said.isEmpty()) {
            whole.addAll(said);
            whole.addAll(args);
        } else {
            whole.addAll(entrypoint);
            whole.addAll(args.isEmpty() ? command : args);
        }
        return List.copyOf(whole);
    }

    private static List<String> expanded(List<String> words, Map<String, String> variables) {
        return words.stream().map(word -> Expansion.expand(word, variables::get)).toList();
    }
}
