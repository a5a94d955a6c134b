package dev.berth.adapter.kube;

import dev.berth.adapter.kube.ApiConnection.Content;
import dev.berth.core.identity.KubernetesUser;
import dev.berth.core.network.NodeService;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodKey;
import dev.berth.core.pod.PodStatus;
import dev.berth.port.KubeApi;
import dev.berth.port.Subscription;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * An API server over HTTP/2. It keeps one connection, one watch of pods however many listen, and
 * the names of the leases it has made; any thread may call. Listeners are told on the watch's
 * thread, see {@link #watchPods}.
 */
public final class HttpKubeApi implements KubeApi {
    private static final int CONFLICTS_MAX = 50;
    private static final String LEASES =
            "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

    private final ApiConnection connection;
    private final PodReflector reflector;
    private final ConfigChanges configChanges;
    private final NodeServices nodeServices;
    private final ClaimChanges claimChanges;
    private final EventWriter events;
    private final ObjectPaths paths;
    private final Reviews reviews;
    private final Set<String> leases = ConcurrentHashMap.newKeySet();

    /**
     * Makes no connection before the first call.
     *
     * @param endpoint {@code https://host:port}; the host must stand in the server's certificate
     * @param caPem whom to trust
     * @param clientCertPem who we are
     * @param clientKeyPem our key, PKCS #8
     */
    public HttpKubeApi(String endpoint, String caPem, String clientCertPem, String clientKeyPem) {
        connection = new ApiConnection(endpoint, caPem, clientCertPem, clientKeyPem);
        reflector = new PodReflector(connection);
        configChanges = new ConfigChanges(connection);
        nodeServices = new NodeServices(connection);
        claimChanges = new ClaimChanges(connection);
        events = new EventWriter(connection);
        paths = new ObjectPaths(connection);
        reviews = new Reviews(connection);
    }

    /**
     * {@inheritDoc}
     *
     * <p>The listener is called on the thread that reads the watch, so it must only take note, and
     * must not wait for a lock under which another thread subscribes or closes. The first listener
     * is told of all that exists at that moment; one that comes later, of what the watch has seen
     * so far, which may lag some milliseconds behind.
     */
    @Override
    public Subscription watchPods(PodListener listener) {
        return reflector.follow(listener);
    }

    @Override
    public Subscription watchConfig(Consumer<ConfigChange> listener) {
        return configChanges.follow(listener);
    }

    @Override
    public Subscription watchClaims(Runnable listener) {
        return claimChanges.follow(listener);
    }

    @Override
    public Subscription watchNodeServices(Consumer<List<NodeService>> listener) {
        return nodeServices.follow(listener);
    }

    // ---- pods -----------------------------------------------------------------------------------

    @Override
    public Optional<Pod> pod(PodKey key) {
        return connection.get(path(key)).map(PodTranslation::pod);
    }

    @Override
    public void bind(PodKey key, String uid, String nodeName, Map<String, String> annotations)
            throws KubeRefused {
        connection.post(
                path(key) + "/binding",
                Map.of(
                        "apiVersion",
                        "v1",
                        "kind",
                        "Binding",
                        "metadata",
                        Map.of(
                                "name",
                                key.name(),
                                "namespace",
                                key.namespace(),
                                "uid",
                                uid,
                                "annotations",
                                annotations),
                        "target",
                        Map.of("apiVersion", "v1", "kind", "Node", "name", nodeName)));
    }

    @Override
    public String writeStatus(PodKey key, String uid, PodStatus status) throws KubeRefused {
        return Json.resourceVersion(
                patchGuarded(
                        path(key) + "/status",
                        Content.STRATEGIC_PATCH,
                        StatusPatch.of(uid, status)));
    }

    @Override
    public void writeCondition(PodKey key, String uid, PodStatus.Condition condition)
            throws KubeRefused {
        patchGuarded(
                path(key) + "/status", Content.STRATEGIC_PATCH, StatusPatch.of(uid, condition));
    }

    @Override
    public void annotate(PodKey key, String uid, Map<String, String> annotations)
            throws KubeRefused {
        patchGuarded(
                path(key),
                Content.MERGE_PATCH,
                Map.of("metadata", Map.of("uid", uid, "annotations", annotations)));
    }

    /**
     * Sends a patch that names the uid it is meant for. The server answers 409 or 422 when another
     * pod has the name by now: the pod that was meant is gone.
     */
    private byte[] patchGuarded(String path, Content content, Object patch) throws KubeRefused {
        try {
            return connection.patch(path, content, patch);
        } catch (KubeRefused e) {
            var message = String.valueOf(e.getMessage());
            if ((e.code() == 409 || e.code() == 422)
                    && (message.contains("metadata.uid") || message.contains("UID"))) {
                throw new KubeRefused(404, message);
            }
            throw e;
        }
    }

    @Override
    public void deletePod(PodKey key, String uid, long graceSeconds) throws KubeRefused {
        connection.delete(
                path(key),
                Map.of(
                        "apiVersion",
                        "v1",
                        "kind",
                        "DeleteOptions",
                        "gracePeriodSeconds",
                        graceSeconds,
                        "preconditions",
                        Map.of("uid", uid)));
    }

    // ---- nodes ----------------------------------------------------------------------------------

    /** {@inheritDoc} One request for a new node, three for one that exists. */
    @Override
    public String applyNode(Node node) throws KubeRefused {
        try {
            return uid(connection.post("/api/v1/nodes", NodeTranslation.whole(node)));
        } catch (KubeRefused e) {
            if (e.code() != 409) {
                throw e;
            }
        }
        var path = nodePath(node.name());
        connection.patch(path, Content.MERGE_PATCH, NodeTranslation.withoutStatus(node));
        return uid(
                connection.patch(
                        path + "/status", Content.MERGE_PATCH, NodeTranslation.onlyStatus(node)));
    }

    @Override
    public String registerNode(Node node) throws KubeRefused {
        try {
            return uid(connection.post("/api/v1/nodes", NodeTranslation.whole(node)));
        } catch (KubeRefused e) {
            if (e.code() != 409) {
                throw e;
            }
        }
        var path = nodePath(node.name());
        connection.patch(path, Content.MERGE_PATCH, NodeTranslation.onlyMetadata(node));
        return uid(patchNodeStatus(node));
    }

    @Override
    public void writeNodeStatus(Node node) throws KubeRefused {
        patchNodeStatus(node);
    }

    /** Strategic, because conditions are merged by their types then. */
    private byte[] patchNodeStatus(Node node) throws KubeRefused {
        return connection.patch(
                nodePath(node.name()) + "/status",
                Content.STRATEGIC_PATCH,
                NodeTranslation.onlyStatus(node));
    }

    @Override
    public Optional<Node> node(String name) {
        return connection.get(nodePath(name)).map(NodeTranslation::node);
    }

    private String uid(byte[] answer) {
        return Json.text(connection.tree(answer).path("metadata"), "uid");
    }

    @Override
    public void deleteNode(String name) throws KubeRefused {
        deleteIfThere(nodePath(name));
        leases.remove(name);
        deleteIfThere(LEASES + "/" + ApiConnection.escaped(name));
    }

    private void deleteIfThere(String path) throws KubeRefused {
        try {
            connection.delete(path, null);
        } catch (KubeRefused e) {
            if (e.code() != 404) {
                throw e;
            }
        }
    }

    @Override
    public List<Node> nodes(String labelKey, String labelValue) {
        return connection
                .get(
                        "/api/v1/nodes?labelSelector="
                                + ApiConnection.escaped(labelKey + "=" + labelValue))
                .map(list -> Json.list(list, "items", NodeTranslation::node))
                .orElse(List.of());
    }

    @Override
    public void renewLease(String nodeName, String nodeUid, int leaseSeconds, Instant renewTime)
            throws KubeRefused {
        var spec =
                Map.of(
                        "holderIdentity",
                        nodeName,
                        "leaseDurationSeconds",
                        leaseSeconds,
                        "renewTime",
                        Json.micros(renewTime));
        // One request either way, once it is known which; the memory may be wrong and is mended.
        if (!leases.contains(nodeName) && createLease(nodeName, nodeUid, spec)) {
            return;
        }
        try {
            connection.patch(
                    LEASES + "/" + ApiConnection.escaped(nodeName),
                    Content.MERGE_PATCH,
                    Map.of("spec", spec));
            leases.add(nodeName);
        } catch (KubeRefused e) {
            leases.remove(nodeName);
            if (e.code() != 404) {
                throw e;
            }
            createLease(nodeName, nodeUid, spec);
        }
    }

    private boolean createLease(String nodeName, String nodeUid, Map<String, ?> spec)
            throws KubeRefused {
        try {
            connection.post(
                    LEASES,
                    Map.of(
                            "apiVersion",
                            "coordination.k8s.io/v1",
                            "kind",
                            "Lease",
                            "metadata",
                            Map.of(
                                    "name",
                                    nodeName,
                                    "namespace",
                                    "kube-node-lease",
                                    "ownerReferences",
                                    List.of(
                                            Map.of(
                                                    "apiVersion",
                                                    "v1",
                                                    "kind",
                                                    "Node",
                                                    "name",
                                                    nodeName,
                                                    "uid",
                                                    nodeUid))),
                            "spec",
                            spec));
            leases.add(nodeName);
            return true;
        } catch (KubeRefused e) {
            if (e.code() != 409) {
                throw e;
            }
            return false;
        }
    }

    // ---- what pods are made of ------------------------------------------------------------------

    /** {@inheritDoc} Returns at once; what waits when this object is closed is still written. */
    @Override
    public void event(Event event) {
        events.write(event);
    }

    @Override
    public Optional<Map<String, byte[]>> configMap(String namespace, String name) {
        return connection
                .get(namespaced(namespace, "configmaps", name))
                .map(object -> {
                    var data = decoded(object, "binaryData");
                    Json.textMap(object, "data")
                            .forEach((key, value) ->
                                    data.put(key, value.getBytes(StandardCharsets.UTF_8)));
                    return data;
                });
    }

    @Override
    public Optional<Secret> secret(String namespace, String name) {
        return connection
                .get(namespaced(namespace, "secrets", name))
                .map(object ->
                        new Secret(
                                Json.text(object.path("metadata"), "uid"),
                                Json.text(object, "type"),
                                decoded(object, "data")));
    }

    private static Map<String, byte[]> decoded(JsonNode object, String field) {
        var data = new LinkedHashMap<String, byte[]>();
        Json.textMap(object, field)
                .forEach((key, value) -> data.put(key, Base64.getDecoder().decode(value)));
        return data;
    }

    @Override
    public Optional<List<String>> serviceAccountPullSecrets(String namespace, String name) {
        return connection
                .get(namespaced(namespace, "serviceaccounts", name))
                .map(object ->
                        Json.list(object, "imagePullSecrets", secret -> Json.text(secret, "name")));
    }

    @Override
    public Token token(
            String namespace,
            String serviceAccount,
            PodKey pod,
            String podUid,
            List<String> audiences,
            long expirationSeconds)
            throws KubeRefused {
        var answer =
                connection.tree(
                        connection.post(
                                namespaced(namespace, "serviceaccounts", serviceAccount) + "/token",
                                Map.of(
                                        "apiVersion",
                                        "authentication.k8s.io/v1",
                                        "kind",
                                        "TokenRequest",
                                        "spec",
                                        Map.of(
                                                "audiences",
                                                audiences,
                                                "expirationSeconds",
                                                expirationSeconds,
                                                "boundObjectRef",
                                                Map.of(
                                                        "apiVersion",
                                                        "v1",
                                                        "kind",
                                                        "Pod",
                                                        "name",
                                                        pod.name(),
                                                        "uid",
                                                        podUid)))));
        var status = answer.path("status");
        return new Token(Json.text(status, "token"), Json.time(status, "expirationTimestamp"));
    }

    /** {@inheritDoc} A second request reads the volume when the claim is bound. */
    @Override
    public Optional<Claim> claim(String namespace, String name) {
        return connection
                .get(namespaced(namespace, "persistentvolumeclaims", name))
                .map(this::claim);
    }

    private Claim claim(JsonNode object) {
        var bound = Json.text(object.path("status"), "phase").equals("Bound");
        var volume = bound ? Json.textOrNull(object.path("spec"), "volumeName") : null;
        if (volume == null) {
            return new Claim(null, null, null);
        }
        var csi =
                connection
                        .get("/api/v1/persistentvolumes/" + ApiConnection.escaped(volume))
                        .map(found -> found.path("spec").path("csi"));
        return new Claim(
                volume,
                csi.map(found -> Json.textOrNull(found, "driver")).orElse(null),
                csi.map(found -> Json.textOrNull(found, "volumeHandle")).orElse(null));
    }

    @Override
    public List<Service> services(String namespace) {
        return connection
                .get(
                        "/api/v1/namespaces/"
                                + ApiConnection.escaped(namespace)
                                // From the server's own memory, as a kubelet has it from a watch.
                                + "/services?resourceVersion=0")
                .map(list -> Json.list(list, "items", HttpKubeApi::service))
                .orElse(List.of());
    }

    private static Service service(JsonNode object) {
        var spec = object.path("spec");
        return new Service(
                Json.text(object.path("metadata"), "name"),
                Json.text(spec, "clusterIP", "None"),
                Json.list(
                        spec,
                        "ports",
                        port ->
                                new ServicePort(
                                        Json.textOrNull(port, "name"),
                                        Json.integer(port, "port", 0),
                                        Json.text(port, "protocol", "TCP"))));
    }

    // ---- whole objects --------------------------------------------------------------------------

    @Override
    public void updateConfigMap(
            String namespace, String name, UnaryOperator<Map<String, String>> change)
            throws KubeRefused {
        for (int attempt = 1; ; attempt++) {
            try {
                changeConfigMap(namespace, name, change);
                return;
            } catch (KubeRefused e) {
                if (e.code() != 409) {
                    throw e;
                }
                if (attempt == CONFLICTS_MAX) {
                    throw new KubeUnavailable(
                            "others keep changing the ConfigMap " + namespace + "/" + name, e);
                }
            }
        }
    }

    private void changeConfigMap(
            String namespace, String name, UnaryOperator<Map<String, String>> change)
            throws KubeRefused {
        var path = namespaced(namespace, "configmaps", name);
        var found = connection.get(path);
        if (found.isEmpty()) {
            connection.post(
                    "/api/v1/namespaces/" + ApiConnection.escaped(namespace) + "/configmaps",
                    configMap(namespace, name, null, change.apply(new LinkedHashMap<>())));
            return;
        }
        var data = Json.textMap(found.get(), "data");
        var wished = change.apply(new LinkedHashMap<>(data));
        if (wished.equals(data)) {
            return;
        }
        // The version makes the server refuse the patch when somebody else was faster; keys that
        // are gone are named with null.
        var changes = new LinkedHashMap<String, @Nullable String>(wished);
        data.keySet().stream()
                .filter(key -> !wished.containsKey(key))
                .forEach(key -> changes.put(key, null));
        var version = Json.text(found.get().path("metadata"), "resourceVersion");
        connection.patch(path, Content.MERGE_PATCH, configMap(namespace, name, version, changes));
    }

    private static Map<String, Object> configMap(
            String namespace,
            String name,
            @Nullable String version,
            Map<String, ? extends @Nullable String> data) {
        var metadata = new LinkedHashMap<String, Object>();
        metadata.put("namespace", namespace);
        metadata.put("name", name);
        if (version != null) {
            metadata.put("resourceVersion", version);
        }
        return Map.of("apiVersion", "v1", "kind", "ConfigMap", "metadata", metadata, "data", data);
    }

    @Override
    public void apply(String yaml) throws KubeRefused {
        for (var object : documents(yaml)) {
            connection.patch(
                    paths.path(object) + "?fieldManager=berth&force=true",
                    Content.APPLY_PATCH,
                    object);
        }
    }

    @Override
    public void createAbsent(String yaml) throws KubeRefused {
        for (var object : documents(yaml)) {
            var path = paths.path(object);
            try {
                connection.post(path.substring(0, path.lastIndexOf('/')), object);
            } catch (KubeRefused e) {
                if (e.code() != 409) {
                    throw e;
                }
            }
        }
    }

    // ---- who may what ---------------------------------------------------------------------------

    @Override
    public Optional<KubernetesUser> reviewToken(String token) {
        return reviews.token(token);
    }

    @Override
    public boolean mayUseNode(
            KubernetesUser user, String verb, String subresource, String nodeName) {
        return reviews.node(user, verb, subresource, nodeName);
    }

    @Override
    public byte[] podsOfNode(String nodeName) {
        return connection.read(
                "/api/v1/pods?fieldSelector=" + ApiConnection.escaped("spec.nodeName=" + nodeName));
    }

    private static List<JsonNode> documents(String yaml) throws KubeRefused {
        var mapper = YAMLMapper.shared();
        try (var documents = mapper.readerFor(JsonNode.class).<JsonNode>readValues(yaml)) {
            return documents.readAll().stream().filter(JsonNode::isObject).toList();
        } catch (JacksonException e) {
            throw new KubeRefused(400, "not YAML: " + e.getOriginalMessage());
        }
    }

    /** Ends the watch, writes the events that wait, and closes the connection. */
    @Override
    public void close() {
        reflector.close();
        configChanges.close();
        nodeServices.close();
        claimChanges.close();
        events.close();
        connection.close();
    }

    private static String path(PodKey key) {
        return namespaced(key.namespace(), "pods", key.name());
    }

    private static String nodePath(String name) {
        return "/api/v1/nodes/" + ApiConnection.escaped(name);
    }

    private static String namespaced(String namespace, String plural, String name) {
        return "/api/v1/namespaces/"
                + ApiConnection.escaped(namespace)
                + "/"
                + plural
                + "/"
                + ApiConnection.escaped(name);
    }
}
