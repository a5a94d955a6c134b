package dev.berth.adapter.controlplane;

import dev.berth.port.ControlPlanes.Plan;
import dev.berth.port.Processes.Program;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * How a cluster's programs are called and what their configuration files say. Values only: the same
 * plan gives the same texts. The files are JSON, which every reader of YAML reads.
 *
 * @param plan the cluster
 * @param kube the program
 * @param folder the cluster's folder
 * @param port where its API server listens on 127.0.0.1
 * @param etcdSocket where etcd listens
 * @param egressSocket where connections to nodes go
 * @param tokenWebhook who is asked about tokens
 * @param webhookAuthority what the webhooks' servers are checked with
 * @param webhookClient what is shown to them, as files
 * @param kubeletClient what is shown to nodes, as files
 */
record Launch(
        Plan plan,
        Path kube,
        Path folder,
        int port,
        Path etcdSocket,
        Path egressSocket,
        Optional<URI> tokenWebhook,
        Path webhookAuthority,
        KeyFiles webhookClient,
        KeyFiles kubeletClient) {
    /** The audience of service-account tokens that name none, as on EKS. */
    static final String AUDIENCE = "https://kubernetes.default.svc";

    /**
     * An identity as files.
     *
     * @param certificate its certificate
     * @param key its key
     */
    record KeyFiles(Path certificate, Path key) {}

    /** The issuer of service-account tokens. Source: eks-fargate §12.6 (D) */
    static String issuer(Plan plan) {
        return "https://oidc.eks." + plan.region() + ".amazonaws.com/id/" + plan.clusterId();
    }

    /** What the keys of a cluster's objects in etcd begin with. */
    static String etcdPrefix(String clusterId) {
        return "/kube/" + clusterId;
    }

    /** The first address of a range: the Service {@code kubernetes}. */
    static String firstServiceAddress(String serviceCidr) {
        var address = serviceCidr.substring(0, serviceCidr.indexOf('/'));
        int dot = address.lastIndexOf('.');
        return address.substring(0, dot + 1) + (Integer.parseInt(address.substring(dot + 1)) + 1);
    }

    /** The names that the API server's certificate has to carry. */
    static List<String> serverNames(Plan plan) {
        var names =
                new ArrayList<>(
                        List.of(
                                "127.0.0.1",
                                "localhost",
                                "kubernetes",
                                "kubernetes.default",
                                "kubernetes.default.svc",
                                "kubernetes.default.svc.cluster.local",
                                firstServiceAddress(plan.serviceCidr())));
        if (plan.addressInVpc() != null) {
            names.add(plan.addressInVpc());
        }
        return List.copyOf(names);
    }

    String endpoint() {
        return "https://127.0.0.1:" + port;
    }

    Program apiServer() {
        var flags = new TreeMap<String, String>();
        flags.put("advertise-address", advertised());
        flags.put("allow-privileged", "true");
        flags.put("api-audiences", AUDIENCE);
        flags.put("authorization-mode", "Node,RBAC");
        flags.put("bind-address", "127.0.0.1");
        flags.put("client-ca-file", pki("ca.crt"));
        flags.put("egress-selector-config-file", file("egress.json"));
        flags.put("enable-admission-plugins", "NodeRestriction");
        flags.put("etcd-prefix", etcdPrefix(plan.clusterId()));
        flags.put("etcd-servers", "unix://" + etcdSocket);
        flags.put("kubelet-client-certificate", kubeletClient.certificate().toString());
        flags.put("kubelet-client-key", kubeletClient.key().toString());
        flags.put("kubelet-preferred-address-types", "InternalIP");
        flags.put("profiling", "false");
        flags.put("proxy-client-cert-file", pki("front-proxy-client.crt"));
        flags.put("proxy-client-key-file", pki("front-proxy-client.key"));
        flags.put("requestheader-allowed-names", "front-proxy-client");
        flags.put("requestheader-client-ca-file", pki("front-proxy-ca.crt"));
        flags.put("requestheader-extra-headers-prefix", "X-Remote-Extra-");
        flags.put("requestheader-group-headers", "X-Remote-Group");
        flags.put("requestheader-username-headers", "X-Remote-User");
        flags.put("secure-port", Integer.toString(port));
        flags.put("service-account-issuer", issuer(plan));
        flags.put("service-account-jwks-uri", issuer(plan) + "/keys");
        flags.put("service-account-key-file", pki("sa.pub"));
        flags.put("service-account-signing-key-file", pki("sa.key"));
        flags.put("service-cluster-ip-range", plan.serviceCidr());
        flags.put("tls-cert-file", pki("apiserver.crt"));
        flags.put("tls-private-key-file", pki("apiserver.key"));
        if (tokenWebhook.isPresent()) {
            flags.put("admission-control-config-file", file("admission.json"));
            flags.put("authentication-token-webhook-config-file", file("authn.json"));
            flags.put("authentication-token-webhook-version", "v1");
            // Checking again is cheap here, and a change of aws-auth shall be felt within seconds.
            flags.put("authentication-token-webhook-cache-ttl", "10s");
        }
        // Half as many collections while it starts; the limit holds it back when it has grown.
        return program("kube-apiserver", flags, Map.of("GOGC", "200", "GOMEMLIMIT", "320MiB"));
    }

    Program controllerManager() {
        var flags = new TreeMap<String, String>();
        flags.put("bind-address", "127.0.0.1");
        flags.put("cluster-signing-cert-file", pki("ca.crt"));
        flags.put("cluster-signing-key-file", pki("ca.key"));
        // A service account and a token for each of forty controllers: 5 s at the default of 20/s.
        flags.put("kube-api-burst", "1000");
        flags.put("kube-api-qps", "500");
        flags.put("kubeconfig", file("controller-manager.json"));
        flags.put("leader-elect", "false");
        flags.put("profiling", "false");
        flags.put("root-ca-file", pki("ca.crt"));
        flags.put("secure-port", "0");
        flags.put("service-account-private-key-file", pki("sa.key"));
        flags.put("use-service-account-credentials", "true");
        return program("kube-controller-manager", flags, Map.of());
    }

    Program scheduler() {
        var flags = new TreeMap<String, String>();
        flags.put("bind-address", "127.0.0.1");
        flags.put("kubeconfig", file("scheduler.json"));
        flags.put("leader-elect", "false");
        flags.put("profiling", "false");
        flags.put("secure-port", "0");
        return program("kube-scheduler", flags, Map.of());
    }

    /**
     * kube-proxy in the VPC's network, for all pods there. It masquerades only what a pod sends to
     * itself by a Service, so that pods are seen as who they are.
     */
    Program kubeProxy(Path namespace) {
        var flags = new TreeMap<String, String>();
        flags.put("kube-api-burst", "200");
        flags.put("kube-api-qps", "100");
        // Limits of the whole machine, which are not this namespace's to set.
        flags.put("conntrack-max-per-core", "0");
        flags.put("conntrack-min", "0");
        flags.put("healthz-bind-address", "");
        flags.put("metrics-bind-address", "");
        // Fargate's pods are reached by their own addresses only.
        flags.put("nodeport-addresses", "127.0.0.0/8");
        flags.put("oom-score-adj", "0");
        flags.put("proxy-mode", "nftables");
        var before =
                List.of(
                        kube.toString(),
                        "vpc-proxy",
                        "--kubeconfig=" + file("kube-proxy.json"),
                        "--node=fargate-services=" + advertised(),
                        "--");
        return new Program(
                "kube-proxy/" + plan.clusterName(),
                withFlags(before, flags),
                Map.of("GOGC", "50", "GOMAXPROCS", "1"),
                folder.resolve("log").resolve("kube-proxy.log"),
                namespace);
    }

    /** CoreDNS in the VPC's network, at the API server's address there. */
    Program coreDns(Path program, Path namespace) {
        return new Program(
                "coredns/" + plan.clusterName(),
                List.of(program.toString(), "-conf", file("Corefile")),
                Map.of("GOGC", "50"),
                folder.resolve("log").resolve("coredns.log"),
                namespace);
    }

    /**
     * What CoreDNS answers: as EKS's, but for its health port, which nobody asks here.
     *
     * @param resolver who answers other names
     */
    String corefile(String resolver) {
        return """
        .:53 {
            bind ADDRESS
            errors
            kubernetes cluster.local in-addr.arpa ip6.arpa {
                kubeconfig KUBECONFIG
                pods insecure
                fallthrough in-addr.arpa ip6.arpa
            }
            prometheus ADDRESS:9153
            forward . RESOLVER
            cache 30
            loop
            loadbalance
        }
        """
                .replace("ADDRESS", advertised())
                .replace("KUBECONFIG", file("coredns.json"))
                .replace("RESOLVER", resolver);
    }

    /** The configuration files, by name. */
    Map<String, String> files() {
        var files = new TreeMap<String, String>();
        if (plan.addressInVpc() != null) {
            var inVpc = "https://" + advertised() + ":" + port;
            files.put("kube-proxy.json", json(kubeconfig(inVpc, "kube-proxy")));
            files.put("coredns.json", json(kubeconfig(inVpc, "coredns")));
        }
        files.put("egress.json", json(egress()));
        files.put("controller-manager.json", json(kubeconfig("controller-manager")));
        files.put("scheduler.json", json(kubeconfig("scheduler")));
        tokenWebhook.ifPresent(url -> {
            var client =
                    Map.<String, Object>of(
                            "client-certificate", webhookClient.certificate().toString(),
                            "client-key", webhookClient.key().toString());
            files.put(
                    "authn.json",
                    json(kubeconfig(url.toString(), webhookAuthority, "berth", client)));
            files.put("admission.json", json(admission()));
            files.put("webhooks.json", json(webhookUsers(url.getAuthority(), client)));
        });
        return files;
    }

    private Map<String, Object> egress() {
        return Map.of(
                "apiVersion",
                "apiserver.k8s.io/v1beta1",
                "kind",
                "EgressSelectorConfiguration",
                "egressSelections",
                List.of(
                        Map.of(
                                "name",
                                "cluster",
                                "connection",
                                Map.of(
                                        "proxyProtocol",
                                        "HTTPConnect",
                                        "transport",
                                        Map.of(
                                                "uds",
                                                Map.of("udsName", egressSocket.toString()))))));
    }

    /** Lets the API server show its certificate to Berth's admission webhook, and to no other. */
    private Map<String, Object> admission() {
        var configuration =
                Map.of(
                        "apiVersion",
                        "apiserver.config.k8s.io/v1",
                        "kind",
                        "WebhookAdmissionConfiguration",
                        "kubeConfigFile",
                        file("webhooks.json"));
        return Map.of(
                "apiVersion",
                "apiserver.config.k8s.io/v1",
                "kind",
                "AdmissionConfiguration",
                "plugins",
                List.of(
                        Map.of("name", "MutatingAdmissionWebhook", "configuration", configuration),
                        Map.of(
                                "name",
                                "ValidatingAdmissionWebhook",
                                "configuration",
                                configuration)));
    }

    /** Which client certificate is shown to which host of a webhook: users named by authority. */
    private static Map<String, Object> webhookUsers(String authority, Map<String, Object> client) {
        return Map.of(
                "apiVersion",
                "v1",
                "kind",
                "Config",
                "users",
                List.of(Map.of("name", authority, "user", client)));
    }

    private Map<String, Object> kubeconfig(String identity) {
        return kubeconfig(endpoint(), identity);
    }

    private Map<String, Object> kubeconfig(String server, String identity) {
        return kubeconfig(
                server,
                folder.resolve("pki").resolve("ca.crt"),
                plan.clusterName(),
                Map.of(
                        "client-certificate", pki(identity + ".crt"),
                        "client-key", pki(identity + ".key")));
    }

    private static Map<String, Object> kubeconfig(
            String server, Path authority, String cluster, Map<String, Object> user) {
        return Map.of(
                "apiVersion",
                "v1",
                "kind",
                "Config",
                "clusters",
                List.of(
                        Map.of(
                                "name",
                                cluster,
                                "cluster",
                                Map.of(
                                        "server",
                                        server,
                                        "certificate-authority",
                                        authority.toString()))),
                "users",
                List.of(Map.of("name", "berth", "user", user)),
                "contexts",
                List.of(
                        Map.of(
                                "name",
                                "berth",
                                "context",
                                Map.of("cluster", cluster, "user", "berth"))),
                "current-context",
                "berth");
    }

    /** What pods find the API server by: the address in the VPC, else this machine's loopback. */
    private String advertised() {
        @Nullable String inVpc = plan.addressInVpc();
        // The API server refuses to advertise loopback. Nothing answers at this stand-in, which is
        // reserved for documentation, until the cluster has an address in its VPC.
        return inVpc == null ? "192.0.2.1" : inVpc;
    }

    private Program program(
            String name, Map<String, String> flags, Map<String, String> environment) {
        return new Program(
                name + "/" + plan.clusterName(),
                withFlags(List.of(kube.toString(), name), flags),
                environment,
                folder.resolve("log").resolve(name + ".log"),
                null);
    }

    private static List<String> withFlags(List<String> before, Map<String, String> flags) {
        var command = new ArrayList<>(before);
        flags.forEach((flag, value) -> command.add("--" + flag + "=" + value));
        return command;
    }

    private String file(String name) {
        return folder.resolve(name).toString();
    }

    private String pki(String name) {
        return folder.resolve("pki").resolve(name).toString();
    }

    /** JSON with its keys in order, so that the same plan always gives the same bytes. */
    private static String json(Map<String, Object> tree) {
        return JsonMapper.builder()
                        .enable(
                                tools.jackson.databind.SerializationFeature
                                        .ORDER_MAP_ENTRIES_BY_KEYS,
                                tools.jackson.databind.SerializationFeature.INDENT_OUTPUT)
                        .build()
                        .writeValueAsString(tree)
                + "\n";
    }
}
