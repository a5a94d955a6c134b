package dev.berth.edge.kubelet;

import dev.berth.core.pod.LabelSelector;
import dev.berth.core.usage.GroupUse;
import dev.berth.core.usage.Rates;
import dev.berth.core.usage.Rates.Rate;
import dev.berth.engine.podworker.KnownNodes;
import dev.berth.engine.podworker.PodUsage;
import dev.berth.engine.podworker.PodUsage.ContainerReading;
import dev.berth.engine.podworker.PodUsage.NodeRef;
import dev.berth.engine.podworker.PodUsage.PodReading;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * The resource metrics API {@code metrics.k8s.io/v1beta1}, which {@code kubectl top} and horizontal
 * pod autoscalers ask: CPU over a window that ends now, and memory now. Whoever asks first waits a
 * second for the window; who asks again within a minute gets the time since as the window.
 */
public final class ResourceMetrics {
    private static final String GROUP = "metrics.k8s.io";
    private static final String VERSION = GROUP + "/v1beta1";
    private static final String ROOT = "/apis/" + VERSION;
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final Duration WAIT = Rates.SHORTEST.plusMillis(20);

    private final KnownNodes nodes;
    private final PodUsage usage;
    private final InstantSource clock;
    private final JsonMapper json = JsonMapper.shared();

    /** Tells of these nodes and their pods. */
    public ResourceMetrics(KnownNodes nodes, PodUsage usage, InstantSource clock) {
        this.nodes = nodes;
        this.usage = usage;
        this.clock = clock;
    }

    /** Answers a request below {@code /apis}. */
    void answer(ServerRequest request, ServerResponse response) throws InterruptedException {
        var path = request.path().path().replaceAll("/+$", "");
        var labels = LabelSelector.parse(query(request, "labelSelector"));
        var fields = FieldSelector.parse(query(request, "fieldSelector"));
        if (labels.isEmpty() || fields.isEmpty()) {
            send(response, status(400, "BadRequest", "a selector cannot be read"));
            return;
        }
        var body =
                path.startsWith(ROOT + "/")
                        ? metrics(path.substring(ROOT.length() + 1), labels.get(), fields.get())
                        : discovery(path);
        send(response, body.orElseGet(() -> status(404, "NotFound", "not found: " + path)));
    }

    private static String query(ServerRequest request, String name) {
        return request.query().first(name).orElse("");
    }

    private void send(ServerResponse response, Map<String, Object> body) {
        if (body.get("code") instanceof Integer code) {
            response.status(Status.create(code));
        }
        response.header("Content-Type", "application/json").send(json.writeValueAsString(body));
    }

    // ---- discovery

    private static Optional<Map<String, Object>> discovery(String path) {
        var version = Map.of("groupVersion", VERSION, "version", "v1beta1");
        return switch (path) {
            case "/apis" ->
                    Optional.of(
                            object(
                                    "APIGroupList",
                                    "v1",
                                    Map.of("groups", List.of(group(version)))));
            case "/apis/" + GROUP -> Optional.of(object("APIGroup", "v1", group(version)));
            case ROOT ->
                    Optional.of(
                            object(
                                    "APIResourceList",
                                    "v1",
                                    Map.of(
                                            "groupVersion",
                                            VERSION,
                                            "resources",
                                            List.of(
                                                    resource("nodes", "NodeMetrics", false),
                                                    resource("pods", "PodMetrics", true)))));
            default -> Optional.empty();
        };
    }

    private static Map<String, Object> group(Map<String, String> version) {
        return Map.of("name", GROUP, "versions", List.of(version), "preferredVersion", version);
    }

    private static Map<String, Object> resource(String name, String kind, boolean namespaced) {
        return Map.of(
                "name",
                name,
                "singularName",
                "",
                "namespaced",
                namespaced,
                "kind",
                kind,
                "verbs",
                List.of("get", "list"));
    }

    // ---- metrics

