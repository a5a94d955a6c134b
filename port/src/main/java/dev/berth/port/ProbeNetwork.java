package dev.berth.port;

import dev.berth.core.pod.Container.Handler.Header;
import java.time.Duration;
import java.util.List;

/**
 * Asks pods over their VPC's network, as their node does for probes and hooks. Nothing is asked
 * through a proxy, and every question has a connection of its own.
 */
public interface ProbeNetwork {
    /** The longest time that can be given: for ever, as far as people wait. */
    Duration LONGEST = Duration.ofDays(365);

    /**
     * Asks a server with GET. Redirects to the same host are followed, ten at most; certificates
     * are not verified.
     *
     * @param vpcId where it is asked from
     * @param timeout for all of it
     * @throws Unanswered in Go's words, which people know from a kubelet
     */
    HttpReply http(String vpcId, HttpAsk ask, Duration timeout)
            throws Unanswered, InterruptedException;

    /**
     * Opens a TCP connection and closes it.
     *
     * @throws Unanswered when it could not be opened
     */
    void tcp(String vpcId, String host, int port, Duration timeout)
            throws Unanswered, InterruptedException;

    /**
     * Asks the standard health service of a gRPC server, without TLS.
     *
     * @param service the service's name, empty for the whole server
     * @return {@code SERVING}, {@code NOT_SERVING}, {@code SERVICE_UNKNOWN} or {@code UNKNOWN}
     */
    String health(String vpcId, String host, int port, String service, Duration timeout)
            throws Unanswered, InterruptedException;

    /**
     * What is asked over HTTP.
     *
     * @param https whether over TLS
     * @param host an address
     * @param port 1 to 65535
     * @param target path and query, with a slash in front
     * @param hostHeader the {@code Host} header, or empty for the address and the port
     * @param headers all other headers but those of the connection itself
     */
    record HttpAsk(
            boolean https,
            String host,
            int port,
            String target,
            String hostHeader,
            List<Header> headers) {
        /** Copies the list. */
        public HttpAsk {
            headers = List.copyOf(headers);
        }
    }

    /**
     * What a server said last.
     *
     * @param status 100 to 999; a redirect that was not followed keeps its own
     * @param body at most 10 KiB of it
     */
    record HttpReply(int status, String body) {}

    /** Nobody answered, or not in time, or not as the protocol says. */
    final class Unanswered extends Exception {
        private static final long serialVersionUID = 1L;
        private final boolean plain;

        /** Says why. */
        public Unanswered(String message) {
            this(message, false);
        }

        /**
         * Says why.
         *
         * @param plain whether a server was asked over TLS that speaks plain HTTP
         */
        public Unanswered(String message, boolean plain) {
            super(message);
            this.plain = plain;
        }

        /** Whether a server was asked over TLS that speaks plain HTTP. */
        public boolean plain() {
            return plain;
        }
    }
}
