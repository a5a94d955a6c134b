package dev.berth.edge.kubelet;

import dev.berth.core.node.FargateNode;
import dev.berth.edge.kubelet.Doors.Door;
import dev.berth.engine.nodes.NodeAccess;
import dev.berth.engine.podworker.KnownNodes;
import dev.berth.engine.podworker.PodUsage;
import dev.berth.engine.podworker.PodUsage.NodeRef;
import io.helidon.http.Status;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a node tells of itself and its pods, by a kubelet's paths: {@code /healthz}, {@code
 * /configz}, {@code /pods}, {@code /runningpods/}, {@code /stats/summary}, {@code /metrics} and the
 * three below it. Each answer is read when it is asked for.
 */
public final class NodeReports implements HttpService {
    private static final String JSON = "application/json";
    private static final double MILLIS = 1000;

    private final KnownNodes nodes;
    private final PodUsage usage;
    private final NodeAccess access;
    private final Doors doors;
    private final Host host;
    private final InstantSource clock;
    private final JsonMapper json = JsonMapper.shared();

    /** Tells of these nodes. */
    public NodeReports(
            KnownNodes nodes,
            PodUsage usage,
            NodeAccess access,
            Doors doors,
            Host host,
            InstantSource clock) {
        this.nodes = nodes;
        this.usage = usage;
        this.access = access;
        this.doors = doors;
        this.host = host;
        this.clock = clock;
    }

    /**
     * What all nodes here have in common.
     *
     * @param kubeletVersion such as {@code v1.36.3-eks-berth}
     * @param kernelVersion the kernel
     * @param osImage such as {@code Amazon Linux 2}
     * @param bootId this machine's boot
     * @param startedAt since when these nodes are served
     * @param clusterDns where pods ask for names
     */
    public record Host(
            String kubeletVersion,
            String kernelVersion,
            String osImage,
            String bootId,
            Instant startedAt,
            String clusterDns) {}

    @Override
    public void routing(HttpRules rules) {
        rules.get("/healthz", (request, response) -> text(response, "ok"))
                .get("/healthz/ping", (request, response) -> text(response, "ok"))
                .get("/healthz/log", (request, response) -> text(response, "ok"))
                .get("/healthz/syncloop", (request, response) -> text(response, "ok"))
                .get("/configz", this::configz)
                .get("/pods", this::pods)
                .get("/pods/", this::pods)
                .get("/runningpods", this::running)
                .get("/runningpods/", this::running)
                .get("/stats/summary", this::summary)
                .get("/metrics", this::metrics)
                .get("/metrics/cadvisor", this::cadvisor)
                .get("/metrics/resource", this::resource)
                .get("/metrics/probes", this::probes);
    }

    /** The name of the node of an address; the address itself when the node has gone meanwhile. */
    String nodeName(String address) {
        return nodes.at(address).map(NodeRef::name).orElse(address);
    }

    private NodeFacts node(ServerRequest request) {
        var address =
                doors.at(request.remotePeer().port())
                        .map(door -> door instanceof Door.Node(String found) ? found : "")
                        .orElse("");
        var node = nodes.at(address).orElse(new NodeRef(address, address, 0, 0, ""));
        return new NodeFacts(
                node.name(),
                node.cpuMillis(),
                node.memoryBytes(),
                host.kubeletVersion(),
                host.kernelVersion(),
                host.osImage(),
                host.bootId(),
                FargateNode.machineId(node.id()),
                FargateNode.systemUuid(node.id()));
    }

    private void cadvisor(ServerRequest request, ServerResponse response) {
        var node = node(request);
        exposition(response, CadvisorText.of(node, usage.ofNode(node.name()), clock.instant()));
    }

    private void resource(ServerRequest request, ServerResponse response) {
        exposition(response, ResourceText.of(usage.ofNode(node(request).name()), clock.instant()));
    }

    private void probes(ServerRequest request, ServerResponse response) {
        exposition(
                response,
                ProbeText.of(
                        usage.probes(node(request).name()),
                        host.startedAt().toEpochMilli() / MILLIS));
    }

