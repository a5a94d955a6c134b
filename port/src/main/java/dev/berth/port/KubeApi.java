package dev.berth.port;

import dev.berth.core.identity.KubernetesUser;
import dev.berth.core.network.NodeService;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodKey;
import dev.berth.core.pod.PodStatus;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One cluster's API server. Every method but the watches is one request; all may throw {@link
 * KubeUnavailable}, and the same call may work later.
 */
public interface KubeApi extends AutoCloseable {
    /**
     * Keeps telling of the cluster's pods: first of all that exist, then of every change, one call
     * after another. Reconnects by itself.
     */
    Subscription watchPods(PodListener listener);

    /** What a watch tells. */
    interface PodListener {
        /** The pod exists in this form now. */
        void present(Pod pod);

        /** The pod is gone; its last known form. */
        void gone(Pod pod);

        /** All that existed at the beginning has been told; called once. */
        void synced();
    }

    /** Reads a pod. */
    Optional<Pod> pod(PodKey key);

    /**
     * Binds a pod to a node; annotations and labels arrive on the pod in the same write.
     *
     * @throws KubeRefused when it is gone, bound already, or has another uid
     */
    void bind(PodKey key, String uid, String nodeName, Map<String, String> annotations)
            throws KubeRefused;

    /**
     * Replaces the status of a pod, in the fields that a node owns.
     *
     * @return the pod's resource version with this status in it
     * @throws KubeRefused with code 404 when the pod with that uid is gone
     */
    String writeStatus(PodKey key, String uid, PodStatus status) throws KubeRefused;

    /** Sets one condition of a pod that has no node yet, leaving everything else. */
    void writeCondition(PodKey key, String uid, PodStatus.Condition condition) throws KubeRefused;

    /** Merges annotations onto a pod. */
    void annotate(PodKey key, String uid, Map<String, String> annotations) throws KubeRefused;

    /**
     * Deletes a pod.
     *
     * @param graceSeconds 0 removes it from the API at once
     */
    void deletePod(PodKey key, String uid, long graceSeconds) throws KubeRefused;

    /**
     * Creates a node, with its status, or makes an existing one of that name look so; returns its
     * uid.
     */
    String applyNode(Node node) throws KubeRefused;

    /**
     * Creates a node, with its status; of one that exists only the labels, annotations and the
     * status are brought up to date, so that the taints that others gave it stay. Returns its uid.
     */
    String registerNode(Node node) throws KubeRefused;

    /**
     * Writes a node's status; conditions of types that it does not name stay.
     *
     * @throws KubeRefused with code 404 when there is no such node
     */
    void writeNodeStatus(Node node) throws KubeRefused;

    /** A node, or empty. */
    Optional<Node> node(String name);

    /** Deletes a node; nothing when there is none. Its lease goes with it. */
    void deleteNode(String name) throws KubeRefused;

    /** The nodes with this label, by name. */
    List<Node> nodes(String labelKey, String labelValue);

    /** Creates or renews a node's lease in kube-node-lease. */
    void renewLease(String nodeName, String nodeUid, int leaseSeconds, Instant renewTime)
            throws KubeRefused;

    /** Writes an event; equal ones in a row are counted on one object. */
    void event(Event event);

    /**
     * Keeps telling which ConfigMaps and Secrets come, change and go from now on, but not what they
     * hold. Reconnects by itself, and tells then what was missed. The listener must be quick.
     */
    Subscription watchConfig(Consumer<ConfigChange> listener);

    /**
     * Tells all Services for which the node matters, with who answers them, now and whenever that
     * changes; an empty list when there are none. One listener for a cluster, which must be quick.
     */
    Subscription watchNodeServices(Consumer<List<NodeService>> listener);

    /**
     * A ConfigMap or a Secret is not what it was.
     *
     * @param secret whether it is a Secret
     * @param namespace where it is
     * @param name its name
     */
    record ConfigChange(boolean secret, String namespace, String name) {}

    /** A ConfigMap's data (binaryData included), or empty. */
    Optional<Map<String, byte[]>> configMap(String namespace, String name);

    /** A Secret's data, or empty. */
    Optional<Secret> secret(String namespace, String name);

