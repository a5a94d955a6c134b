package dev.berth.edge.admission;

import static dev.berth.core.profile.ProfileBuilder.aProfile;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.berth.core.golden.Golden;
import dev.berth.testkit.RealControlPlane;
import java.io.ByteArrayInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the webhook answers, judged by a real kube-apiserver. */
class PatchedPodIsAcceptedIT {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Queue<byte[]> REVIEWS = new ConcurrentLinkedQueue<>();
    private static RealControlPlane plane;
    private static HttpsServer webhook;
    private static HttpClient client;

    @BeforeAll
    static void start() throws Exception {
        var program = RealControlPlane.program();
        assumeTrue(program.isPresent(), "no kube-apiserver here: kube/ is not built");
        plane = RealControlPlane.start(program.get());
        var tls = tls();
        webhook = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        webhook.setHttpsConfigurator(new HttpsConfigurator(tls));
        var admission =
                new PodAdmission(
                        cluster -> List.of(aProfile("fp-default").selecting("default").build()));
        webhook.createContext(
                "/mutate",
                exchange -> {
                    var review = exchange.getRequestBody().readAllBytes();
                    REVIEWS.add(review);
                    var answer = admission.review("c", review);
                    exchange.getResponseHeaders().add("Content-Type", "application/json");
                    exchange.sendResponseHeaders(200, answer.length);
                    exchange.getResponseBody().write(answer);
                    exchange.close();
                });
        webhook.start();
        client = HttpClient.newBuilder().sslContext(tls).build();
        post(
                "/apis/scheduling.k8s.io/v1/priorityclasses",
                """
                {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
                 "metadata": {"name": "mine"}, "value": 1000, "preemptionPolicy": "Never"}
                """);
        post(
                "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
                """
                {"apiVersion": "admissionregistration.k8s.io/v1",
                 "kind": "MutatingWebhookConfiguration",
                 "metadata": {"name": "0500-amazon-eks-fargate-mutation.amazonaws.com"},
                 "webhooks": [{
                   "name": "0500-amazon-eks-fargate-mutation.amazonaws.com",
                   "clientConfig": {"url": "https://127.0.0.1:%d/mutate", "caBundle": "%s"},
                   "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["pods"],
                              "operations": ["CREATE"], "scope": "*"}],
                   "failurePolicy": "Fail", "matchPolicy": "Equivalent", "sideEffects": "None",
                   "reinvocationPolicy": "Never", "timeoutSeconds": 5,
                   "admissionReviewVersions": ["v1"]}]}
                """
                        .formatted(
                                webhook.getAddress().getPort(),
                                Base64.getEncoder().encodeToString(plane.caPem().getBytes(UTF_8))));
        awaitWebhook();
    }

    @AfterAll
    static void stop() throws Exception {
        if (client != null) {
            client.close();
        }
        if (webhook != null) {
            webhook.stop(0);
        }
        if (plane != null) {
            plane.close();
        }
    }