    private void metrics(ServerRequest request, ServerResponse response) {
        var node = node(request);
        var pods = usage.ofNode(node.name());
        var out = new Exposition();
        out.family("kubelet_node_name", "gauge", "[ALPHA] The node's name. The count is always 1.")
                .sample(Map.of("node", node.name()), 1, null);
        out.family(
                        "kubelet_running_containers",
                        "gauge",
                        "[ALPHA] Number of containers currently running")
                .sample(
                        Map.of("container_state", "running"),
                        pods.stream().mapToInt(pod -> pod.containers().size()).sum(),
                        null);
        out.family(
                        "kubelet_running_pods",
                        "gauge",
                        "[ALPHA] Number of pods that have a running pod sandbox")
                .sample(
                        Map.of(),
                        (double) pods.stream().filter(pod -> pod.group() != null).count(),
                        null);
        var starts = usage.starts(node.name());
        counter(out, "started_pods_errors_total", "errors when starting pods", starts.podErrors());
        counter(out, "started_pods_total", "pods started", starts.pods());
        counter(
                out,
                "started_user_namespaced_pods_errors_total",
                "errors when starting pods with user namespaces."
                        + " This metric will only be collected on Linux.",
                starts.ownUsersErrors());
        counter(
                out,
                "started_user_namespaced_pods_total",
                "pods with user namespaces started. This metric will only be collected on"
                        + " Linux.",
                starts.ownUsers());
        out.family(
                        "kubernetes_build_info",
                        "gauge",
                        "[BETA] A metric with a constant '1' value labeled by the version this node tells.")
                .sample(Map.of("git_version", node.version()), 1, null);
        out.family(
                        "process_start_time_seconds",
                        "gauge",
                        "Start time of the process since unix epoch in seconds.")
                .sample(Map.of(), host.startedAt().toEpochMilli() / MILLIS, null);
        exposition(response, out.toString());
    }

    private static void counter(Exposition out, String name, String what, long count) {
        out.family("kubelet_" + name, "counter", "[ALPHA] Cumulative number of " + what)
                .sample(Map.of(), (double) count, null);
    }

    private void summary(ServerRequest request, ServerResponse response) {
        var node = node(request);
        var few = request.query().first("only_cpu_and_memory").asOptional();
        json(
                response,
                SummaryJson.of(
                        node,
                        usage.ofNode(node.name()),
                        usage.fileSystem(),
                        host.startedAt(),
                        clock.instant(),
                        few.map(Boolean::parseBoolean).orElse(false)));
    }

    private void pods(ServerRequest request, ServerResponse response) {
        Optional<byte[]> list = access.pods(node(request).name());
        if (list.isEmpty()) {
            response.status(Status.INTERNAL_SERVER_ERROR_500)
                    .send("Internal Error: the API server does not answer");
            return;
        }
        response.header("Content-Type", JSON).send(list.get());
    }

    private void running(ServerRequest request, ServerResponse response) {
        var items =
                usage.ofNode(node(request).name()).stream()
                        .filter(pod -> !pod.containers().isEmpty())
                        .map(pod ->
                                Map.of(
                                        "metadata",
                                        Map.of(
                                                "name",
                                                pod.name(),
                                                "namespace",
                                                pod.namespace(),
                                                "uid",
                                                pod.uid()),
                                        "spec",
                                        Map.of(
                                                "containers",
                                                pod.containers().stream()
                                                        .map(one ->
                                                                Map.of(
                                                                        "name",
                                                                        one.name(),
                                                                        "image",
                                                                        one.image()))
                                                        .toList()),
                                        "status",
                                        Map.of()))
                        .toList();
        var list = new LinkedHashMap<String, Object>();
        list.put("kind", "PodList");
        list.put("apiVersion", "v1");
        list.put("metadata", Map.of());
        list.put("items", items);
        json(response, json.writeValueAsString(list));
    }

    /** What of a kubelet's configuration has a meaning here. */
    private void configz(ServerRequest request, ServerResponse response) {
        var config = new LinkedHashMap<String, Object>();
        config.put("enableServer", true);
        config.put("port", 10250);
        config.put(
                "authentication",
                Map.of(
                        "anonymous", Map.of("enabled", false),
                        "webhook", Map.of("enabled", true, "cacheTTL", "2m0s")));
        config.put(
                "authorization",
                Map.of(
                        "mode",
                        "Webhook",
                        "webhook",
                        Map.of("cacheAuthorizedTTL", "5m0s", "cacheUnauthorizedTTL", "30s")));
        config.put("clusterDomain", "cluster.local");
        config.put("clusterDNS", List.of(host.clusterDns()));
        config.put("kind", "KubeletConfiguration");
        config.put("apiVersion", "kubelet.config.k8s.io/v1beta1");
        json(response, json.writeValueAsString(Map.of("kubeletconfig", config)));
    }

    private static void exposition(ServerResponse response, String text) {
        response.header("Content-Type", Exposition.TYPE).send(text);
    }

    private static void text(ServerResponse response, String text) {
        response.header("Content-Type", "text/plain; charset=utf-8").send(text);
    }

    private static void json(ServerResponse response, String text) {
        response.header("Content-Type", JSON).send(text);
    }
}
