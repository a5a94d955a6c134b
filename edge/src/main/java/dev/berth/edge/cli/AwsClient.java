package dev.berth.edge.cli;

import dev.berth.core.identity.Principal;
import dev.berth.engine.account.signature.KeyRing;
import dev.berth.engine.account.signature.RequestSigner;
import dev.berth.engine.account.signature.SignedRequest;
import java.io.IOException;
import java.io.StringReader;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.jspecify.annotations.Nullable;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A small AWS client: signs calls and sends them to one endpoint. Safe for any thread. */
public final class AwsClient {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Map<String, String> VERSIONS =
            Map.of("ec2", "2016-11-15", "iam", "2010-05-08", "sts", "2011-06-15");
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final URI endpoint;
    private final String region;
    private final RequestSigner signer;
    private final HttpClient http =
            HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(Duration.ofSeconds(5))
                    .build();

    /** A client with a long-lived key. */
    public AwsClient(URI endpoint, String region, String accessKeyId, String secretAccessKey) {
        this.endpoint = endpoint;
        this.region = region;
        this.signer =
                new RequestSigner(
                        new KeyRing.Key(
                                accessKeyId,
                                secretAccessKey,
                                null,
                                null,
                                new Principal("", "", "", accessKeyId, null)));
    }

    /**
     * Calls EKS.
     *
     * @param path percent-encoded, such as {@code /clusters/c}
     * @param body the input, or null for none
     */
    public JsonNode eks(String method, String path, @Nullable Object body)
            throws IOException, InterruptedException {
        var bytes = body == null ? new byte[0] : JSON.writeValueAsBytes(body);
        var response =
                send(
                        "eks",
                        method,
                        path,
                        bytes,
                        body == null ? Map.of() : Map.of("content-type", "application/json"));
        var text = new String(response.body(), StandardCharsets.UTF_8);
        var tree = text.isBlank() ? JSON.createObjectNode() : JSON.readTree(text);
        if (response.statusCode() >= 400) {
            var type = response.headers().firstValue("x-amzn-errortype").orElse("Unknown");
            throw new AwsError(
                    type.split("[:#]", 2)[0],
                    response.statusCode(),
                    tree.path("message").asString(""));
        }
        return tree;
    }

    /**
     * Calls a query service.
     *
     * @param service ec2, iam or sts
     * @param parameters flattened, such as {@code Filter.1.Name}
     * @return the output's members; lists are arrays
     */
    public JsonNode query(String service, String action, Map<String, String> parameters)
            throws IOException, InterruptedException {
        var all = new LinkedHashMap<String, String>();
        all.put("Action", action);
        all.put("Version", VERSIONS.getOrDefault(service, ""));
        all.putAll(parameters);
        var body =
                all.entrySet().stream()
                        .map(pair -> encode(pair.getKey()) + "=" + encode(pair.getValue()))
                        .collect(Collectors.joining("&"))
                        .getBytes(StandardCharsets.UTF_8);
        var response =
                send(
                        service,
                        "POST",
                        "/",
                        body,
                        Map.of("content-type", "application/x-www-form-urlencoded; charset=utf-8"));
        var root = parse(response.body());
        if (response.statusCode() >= 400) {
            throw new AwsError(first(root, "Code"), response.statusCode(), first(root, "Message"));
        }
        var tree = tree(root);
        var result = tree.path(action + "Result");
        return result.isMissingNode() ? tree : result;
    }

    /**
     * A token for a cluster, as {@code aws eks get-token} makes it. Source: eks-fargate §13.1 (D)
     */
    public String token(String cluster, Instant now) {
        var url =
                signer.presign(
                        "https://sts." + region + ".amazonaws.com",
                        "/",
                        Map.of("Action", "GetCallerIdentity", "Version", "2011-06-15"),
                        Map.of("x-k8s-aws-id", cluster),
                        region,
                        "sts",
                        Duration.ofSeconds(60),
                        now);
        return "k8s-aws-v1."
                + Base64.getUrlEncoder()
                        .withoutPadding()
                        .encodeToString(url.getBytes(StandardCharsets.UTF_8));
    }

    private HttpResponse<byte[]> send(
            String service, String method, String path, byte[] body, Map<String, String> headers)
            throws IOException, InterruptedException {
        var signed = new TreeMap<String, List<String>>();
        headers.forEach((name, value) -> signed.put(name, List.of(value)));
        signed.put("host", List.of(endpoint.getAuthority()));
        var question = path.indexOf('?');
        var request =
                new SignedRequest(
                        method,
                        question < 0 ? path : path.substring(0, question),
                        question < 0 ? "" : path.substring(question + 1),
                        signed);
        var builder =
                HttpRequest.newBuilder(URI.create(endpoint + path))
                        .timeout(PATIENCE)
                        .method(method, HttpRequest.BodyPublishers.ofByteArray(body));
        headers.forEach(builder::header);
        signer.sign(request, body, region, service, Instant.now()).forEach(builder::header);
        return http.send(builder.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static Element parse(byte[] xml) throws IOException {
        try {
            var factory = DocumentBuilderFactory.newInstance();
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            return factory.newDocumentBuilder()
                    .parse(
                            new InputSource(
                                    new StringReader(new String(xml, StandardCharsets.UTF_8))))
                    .getDocumentElement();
        } catch (ParserConfigurationException | SAXException notXml) {
            throw new IOException(
                    "no XML came back: " + new String(xml, StandardCharsets.UTF_8), notXml);
        }
    }

    private static String first(Element root, String name) {
        var found = root.getElementsByTagName(name);
        return found.getLength() == 0 ? "" : found.item(0).getTextContent();
    }

    /** An element as a tree: {@code item} and {@code member} children make an array. */
    private static JsonNode tree(Element element) {
        ObjectNode members = JSON.createObjectNode();
        var items = JSON.createArrayNode();
        var elements = 0;
        for (Node child = element.getFirstChild(); child != null; child = child.getNextSibling()) {
            if (child instanceof Element inner) {
                elements++;
                var name = inner.getLocalName() == null ? inner.getTagName() : inner.getLocalName();
                if (name.equals("item") || name.equals("member")) {
                    items.add(tree(inner));
                } else {
                    members.set(name, tree(inner));
                }
            }
        }
        if (!items.isEmpty()) {
            return items;
        }
        return elements == 0 ? JSON.getNodeFactory().stringNode(element.getTextContent()) : members;
    }

    /** An error that AWS answered. */
    public static final class AwsError extends IOException {
        private static final long serialVersionUID = 1L;
        private final String code;
        private final int status;
        private final String words;

        AwsError(String code, int status, String message) {
            super(message);
            this.code = code;
            this.status = status;
            this.words = message;
        }

        @Override
        public String getMessage() {
            return words;
        }

        /** The error code. */
        public String code() {
            return code;
        }

        /** The HTTP status. */
        public int status() {
            return status;
        }
    }
}