    /** A service account's image pull secrets, or empty when there is no such account. */
    Optional<List<String>> serviceAccountPullSecrets(String namespace, String name);

    /** Makes a token for a service account, bound to a pod. */
    Token token(
            String namespace,
            String serviceAccount,
            PodKey pod,
            String podUid,
            List<String> audiences,
            long expirationSeconds)
            throws KubeRefused;

    /**
     * Tells that claims have changed, whichever these are, from now on. The listener must be quick.
     */
    Subscription watchClaims(Runnable listener);

    /** A claim, or empty. */
    Optional<Claim> claim(String namespace, String name);

    /** The services of a namespace, for service environment variables. */
    List<Service> services(String namespace);

    /**
     * Changes the data of a ConfigMap, reading and writing it until no one interferes; creates it
     * when absent.
     *
     * @param change from the present data to the wished one
     */
    void updateConfigMap(
            String namespace,
            String name,
            java.util.function.UnaryOperator<Map<String, String>> change)
            throws KubeRefused;

    /**
     * Makes objects exist as the given manifests say (server-side apply, field manager {@code
     * berth}).
     *
     * @param yaml one or more documents
     */
    void apply(String yaml) throws KubeRefused;

    /**
     * Creates objects; those that exist, in whatever form, are left as they are.
     *
     * @param yaml one or more documents
     */
    void createAbsent(String yaml) throws KubeRefused;

    /** Whose bearer token it is; empty when the API server knows nobody by it. */
    Optional<KubernetesUser> reviewToken(String token);

    /**
     * Whether a user may do something with a node.
     *
     * @param verb {@code get}, {@code create}, …
     * @param subresource of nodes, such as {@code metrics}
     */
    boolean mayUseNode(KubernetesUser user, String verb, String subresource, String nodeName);

    /** The pods that are bound to a node, whole: a v1 PodList in JSON. */
    byte[] podsOfNode(String nodeName);

    @Override
    void close();

    /**
     * A node.
     *
     * @param name its name
     * @param labels its labels
     * @param annotations its annotations
     * @param taints its taints
     * @param providerId such as {@code aws:///eu-west-1a/…/fargate-172.16.1.241}
     * @param addresses type to address, in order: InternalIP, InternalDNS, Hostname
     * @param capacity by resource name, as texts
     * @param allocatable by resource name, as texts
     * @param conditions its conditions
     * @param info its system info
     * @param kubeletPort where its kubelet answers
     * @param images the images it has, the largest first
     */
    record Node(
            String name,
            Map<String, String> labels,
            Map<String, String> annotations,
            List<Taint> taints,
            String providerId,
            List<Address> addresses,
            Map<String, String> capacity,
            Map<String, String> allocatable,
            List<NodeCondition> conditions,
            SystemInfo info,
            int kubeletPort,
            List<NodeImage> images) {
        /** A node that tells of no images. */
        public Node(
                String name,
                Map<String, String> labels,
                Map<String, String> annotations,
                List<Taint> taints,
                String providerId,
                List<Address> addresses,
                Map<String, String> capacity,
                Map<String, String> allocatable,
                List<NodeCondition> conditions,
                SystemInfo info,
                int kubeletPort) {
            this(
                    name,
                    labels,
                    annotations,
                    taints,
                    providerId,
                    addresses,
                    capacity,
                    allocatable,
                    conditions,
                    info,
                    kubeletPort,
                    List.of());
        }
    }

    /**
     * An image on a node.
     *
     * @param names by tag and by digest
     * @param sizeBytes its size
     */
    record NodeImage(List<String> names, long sizeBytes) {
        /** Copies the list. */
        public NodeImage {
            names = List.copyOf(names);
        }
    }

    /**
     * A taint.
     *
     * @param key its key
     * @param value its value
     * @param effect NoSchedule, PreferNoSchedule or NoExecute
     */
    record Taint(String key, String value, String effect) {}

    /**
     * A node's address.
     *
     * @param type InternalIP, InternalDNS or Hostname
     * @param address the address
     */
    record Address(String type, String address) {}

