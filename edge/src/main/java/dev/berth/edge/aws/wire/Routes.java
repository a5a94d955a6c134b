package dev.berth.edge.aws.wire;

import dev.berth.edge.aws.model.OperationModel;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The routes of a REST service. A path is cut at its raw slashes and each label is decoded by
 * itself, so that an ARN with {@code %2F} stays one label.
 */
final class Routes {
    private final Map<String, List<Route>> byMethodAndLength = new HashMap<>();

    Routes(Collection<OperationModel> operations) {
        for (OperationModel operation : operations) {
            String template = operation.requestUri();
            int query = template.indexOf('?');
            List<String> parts = parts(query < 0 ? template : template.substring(0, query));
            byMethodAndLength
                    .computeIfAbsent(key(operation.method(), parts.size()), _ -> new ArrayList<>())
                    .add(new Route(parts, operation));
        }
        // More literal parts first, so that a fixed path wins over a label.
        byMethodAndLength
                .values()
                .forEach(routes -> routes.sort(Comparator.comparingInt(Route::labels)));
    }

    Protocol.Target.@Nullable Described find(String method, String rawPath) {
        List<String> parts = parts(rawPath);
        for (Route route : byMethodAndLength.getOrDefault(key(method, parts.size()), List.of())) {
            Map<String, String> labels = route.match(parts);
            if (labels != null) {
                return new Protocol.Target.Described(route.operation, labels);
            }
        }
        return null;
    }

    private static String key(String method, int length) {
        return method + ' ' + length;
    }

    private static List<String> parts(String path) {
        var parts = new ArrayList<String>();
        int at = path.startsWith("/") ? 1 : 0;
        for (int slash = path.indexOf('/', at); slash >= 0; slash = path.indexOf('/', at)) {
            parts.add(path.substring(at, slash));
            at = slash + 1;
        }
        if (at < path.length()) {
            parts.add(path.substring(at));
        }
        return parts;
    }

    private record Route(List<String> parts, OperationModel operation) {
        int labels() {
            return (int) parts.stream().filter(part -> part.startsWith("{")).count();
        }

        @Nullable Map<String, String> match(List<String> path) {
            var labels = new HashMap<String, String>();
            for (int i = 0; i < parts.size(); i++) {
                String part = parts.get(i);
                String given = path.get(i);
                if (part.startsWith("{")) {
                    if (given.isEmpty()) {
                        return null;
                    }
                    labels.put(part.substring(1, part.length() - 1), decode(given));
                } else if (!part.equals(given)) {
                    return null;
                }
            }
            return labels;
        }

        /** In a path a plus is a plus. */
        private static String decode(String text) {
            if (text.indexOf('%') < 0) {
                return text;
            }
            try {
                return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
            } catch (IllegalArgumentException _) {
                return text;
            }
        }
    }
}