    /** A new webhook counts from some moment on of which the API server tells nothing. */
    private static void awaitWebhook() throws Exception {
        for (var tries = 0; REVIEWS.isEmpty(); tries++) {
            assertThat(tries).as("the webhook is asked within 10 s").isLessThan(100);
            create("probe-" + tries, "other", "");
            java.util.concurrent.TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    @Test
    @DisplayName("§1.2 what differs on a claimed pod, and what does not")
    void a_bare_pod_is_claimed() throws Exception {
        var pod = create("bare", "default", "");

        assertThat(pod.at("/metadata/labels"))
                .isEqualTo(JSON.readTree("{\"eks.amazonaws.com/fargate-profile\":\"fp-default\"}"));
        assertThat(pod.at("/spec/schedulerName").stringValue()).isEqualTo("fargate-scheduler");
        assertThat(pod.at("/spec/priorityClassName").stringValue())
                .isEqualTo("system-node-critical");
        assertThat(pod.at("/spec/priority").intValue()).isEqualTo(2_000_001_000);
        assertThat(pod.at("/spec/preemptionPolicy").stringValue())
                .isEqualTo("PreemptLowerPriority");
        assertThat(pod.at("/metadata/annotations").isMissingNode()).isTrue();
        assertThat(pod.at("/spec/nodeSelector").isMissingNode()).isTrue();
        assertThat(pod.at("/spec/affinity").isMissingNode()).isTrue();
        assertThat(pod.at("/spec/tolerations").size())
                .as("the two default tolerations only")
                .isEqualTo(2);
        assertThat(pod.at("/status/qosClass").stringValue()).isEqualTo("BestEffort");
        Golden.check("admission/bare-pod.request.json", lastReview("bare"));
    }

    @Test
    @DisplayName(
            "§1.2 a user's priority class with preemptionPolicy Never is replaced, and accepted")
    void a_priority_class_of_the_users_is_replaced() throws Exception {
        var pod = create("own-class", "default", "\"priorityClassName\": \"mine\",");

        assertThat(pod.at("/spec/priorityClassName").stringValue())
                .isEqualTo("system-node-critical");
        assertThat(pod.at("/spec/priority").intValue()).isEqualTo(2_000_001_000);
        assertThat(pod.at("/spec/preemptionPolicy").stringValue())
                .isEqualTo("PreemptLowerPriority");
        Golden.check("admission/own-priority-class.request.json", lastReview("own-class"));
    }

    @Test
    @DisplayName("§1.3 a pod of another namespace stays as it is")
    void a_pod_of_another_namespace_stays() throws Exception {
        var pod = create("stays", "other", "");

        assertThat(pod.at("/spec/schedulerName").stringValue()).isEqualTo("default-scheduler");
        assertThat(pod.at("/metadata/labels").isMissingNode()).isTrue();
        assertThat(pod.at("/spec/priority").intValue()).isZero();
    }

    private static JsonNode create(String name, String namespace, String spec) throws Exception {
        if (!namespace.equals("default")) {
            send(
                    "/api/v1/namespaces",
                    "{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"%s\"}}"
                            .formatted(namespace));
        }
        return post(
                "/api/v1/namespaces/" + namespace + "/pods",
                """
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "%s"},
                 "spec": {%s "containers": [{"name": "nginx", "image": "nginx"}]}}
                """
                        .formatted(name, spec));
    }

    private static JsonNode post(String path, String body) throws Exception {
        var response = send(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(201);
        return JSON.readTree(response.body());
    }

    private static HttpResponse<String> send(String path, String body) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create(plane.endpoint() + path))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /** The review of that pod, with what differs from run to run replaced. */
    private static String lastReview(String podName) {
        for (var review : REVIEWS) {
            var tree = JSON.readTree(review);
            if (tree.at("/request/name").stringValue("").equals(podName)) {
                return JSON.writerWithDefaultPrettyPrinter()
                                .writeValueAsString(tree)
                                .replaceAll("\"uid\" : \"[^\"]*\"", "\"uid\" : \"UID\"")
                                .replaceAll("\"time\" : \"[^\"]*\"", "\"time\" : \"TIME\"")
                                .replaceAll(
                                        "\"creationTimestamp\" : \"[^\"]*\"",
                                        "\"creationTimestamp\" : \"TIME\"")
                                .replaceAll("kube-api-access-[a-z0-9]{5}", "kube-api-access-XXXXX")
                                .replaceAll("\"manager\" : \"[^\"]*\"", "\"manager\" : \"MANAGER\"")
                                .replaceAll("X509SHA256=[0-9a-f]*", "X509SHA256=HASH")
                        + "\n";
            }
        }
        throw new AssertionError("no review of " + podName);
    }

    private static SSLContext tls() throws Exception {
        var certificate =
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(
                                new ByteArrayInputStream(plane.clientCertPem().getBytes(UTF_8)));
        var der =
                Base64.getMimeDecoder()
                        .decode(plane.clientKeyPem().replaceAll("-----[A-Z ]*-----", ""));
        var key = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry(
                "one", key, new char[0], new java.security.cert.Certificate[] {certificate});
        var trust = KeyStore.getInstance("PKCS12");
        trust.load(null, null);
        trust.setCertificateEntry("one", certificate);
        var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, new char[0]);
        var trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(trust);
        var context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trusted.getTrustManagers(), null);
        return context;
    }
}
