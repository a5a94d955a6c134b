package dev.berth.edge.kubelet;

import dev.berth.edge.kubelet.ClientCertificates.Shown;
import dev.berth.edge.kubelet.Doors.Door;
import dev.berth.edge.kubelet.Guard.Refusal;
import dev.berth.engine.nodes.NodeAccess;
import io.helidon.common.socket.PeerInfo;
import io.helidon.http.HeaderNames;
import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.http.Status;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What every request to the endpoint passes first: the door tells which node is meant, and the
 * guard whether it may be asked. The door of the resource metrics is the aggregation layer's alone,
 * and leads to nothing else.
 */
final class Entrance {
    private final Doors doors;
    private final ClientCertificates certificates;
    private final Guard guard;
    private final NodeReports reports;

    Entrance(Doors doors, ClientCertificates certificates, NodeAccess access, NodeReports reports) {
        this.doors = doors;
        this.certificates = certificates;
        this.guard = new Guard(certificates, access);
        this.reports = reports;
    }

    /** Lets a request on, or answers why not. */
    void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        var refusal = refusal(request.remotePeer(), request.headers(), request.prologue());
        if (refusal.isEmpty()) {
            chain.proceed();
            return;
        }
        response.status(Status.create(refusal.get().status()))
                .header(HeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
                .send(refusal.get().words());
    }

    /** Whether a request may go on that wants to become a stream. */
    boolean open(PeerInfo peer, Headers headers, HttpPrologue prologue) {
        return refusal(peer, headers, prologue).isEmpty();
    }

    /** The name of the node that is meant. */
    String node(PeerInfo peer) {
        return doors.at(peer.port())
                .map(door ->
                        switch (door) {
                            case Door.Node(String address) -> reports.nodeName(address);
                            case Door.MetricsApi() -> "";
                        })
                .orElse("");
    }

    private Optional<Refusal> refusal(PeerInfo peer, Headers headers, HttpPrologue prologue) {
        var door = doors.at(peer.port());
        if (door.isEmpty()) {
            return Optional.of(new Refusal(403, "Forbidden\n"));
        }
        var path = prologue.uriPath().path();
        var metrics = path.equals("/apis") || path.startsWith("/apis/");
        return switch (door.get()) {
            case Door.MetricsApi() ->
                    certificates.who(chain(peer)).orElse(null) instanceof Shown.FrontProxy
                            ? metrics
                                    ? Optional.empty()
                                    : Optional.of(new Refusal(404, "404 page not found\n"))
                            : Optional.of(new Refusal(401, "Unauthorized"));
            case Door.Node(String address) -> {
                var refused =
                        guard.refusal(
                                chain(peer),
                                headers.first(HeaderNames.AUTHORIZATION),
                                prologue.method().text(),
                                path,
                                reports.nodeName(address));
                yield refused.isEmpty() && metrics
                        ? Optional.of(new Refusal(404, "404 page not found\n"))
                        : refused;
            }
        };
    }

    private static List<X509Certificate> chain(PeerInfo peer) {
        return peer.tlsCertificates().stream()
                .flatMap(Stream::of)
                .filter(X509Certificate.class::isInstance)
                .map(X509Certificate.class::cast)
                .toList();
    }
}
