package dev.berth.adapter.image;

import dev.berth.core.pod.PullSecrets;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where images come from.
 *
 * @param mirrors per registry, such as {@code docker.io} or {@code *.dkr.ecr.*.amazonaws.com}, the
 *     base addresses to ask before it, in order; {@code *} stands for every registry without an
 *     entry of its own. Plain http is for loopback addresses only
 * @param mirrorsOnly whether a registry that has a mirror is never asked itself, so that a machine
 *     without internet gets a clear answer at once
 * @param platform which images of several to take
 * @param dockerConfig a file of {@code docker login}'s, or null
 * @param certificates folders like {@code /etc/docker/certs.d}, with one folder for each registry
 *     that has certificates of its own
 */
public record RegistrySettings(
        Map<String, List<URI>> mirrors,
        boolean mirrorsOnly,
        Platform platform,
        @Nullable Path dockerConfig,
        List<Path> certificates) {
    private static final List<Path> CERTIFICATES =
            List.of(Path.of("/etc/docker/certs.d"), Path.of("/etc/containerd/certs.d"));

    /** Settings with the machine's certificates. */
    public RegistrySettings(
            Map<String, List<URI>> mirrors,
            boolean mirrorsOnly,
            Platform platform,
            @Nullable Path dockerConfig) {
        this(mirrors, mirrorsOnly, platform, dockerConfig, CERTIFICATES);
    }

    /** Settings without a file of credentials. */
    public RegistrySettings(
            Map<String, List<URI>> mirrors, boolean mirrorsOnly, Platform platform) {
        this(mirrors, mirrorsOnly, platform, null);
    }

    /** Checks the addresses. */
    public RegistrySettings {
        mirrors = Map.copyOf(mirrors);
        certificates = List.copyOf(certificates);
        for (List<URI> each : mirrors.values()) {
            for (URI address : each) {
                boolean secure = "https".equals(address.getScheme());
                boolean plain = "http".equals(address.getScheme());
                if (address.getHost() == null || !(secure || plain)) {
                    throw new IllegalArgumentException(
                            "a mirror needs an http or https address: " + address);
                }
                if (plain && !isLoopback(address.getHost())) {
                    throw new IllegalArgumentException(
                            "plain http is for loopback mirrors only: " + address);
                }
            }
        }
    }

    /** No mirrors, this machine's platform. */
    public static RegistrySettings none() {
        return new RegistrySettings(Map.of(), false, Platform.here());
    }

    /**
     * Settings from texts as they stand on a command line: {@code docker.io=http://127.0.0.1:5000},
     * or an address alone for every registry. A registry that has a mirror is not asked itself. An
     * {@link IllegalArgumentException} says what is wrong with a text.
     */
    public static RegistrySettings of(List<String> texts) {
        Map<String, List<URI>> mirrors = new HashMap<>();
        for (String text : texts) {
            int equals = text.indexOf('=');
            String registry = equals < 0 ? "*" : text.substring(0, equals);
            mirrors.computeIfAbsent(registry, any -> new ArrayList<>())
                    .add(URI.create(text.substring(equals + 1)));
        }
        return new RegistrySettings(mirrors, true, Platform.here());
    }

    /** Whether a host name or address means this machine itself. */
    static boolean isLoopback(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        return name.equals("localhost")
                || name.matches("127(\\.[0-9]{1,3}){3}")
                || name.equals("::1")
                || name.equals("[::1]");
    }

    /** Whether a registry is named by a loopback address, so that it depends on who asks. */
    static boolean isOnLoopback(String registry) {
        return isLoopback(withoutPort(registry));
    }

    /** The places to ask for images of a registry, in order; never empty. */
    List<Endpoint> endpoints(String registry) {
        List<URI> chosen = mirrorsOf(registry);
        List<Endpoint> endpoints = new ArrayList<>();
        for (URI address : chosen) {
            String text = address.toString();
            endpoints.add(
                    new Endpoint(
                            text.endsWith("/") ? text.substring(0, text.length() - 1) : text,
                            address.getRawAuthority(),
                            true));
        }
        if (endpoints.isEmpty() || !mirrorsOnly) {
            String host = registry.equals("docker.io") ? "registry-1.docker.io" : registry;
            String scheme = isLoopback(withoutPort(host)) ? "http" : "https";
            endpoints.add(new Endpoint(scheme + "://" + host, registry, false));
        }
        return endpoints;
    }

    /** An entry of its own, else the longest pattern that means it, else the one for all. */
    private List<URI> mirrorsOf(String registry) {
        List<URI> own = mirrors.get(registry);
        return own != null
                ? own
                : mirrors.entrySet().stream()
                        .filter(each -> PullSecrets.matchesHost(each.getKey(), registry))
                        .max(
                                Map.Entry.comparingByKey(
                                        Comparator.comparingInt(String::length)
                                                .thenComparing(Comparator.naturalOrder())))
                        .map(Map.Entry::getValue)
                        .orElse(mirrors.getOrDefault("*", List.of()));
    }

    private static String withoutPort(String authority) {
        int colon = authority.lastIndexOf(':');
        return colon < 0 || authority.endsWith("]") ? authority : authority.substring(0, colon);
    }

    /**
     * One place to ask.
     *
     * @param base its address without a slash at the end
     * @param authority the name that credentials for it go by
     * @param mirror whether it stands in for the registry
     */
    record Endpoint(String base, String authority, boolean mirror) {}
}