    private Optional<Map<String, Object>> metrics(
            String path, LabelSelector labels, FieldSelector fields) throws InterruptedException {
        var parts = List.of(path.split("/", -1));
        return switch (parts.size()) {
            case 1 ->
                    switch (parts.getFirst()) {
                        case "nodes" -> Optional.of(nodes(labels, fields));
                        case "pods" -> Optional.of(pods(usage::all, labels, fields));
                        default -> Optional.empty();
                    };
            case 2 ->
                    parts.getFirst().equals("nodes")
                            ? Optional.of(node(parts.getLast()))
                            : Optional.empty();
            case 3, 4 ->
                    parts.getFirst().equals("namespaces") && parts.get(2).equals("pods")
                            ? Optional.of(inNamespace(parts, labels, fields))
                            : Optional.empty();
            default -> Optional.empty();
        };
    }

    private Map<String, Object> inNamespace(
            List<String> parts, LabelSelector labels, FieldSelector fields)
            throws InterruptedException {
        Supplier<List<PodReading>> read = () -> usage.ofNamespace(parts.get(1));
        if (parts.size() == 3) {
            return pods(read, labels, fields);
        }
        var name = parts.getLast();
        return rated(read).stream()
                .filter(pod -> pod.name().equals(name))
                .flatMap(pod -> pod(pod).stream())
                .findFirst()
                .orElseGet(() ->
                        status(
                                404,
                                "NotFound",
                                "podmetrics.metrics.k8s.io \"%s/%s\" not found"
                                        .formatted(parts.get(1), name)));
    }

    private Map<String, Object> pods(
            Supplier<List<PodReading>> read, LabelSelector labels, FieldSelector fields)
            throws InterruptedException {
        var items =
                rated(() ->
                                read.get().stream()
                                        .filter(pod -> labels.matches(pod.labels()))
                                        .filter(pod -> fields.matches(pod.namespace(), pod.name()))
                                        .toList())
                        .stream()
                        .flatMap(pod -> pod(pod).stream())
                        .toList();
        return list("PodMetricsList", items);
    }

    private Map<String, Object> node(String name) throws InterruptedException {
        var node = nodes.all().stream().filter(one -> one.name().equals(name)).findFirst();
        var metrics = node.isEmpty() ? List.<Map<String, Object>>of() : nodes(List.of(node.get()));
        return metrics.isEmpty()
                ? status(
                        404,
                        "NotFound",
                        "nodemetrics.metrics.k8s.io \"%s\" not found".formatted(name))
                : metrics.getFirst();
    }

    /** Nodes have no labels here: a selector that wants some matches none. */
    private Map<String, Object> nodes(LabelSelector labels, FieldSelector fields)
            throws InterruptedException {
        var wanted =
                nodes.all().stream()
                        .filter(node -> labels.matches(labels(node)))
                        .filter(node -> fields.matches("", node.name()))
                        .toList();
        return list("NodeMetricsList", nodes(wanted));
    }

    private static Map<String, String> labels(NodeRef node) {
        return fargate(node) ? Map.of("eks.amazonaws.com/compute-type", "fargate") : Map.of();
    }

    private static boolean fargate(NodeRef node) {
        return node.name().startsWith("fargate-");
    }

    private List<Map<String, Object>> nodes(List<NodeRef> wanted) throws InterruptedException {
        var pods = rated(usage::all);
        var all = new ArrayList<Map<String, Object>>();
        for (var node : wanted) {
            var its =
                    pods.stream()
                            .filter(pod -> pod.nodeName().equals(node.name()))
                            .filter(pod -> pod.group() != null && pod.rate() != null)
                            .toList();
            // A Fargate node is its pod: while that cannot be told, the node cannot.
            if (!its.isEmpty() || !fargate(node)) {
                all.add(node(node.name(), its));
            }
        }
        return all;
    }

    private Map<String, Object> node(String name, List<PodReading> pods) {
        var groups = new ArrayList<GroupUse>();
        var nanoCores = 0L;
        var window = pods.isEmpty() ? Rates.SHORTEST : Duration.ZERO;
        for (var pod : pods) {
            var group = pod.group();
            var rate = pod.rate();
            if (group != null && rate != null) {
                groups.add(group);
                nanoCores += rate.nanoCores();
                window = rate.window().compareTo(window) > 0 ? rate.window() : window;
            }
        }
        var memory = Sums.of(groups, clock.instant()).memory().workingSet();
        var fields = new LinkedHashMap<String, Object>();
        fields.put("metadata", Map.of("name", name, "creationTimestamp", time(clock.instant())));
        fields.put("timestamp", time(groups.isEmpty() ? clock.instant() : groups.getFirst().at()));
        fields.put("window", window(window));
        fields.put("usage", usage(nanoCores, memory));
        return object("NodeMetrics", VERSION, fields);
    }