    /**
     * A node's condition.
     *
     * @param type such as Ready
     * @param status True, False or Unknown
     * @param reason a code
     * @param message for people
     * @param lastTransition when the status changed
     * @param lastHeartbeat when it was last looked at
     */
    record NodeCondition(
            String type,
            String status,
            String reason,
            String message,
            Instant lastTransition,
            Instant lastHeartbeat) {}

    /**
     * What a node says of its system.
     *
     * @param osImage such as {@code Amazon Linux 2}
     * @param kernelVersion the kernel
     * @param containerRuntimeVersion such as {@code crun://1.8.1}
     * @param kubeletVersion such as {@code v1.36.3-eks-berth}
     * @param architecture amd64 or arm64
     * @param machineId an id
     * @param systemUuid an id
     * @param bootId an id
     * @param userNamespaces whether pods can have users of their own
     */
    record SystemInfo(
            String osImage,
            String kernelVersion,
            String containerRuntimeVersion,
            String kubeletVersion,
            String architecture,
            String machineId,
            String systemUuid,
            String bootId,
            boolean userNamespaces) {}

    /**
     * An event about a pod, or about a node: that has no namespace, and its name for a uid.
     *
     * @param pod whom it is about
     * @param podUid whom it is about
     * @param fieldPath such as {@code spec.containers{nginx}}, or null for the whole pod
     * @param warning whether its type is Warning, else Normal
     * @param reason a code such as {@code Pulled}
     * @param message for people
     * @param component who says so: {@code fargate-scheduler} or {@code kubelet}
     * @param host the node's name, or null
     * @param time when
     */
    record Event(
            PodKey pod,
            String podUid,
            @Nullable String fieldPath,
            boolean warning,
            String reason,
            String message,
            String component,
            @Nullable String host,
            Instant time) {
        /** A warning of a node's kubelet about the node. */
        public static Event ofNode(String node, String reason, String message, Instant time) {
            return new Event(
                    new PodKey("", node), node, null, true, reason, message, "kubelet", node, time);
        }

        /** Whether it is about a node. */
        public boolean aboutNode() {
            return pod.namespace().isEmpty();
        }
    }

    /**
     * A Secret.
     *
     * @param uid its uid
     * @param type such as {@code kubernetes.io/dockerconfigjson}
     * @param data by key
     */
    record Secret(String uid, String type, Map<String, byte[]> data) {
        /** One whose uid does not matter. */
        public Secret(String type, Map<String, byte[]> data) {
            this("", type, data);
        }

        @Override
        public String toString() {
            return "Secret[" + type + "]";
        }
    }

    /**
     * A service-account token.
     *
     * @param token the token; never logged
     * @param expiresAt until when
     */
    record Token(String token, Instant expiresAt) {
        @Override
        public String toString() {
            return "Token[" + expiresAt + "]";
        }
    }

    /**
     * A PersistentVolumeClaim and what it is bound to.
     *
     * @param volumeName the PersistentVolume, or null while unbound
     * @param csiDriver that volume's CSI driver, or null when it has none or is absent
     * @param volumeHandle that driver's handle, or null
     */
    record Claim(
            @Nullable String volumeName,
            @Nullable String csiDriver,
            @Nullable String volumeHandle) {}

    /**
     * A service.
     *
     * @param name its name
     * @param clusterIp its address, or {@code None}
     * @param ports in order
     */
    record Service(String name, String clusterIp, List<ServicePort> ports) {}

    /**
     * A service's port.
     *
     * @param name or null
     * @param port 1 to 65535
     * @param protocol TCP, UDP or SCTP
     */
    record ServicePort(@Nullable String name, int port, String protocol) {}

    /** The API server said no; saying it again will not help. */
    final class KubeRefused extends Exception {
        private static final long serialVersionUID = 1L;
        private final int code;

        /** Gives the HTTP status and the server's words. */
        public KubeRefused(int code, String message) {
            super(message);
            this.code = code;
        }

        /** The HTTP status: 404, 409, 422, … */
        public int code() {
            return code;
        }
    }

    /** The API server could not be asked; the same call may work later. */
    final class KubeUnavailable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        /** Says what was tried. */
        public KubeUnavailable(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }
}
