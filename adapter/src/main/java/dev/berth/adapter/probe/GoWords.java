package dev.berth.adapter.probe;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.Locale;
import javax.net.ssl.SSLException;

/** Failures of the network as Go says them. */
final class GoWords {
    static final String DEADLINE = "context deadline exceeded";
    static final String NOT_TLS = "http: server gave HTTP response to HTTPS client";

    private GoWords() {}

    /** An address: {@code 10.0.0.1:80}, {@code [::1]:80}. */
    static String address(String host, int port) {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }

    /** A connection that could not be opened. */
    static String dial(String address, IOException failed) {
        var message = lower(failed);
        String why;
        if (failed instanceof SocketTimeoutException || message.contains("timed out")) {
            why = "i/o timeout";
        } else if (message.contains("refused")) {
            why = "connect: connection refused";
        } else if (message.contains("no route")) {
            why = "connect: no route to host";
        } else if (message.contains("unreachable")) {
            why = "connect: network is unreachable";
        } else {
            why = String.valueOf(failed.getMessage());
        }
        return "dial tcp " + address + ": " + why;
    }

    /** A connection that broke. */
    static String broken(IOException failed) {
        var message = lower(failed);
        if (failed instanceof EOFException) {
            return "EOF";
        }
        if (failed instanceof SSLException && message.contains("unrecognized ssl message")) {
            return NOT_TLS;
        }
        if (message.contains("reset")) {
            return "read: connection reset by peer";
        }
        if (message.contains("broken pipe")) {
            return "write: broken pipe";
        }
        return String.valueOf(failed.getMessage());
    }

    private static String lower(IOException failed) {
        return String.valueOf(failed.getMessage()).toLowerCase(Locale.ROOT);
    }
}