    /** A pod of which a container is too young to tell is left out as a whole. */
    private Optional<Map<String, Object>> pod(PodReading pod) {
        var containers = new ArrayList<Map<String, Object>>();
        Instant at = null;
        var window = Duration.ZERO;
        for (var container : pod.containers()) {
            var rate = container.rate();
            if (rate == null) {
                return Optional.empty();
            }
            containers.add(container(container, rate));
            at = container.use().at();
            window = rate.window().compareTo(window) > 0 ? rate.window() : window;
        }
        if (at == null) {
            return Optional.empty();
        }
        var metadata = new LinkedHashMap<String, Object>();
        metadata.put("name", pod.name());
        metadata.put("namespace", pod.namespace());
        metadata.put("creationTimestamp", time(clock.instant()));
        if (!pod.labels().isEmpty()) {
            metadata.put("labels", pod.labels());
        }
        var fields = new LinkedHashMap<String, Object>();
        fields.put("metadata", metadata);
        fields.put("timestamp", time(at));
        fields.put("window", window(window));
        fields.put("containers", containers);
        return Optional.of(object("PodMetrics", VERSION, fields));
    }

    private static Map<String, Object> container(ContainerReading container, Rate rate) {
        return Map.of(
                "name",
                container.name(),
                "usage",
                usage(rate.nanoCores(), container.use().memory().workingSet()));
    }

    private static Map<String, Object> usage(long nanoCores, long memoryBytes) {
        return Map.of("cpu", nanoCores + "n", "memory", memoryBytes / 1024 + "Ki");
    }

    /** Reads, and once more after a second when there was nothing to compare with. */
    private static List<PodReading> rated(Supplier<List<PodReading>> read)
            throws InterruptedException {
        var first = read.get();
        if (first.stream().allMatch(ResourceMetrics::rated)) {
            return first;
        }
        Thread.sleep(WAIT);
        return read.get();
    }

    private static boolean rated(PodReading pod) {
        return (pod.group() == null || pod.rate() != null)
                && pod.containers().stream().allMatch(one -> one.rate() != null);
    }

    // ---- small parts

    private static Map<String, Object> list(String kind, List<Map<String, Object>> items) {
        return object(kind, VERSION, Map.of("metadata", Map.of(), "items", items));
    }

    private static Map<String, Object> status(int code, String reason, String message) {
        return object(
                "Status",
                "v1",
                Map.of(
                        "metadata",
                        Map.of(),
                        "status",
                        "Failure",
                        "message",
                        message,
                        "reason",
                        reason,
                        "code",
                        code));
    }

    private static Map<String, Object> object(
            String kind, String apiVersion, Map<String, ?> fields) {
        var object = new LinkedHashMap<String, Object>();
        object.put("kind", kind);
        object.put("apiVersion", apiVersion);
        object.putAll(fields);
        return object;
    }

    private static String time(Instant at) {
        return at.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    /** As Go writes a span of time. */
    private static String window(Duration window) {
        var millis = window.toMillis();
        var seconds = Exposition.number(millis / 1000.0);
        return window.toNanos() >= 60 * NANOS_PER_SECOND
                ? millis / 60_000 + "m" + Exposition.number(millis % 60_000 / 1000.0) + "s"
                : seconds + "s";
    }

    /**
     * Which objects are wanted by their names.
     *
     * @param namespace or null for any
     * @param name or null for any
     */
    private record FieldSelector(@Nullable String namespace, @Nullable String name) {
        private static Optional<FieldSelector> parse(String text) {
            String namespace = null;
            String name = null;
            for (var part : text.split(",", -1)) {
                var equals = part.indexOf('=');
                var value = equals < 0 ? "" : part.substring(part.lastIndexOf('=') + 1);
                if (part.isEmpty()) {
                    continue;
                }
                if (part.startsWith("metadata.name=")) {
                    name = value;
                } else if (part.startsWith("metadata.namespace=")) {
                    namespace = value;
                } else {
                    return Optional.empty();
                }
            }
            return Optional.of(new FieldSelector(namespace, name));
        }

        private boolean matches(String inNamespace, String named) {
            return (namespace == null || namespace.equals(inNamespace))
                    && (name == null || name.equals(named));
        }
    }
}
