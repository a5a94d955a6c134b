package dev.berth.bench.soak;

import com.sun.net.httpserver.HttpServer;
import dev.berth.adapter.libc.Libc;
import dev.berth.adapter.libc.Namespaces;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;

/**
 * Counts from outside of Berth how often containers ran: each asks {@code /pod-uid/container/run}
 * when it begins, and goes on asking until it is answered, so one run counts once. It listens in
 * the VPC and outlives Berth.
 */
final class Witness implements AutoCloseable {
    /** Where it is asked: the first subnet's router's address. */
    static final String ADDRESS = "172.29.1.1:7999";

    private final HttpServer server;
    private final Map<String, Set<String>> runs = new ConcurrentHashMap<>();

    /** Listens in a namespace, on {@link #ADDRESS}. */
    Witness(Path namespace) throws IOException {
        var parts = ADDRESS.split(":", -1);
        var where = new InetSocketAddress(parts[0], Integer.parseInt(parts[1]));
        server =
                Namespaces.inside(
                        namespace, Libc.CLONE_NEWNET, () -> HttpServer.create(where, 1024));
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext(
                "/",
                exchange -> {
                    var path = exchange.getRequestURI().getPath().split("/", -1);
                    if (path.length == 4) {
                        runs.computeIfAbsent(
                                        path[1] + "/" + path[2], _ -> ConcurrentHashMap.newKeySet())
                                .add(path[3]);
                    }
                    exchange.sendResponseHeaders(200, -1);
                    exchange.close();
                });
        server.start();
    }

    /** How often a container of a pod ran. */
    int runs(String podUid, String container) {
        return runs.getOrDefault(podUid + "/" + container, Set.of()).size();
    }

    /**
     * What a shell says to be counted. The variable {@code UID} must hold the pod's.
     *
     * @param container the container's name
     */
    static String told(String container) {
        return "r=$(cat /proc/sys/kernel/random/uuid); until wget -q -O /dev/null http://"
                + ADDRESS
                + "/$UID/"
                + container
                + "/$r; do usleep 50000; done; ";
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
