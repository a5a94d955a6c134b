package dev.berth.edge.kubelet;

import dev.berth.engine.podworker.PodStreams.StreamRefused;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A request to a node: {@code /exec/NAMESPACE/POD[/UID]/CONTAINER}, {@code /attach/…}, {@code
 * /portForward/NAMESPACE/POD[/UID]} or {@code /containerLogs/NAMESPACE/POD/CONTAINER}.
 *
 * @param verb the path's first part
 * @param namespace the pod's namespace
 * @param pod the pod's name
 * @param uid the pod's uid, empty when any will do
 * @param container the container's name, empty for port-forward
 * @param query the parameters, each with its values in order
 */
record StreamRequest(
        String verb,
        String namespace,
        String pod,
        String uid,
        String container,
        Map<String, List<String>> query) {
    /** So many have numbers of one byte. */
    private static final int PORTS_MAX = 127;

    /** Reads a path and a query as they came; empty when they are none of the above. */
    static Optional<StreamRequest> parse(String rawPath, String rawQuery) {
        var parts = new ArrayList<String>();
        for (var part : rawPath.split("/", -1)) {
            parts.add(URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8));
        }
        if (parts.size() < 4) {
            return Optional.empty();
        }
        var verb = parts.get(1);
        var query = query(rawQuery);
        return switch (verb) {
            case "exec", "attach", "containerLogs" ->
                    parts.size() == 5 || (parts.size() == 6 && !verb.equals("containerLogs"))
                            ? Optional.of(
                                    new StreamRequest(
                                            verb,
                                            parts.get(2),
                                            parts.get(3),
                                            parts.size() == 6 ? parts.get(4) : "",
                                            parts.getLast(),
                                            query))
                            : Optional.empty();
            case "portForward" ->
                    parts.size() <= 5
                            ? Optional.of(
                                    new StreamRequest(
                                            verb,
                                            parts.get(2),
                                            parts.get(3),
                                            parts.size() == 5 ? parts.get(4) : "",
                                            "",
                                            query))
                            : Optional.empty();
            default -> Optional.empty();
        };
    }

    private static Map<String, List<String>> query(String rawQuery) {
        var query = new LinkedHashMap<String, List<String>>();
        for (var pair : rawQuery.split("&", -1)) {
            if (!pair.isEmpty()) {
                var equals = pair.indexOf('=');
                var name =
                        URLDecoder.decode(
                                equals < 0 ? pair : pair.substring(0, equals),
                                StandardCharsets.UTF_8);
                var value =
                        equals < 0
                                ? ""
                                : URLDecoder.decode(
                                        pair.substring(equals + 1), StandardCharsets.UTF_8);
                query.computeIfAbsent(name, none -> new ArrayList<>()).add(value);
            }
        }
        return query;
    }

    /** The first value of a parameter, or empty. */
    Optional<String> first(String name) {
        return Optional.ofNullable(query.get(name)).map(List::getFirst);
    }

    /** Whether a parameter says yes. */
    boolean flag(String name) {
        return first(name).filter(value -> value.equals("1") || value.equals("true")).isPresent();
    }

    /** Whether a command's error output is a stream of its own: a terminal has but one. */
    boolean errorOutput() {
        return flag("error") && !flag("tty");
    }

    /** The ports to forward over a WebSocket, as {@code port=80,81&port=82}; never empty. */
    List<Integer> ports() throws StreamRefused {
        var texts = query.getOrDefault("port", List.of());
        if (texts.isEmpty()) {
            throw new StreamRefused(400, "query parameter \"port\" is required");
        }
        var ports = new ArrayList<Integer>();
        for (var text : texts) {
            if (text.isEmpty()) {
                throw new StreamRefused(400, "query parameter \"port\" cannot be empty");
            }
            for (var one : text.split(",", -1)) {
                var port = one.matches("[0-9]{1,5}") ? Integer.parseInt(one) : -1;
                if (port < 0 || port > 65535) {
                    throw new StreamRefused(
                            400,
                            "unable to parse \"%s\" as a port: strconv.ParseUint: parsing \"%s\": %s"
                                    .formatted(
                                            text,
                                            one,
                                            one.matches("[0-9]+")
                                                    ? "value out of range"
                                                    : "invalid syntax"));
                }
                if (port == 0) {
                    throw new StreamRefused(400, "port \"" + text + "\" must be > 0");
                }
                if (ports.size() == PORTS_MAX) {
                    throw new StreamRefused(400, "more than " + PORTS_MAX + " ports");
                }
                ports.add(port);
            }
        }
        return ports;
    }
}
