package dev.berth.core.pod;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The variables that tell a container where services are, such as {@code
 * KUBERNETES_SERVICE_HOST=10.100.0.1} and {@code KUBERNETES_PORT_443_TCP_ADDR=10.100.0.1}.
 */
public final class ServiceVariables {
    private ServiceVariables() {}

    /**
     * A service with an address.
     *
     * @param name its name
     * @param clusterIp its address; services without one are left out
     * @param ports in order
     */
    public record Target(String name, String clusterIp, List<Port> ports) {}

    /**
     * A service's port.
     *
     * @param name or null
     * @param port 1 to 65535
     * @param protocol TCP, UDP or SCTP
     */
    public record Port(@Nullable String name, int port, String protocol) {}

    /** The variables of these services, in order. */
    public static Map<String, String> of(List<Target> services) {
        var variables = new LinkedHashMap<String, String>();
        for (var service : services) {
            if (service.clusterIp().isEmpty()
                    || service.clusterIp().equals("None")
                    || service.ports().isEmpty()) {
                continue;
            }
            add(variables, service);
        }
        return variables;
    }

    private static void add(Map<String, String> variables, Target service) {
        var name = variable(service.name());
        var first = service.ports().getFirst();
        variables.put(name + "_SERVICE_HOST", service.clusterIp());
        variables.put(name + "_SERVICE_PORT", Integer.toString(first.port()));
        for (var port : service.ports()) {
            if (port.name() != null && !port.name().isEmpty()) {
                variables.put(
                        name + "_SERVICE_PORT_" + variable(port.name()),
                        Integer.toString(port.port()));
            }
        }
        variables.put(name + "_PORT", url(service, first));
        for (var port : service.ports()) {
            var prefix = name + "_PORT_" + port.port() + "_" + port.protocol();
            variables.put(prefix, url(service, port));
            variables.put(prefix + "_PROTO", port.protocol().toLowerCase(Locale.ROOT));
            variables.put(prefix + "_PORT", Integer.toString(port.port()));
            variables.put(prefix + "_ADDR", service.clusterIp());
        }
    }

    private static String url(Target service, Port port) {
        var host =
                service.clusterIp().contains(":")
                        ? "[" + service.clusterIp() + "]"
                        : service.clusterIp();
        return port.protocol().toLowerCase(Locale.ROOT) + "://" + host + ":" + port.port();
    }

    private static String variable(String name) {
        return name.replace('-', '_').toUpperCase(Locale.ROOT);
    }
}
