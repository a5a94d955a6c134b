package dev.berth.edge.authn;

import dev.berth.core.identity.AwsAuthMapping;
import dev.berth.core.identity.AwsAuthMapping.Entry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingEndEvent;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.events.SequenceEndEvent;
import org.snakeyaml.engine.v2.events.SequenceStartEvent;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Reads the texts inside aws-auth, which anybody may have written who may write ConfigMaps. It
 * works on the parser's events, not on loaded objects: depth and size have limits, anchors are
 * refused, and no text makes it recurse. A bad entry is left out, a bad text gives none. The three
 * keys are read as they are spelled, those inside entries in any case. Source: eks-fargate §13.3
 * (D)
 */
final class AwsAuthYaml {
    /** A list of maps of lists is three deep. */
    private static final int DEPTH_MAX = 8;

    private static final LoadSettings SETTINGS = LoadSettings.builder().build();

    private AwsAuthYaml() {}

    /** What a ConfigMap's data says. */
    static AwsAuthMapping mapping(Map<String, String> data) {
        return new AwsAuthMapping(
                entries(data.get("mapRoles"), "rolearn"),
                entries(data.get("mapUsers"), "userarn"),
                list(data.get("mapAccounts")).stream()
                        .filter(String.class::isInstance)
                        .map(String.class::cast)
                        .toList());
    }

    private static List<Entry> entries(@Nullable String text, String arnKey) {
        return list(text).stream().flatMap(item -> entry(item, arnKey).stream()).toList();
    }

    private static Optional<Entry> entry(Object item, String arnKey) {
        if (!(item instanceof Map<?, ?> map)) {
            return Optional.empty();
        }
        var lower = new HashMap<String, Object>();
        map.forEach((key, value) -> lower.put(key.toString().toLowerCase(Locale.ROOT), value));
        var groups = new ArrayList<String>();
        if (lower.getOrDefault("groups", List.of()) instanceof List<?> all) {
            for (var group : all) {
                if (!(group instanceof String name)) {
                    return Optional.empty();
                }
                groups.add(name);
            }
        } else {
            return Optional.empty();
        }
        return lower.get(arnKey) instanceof String arn
                        && lower.get("username") instanceof String username
                        && !arn.isBlank()
                        && !username.isBlank()
                ? Optional.of(new Entry(arn.strip(), username, groups))
                : Optional.empty();
    }

    private static List<Object> list(@Nullable String text) {
        if (text == null) {
            return List.of();
        }
        try {
            return tree(text) instanceof List<?> items ? List.copyOf(items) : List.of();
        } catch (YamlEngineException | Unwelcome e) {
            return List.of();
        }
    }

    /** The first document as lists, maps and texts; null when there is none. */
    private static @Nullable Object tree(String text) throws Unwelcome {
        var open = new ArrayDeque<Open>();
        @Nullable Object root = null;
        for (Event event : new Parse(SETTINGS).parseString(text)) {
            @Nullable Object done = null;
            switch (event) {
                case AliasEvent _ -> throw new Unwelcome();
                case SequenceStartEvent _ -> open.push(new Open(false));
                case MappingStartEvent _ -> open.push(new Open(true));
                case SequenceEndEvent _ -> done = open.pop().value();
                case MappingEndEvent _ -> done = open.pop().value();
                case ScalarEvent scalar -> done = scalar.getValue();
                default -> {}
            }
            if (open.size() > DEPTH_MAX) {
                throw new Unwelcome();
            }
            if (done != null) {
                if (open.isEmpty()) {
                    root = root == null ? done : root;
                } else {
                    open.peek().add(done);
                }
            }
        }
        return root;
    }

    /** A list or map that is being read. */
    private static final class Open {
        private final boolean map;
        private final List<Object> items = new ArrayList<>();

        Open(boolean map) {
            this.map = map;
        }

        void add(Object item) {
            items.add(item);
        }

        Object value() throws Unwelcome {
            if (!map) {
                return items;
            }
            var pairs = new HashMap<String, Object>();
            for (int i = 0; i + 1 < items.size(); i += 2) {
                if (!(items.get(i) instanceof String key)) {
                    throw new Unwelcome();
                }
                pairs.put(key, items.get(i + 1));
            }
            return pairs;
        }
    }

    /** Something that has no place in aws-auth. */
    private static final class Unwelcome extends Exception {
        private static final long serialVersionUID = 1L;

        Unwelcome() {
            super(null, null, false, false);
        }
    }
}
