package dev.berth.edge.kubelet;

import dev.berth.core.identity.KubernetesUser;
import dev.berth.edge.kubelet.ClientCertificates.Shown;
import dev.berth.engine.nodes.NodeAccess;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Lets in who may ask a node, as a kubelet does: by a client certificate of the cluster's authority
 * or a bearer token, and then if the API server allows it the node's subresource that the path
 * stands for. Nobody comes in anonymously. The API server itself is let in by its certificate: it
 * has asked for its clients already. Source: a kubelet of 1.36, fine-grained authorization included
 */
final class Guard {
    private static final String BEARER = "bearer ";

    private final ClientCertificates certificates;
    private final NodeAccess access;

    Guard(ClientCertificates certificates, NodeAccess access) {
        this.certificates = certificates;
        this.access = access;
    }

    /**
     * Why somebody is not let in, as it is answered.
     *
     * @param status 401, 403 or 500
     * @param words the body
     */
    record Refusal(int status, String words) {}

    /**
     * Decides about a request; empty when it may go on.
     *
     * @param chain the client's certificates, none when it showed none
     * @param authorization the header of that name
     */
    Optional<Refusal> refusal(
            List<X509Certificate> chain,
            Optional<String> authorization,
            String method,
            String path,
            String nodeName) {
        var shown = certificates.who(chain);
        if (shown.isPresent() && shown.get() instanceof Shown.ApiServer) {
            return Optional.empty();
        }
        var user = user(shown, authorization);
        if (user.isEmpty()) {
            return Optional.of(new Refusal(401, "Unauthorized"));
        }
        return refusal(user.get(), method, path, nodeName);
    }

    private Optional<KubernetesUser> user(Optional<Shown> shown, Optional<String> authorization) {
        if (shown.isPresent() && shown.get() instanceof Shown.User(KubernetesUser user)) {
            return Optional.of(user);
        }
        return authorization
                .filter(value -> value.toLowerCase(Locale.ROOT).startsWith(BEARER))
                .map(value -> value.substring(BEARER.length()).strip())
                .filter(token -> !token.isEmpty())
                .flatMap(access::user);
    }

    private Optional<Refusal> refusal(
            KubernetesUser user, String method, String path, String nodeName) {
        var verb = verb(method);
        var subresources = subresources(path);
        for (var subresource : subresources) {
            switch (access.may(user, verb, subresource, nodeName)) {
                case YES -> {
                    return Optional.empty();
                }
                case NO -> {
                    continue;
                }
                case UNKNOWN -> {
                    return Optional.of(
                            new Refusal(
                                    500,
                                    "Authorization error (user=%s, verb=%s, resource=nodes, subresource=%s)"
                                            .formatted(user.username(), verb, subresource)));
                }
            }
        }
        return Optional.of(
                new Refusal(
                        403,
                        "Forbidden (user=%s, verb=%s, resource=nodes, subresource(s)=[%s])\n"
                                .formatted(user.username(), verb, String.join(" ", subresources))));
    }

    static String verb(String method) {
        return switch (method) {
            case "GET" -> "get";
            case "POST" -> "create";
            case "PUT" -> "update";
            case "PATCH" -> "patch";
            case "DELETE" -> "delete";
            default -> "";
        };
    }

    /** The subresources of nodes of which one has to be allowed, the finest first. */
    static List<String> subresources(String path) {
        var all = new ArrayList<String>();
        if (below("/pods", path) || below("/runningpods", path)) {
            all.add("pods");
        } else if (below("/healthz", path)) {
            all.add("healthz");
        } else if (below("/configz", path)) {
            all.add("configz");
        }
        if (below("/stats", path)) {
            all.add("stats");
        } else if (below("/metrics", path)) {
            all.add("metrics");
        } else if (below("/logs", path)) {
            all.add("log");
        } else if (below("/checkpoint", path)) {
            all.add("checkpoint");
        } else if (below("/statusz", path)) {
            all.add("statusz");
        } else if (below("/flagz", path)) {
            all.add("configz");
        } else {
            all.add("proxy");
        }
        return all;
    }

    private static boolean below(String folder, String path) {
        return path.equals(folder) || path.startsWith(folder + "/");
    }
}
