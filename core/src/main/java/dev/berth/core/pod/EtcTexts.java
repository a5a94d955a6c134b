package dev.berth.core.pod;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;

/** The texts of {@code /etc/hosts}, {@code /etc/resolv.conf} and the host name of a pod. */
public final class EtcTexts {
    private static final int HOSTNAME_MOST = 63;
    private static final int NAMESERVERS_MOST = 3;
    private static final int SEARCHES_MOST = 32;
    private static final int SEARCH_LINE_MOST = 2048;

    private EtcTexts() {}

    /**
     * How names are looked up in a cluster.
     *
     * @param clusterDns the DNS service's address
     * @param clusterDomain such as {@code cluster.local}
     * @param host what the node itself uses
     */
    public record Dns(String clusterDns, String clusterDomain, Resolver host) {}

    /**
     * The content of a resolv.conf.
     *
     * @param nameservers addresses
     * @param searches domains
     * @param options each {@code name} or {@code name:value}
     */
    public record Resolver(List<String> nameservers, List<String> searches, List<String> options) {
        /** Copies the lists. */
        public Resolver {
            nameservers = List.copyOf(nameservers);
            searches = List.copyOf(searches);
            options = List.copyOf(options);
        }

        /** Reads a resolv.conf; of searches and options the last lines count. */
        public static Resolver parse(String text) {
            var nameservers = new ArrayList<String>();
            var searches = List.<String>of();
            var options = new LinkedHashMap<String, String>();
            for (var line : (Iterable<String>) text.lines()::iterator) {
                var words = List.of(line.strip().split("\\s+"));
                switch (words.getFirst()) {
                    case "nameserver" ->
                            nameservers.addAll(words.subList(1, Math.min(2, words.size())));
                    case "search" ->
                            searches =
                                    words.stream()
                                            .skip(1)
                                            .filter(word -> !word.equals("."))
                                            .map(word ->
                                                    word.endsWith(".")
                                                            ? word.substring(0, word.length() - 1)
                                                            : word)
                                            .toList();
                    case "options" ->
                            words.stream().skip(1).forEach(word -> options.put(name(word), word));
                    default -> {}
                }
            }
            return new Resolver(nameservers, searches, List.copyOf(options.values()));
        }

        /** The text of the file. */
        public String text() {
            var text = new StringBuilder();
            if (!searches.isEmpty()) {
                text.append("search ").append(String.join(" ", searches)).append('\n');
            }
            nameservers.forEach(server -> text.append("nameserver ").append(server).append('\n'));
            if (!options.isEmpty()) {
                text.append("options ").append(String.join(" ", options)).append('\n');
            }
            return text.toString();
        }
    }

    /** The short host name: the one wished for or the pod's name, at most 63 characters. */
    public static String hostname(Pod pod) {
        var wished = pod.spec().hostname();
        var name = wished == null || wished.isEmpty() ? pod.metadata().name() : wished;
        if (name.length() <= HOSTNAME_MOST) {
            return name;
        }
        return name.substring(0, HOSTNAME_MOST).replaceAll("[-.]+$", "");
    }

    /**
     * The domain of a pod with a subdomain, such as {@code web.default.svc.cluster.local}; or "".
     */
    public static String domain(Pod pod, String clusterDomain) {
        var subdomain = pod.spec().subdomain();
        return subdomain == null || subdomain.isEmpty()
                ? ""
                : subdomain + "." + pod.metadata().namespace() + ".svc." + clusterDomain;
    }

    /**
     * What {@code hostname} says in the pod: the short name, or the full one where that is wished.
     */
    public static String hostnameInside(Pod pod, String clusterDomain) {
        var domain = domain(pod, clusterDomain);
        return pod.spec().setHostnameAsFqdn() && !domain.isEmpty()
                ? hostname(pod) + "." + domain
                : hostname(pod);
    }

    /** The text of {@code /etc/hosts}. */
    public static String hosts(Pod pod, String podIp, String clusterDomain) {
        var name = hostname(pod);
        var domain = domain(pod, clusterDomain);
        var text =
                new StringBuilder(
                        """
                        # Kubernetes-managed hosts file.
                        127.0.0.1\tlocalhost
                        ::1\tlocalhost ip6-localhost ip6-loopback
                        fe00::0\tip6-localnet
                        fe00::0\tip6-mcastprefix
                        fe00::1\tip6-allnodes
                        fe00::2\tip6-allrouters
                        """);
        text.append(podIp).append('\t');
        if (!domain.isEmpty()) {
            text.append(name).append('.').append(domain).append('\t');
        }
        text.append(name).append('\n');
        return withAliases(text, pod);
    }

    /** The text of {@code /etc/hosts} of a pod with its node's network: the node's own. */
    public static String hostsOfNode(Pod pod, String nodeName, String nodeAddress) {
        return withAliases(
                new StringBuilder("# Kubernetes-managed hosts file (host network).\n")
                        .append(hostsOfNode(nodeName, nodeAddress)),
                pod);
    }

    /** The text of an ordinary node's {@code /etc/hosts}. */
    public static String hostsOfNode(String nodeName, String nodeAddress) {
        return """
        127.0.0.1\tlocalhost
        ::1\tlocalhost ip6-localhost ip6-loopback
        %s\t%s
        """
                .formatted(nodeAddress, nodeName);
    }

    private static String withAliases(StringBuilder text, Pod pod) {
        if (!pod.spec().hostAliases().isEmpty()) {
            text.append("\n# Entries added by HostAliases.\n");
            for (var alias : pod.spec().hostAliases()) {
                text.append(alias.ip())
                        .append('\t')
                        .append(String.join("\t", alias.hostnames()))
                        .append('\n');
            }
        }
        return text.toString();
    }

    /** What {@code /etc/resolv.conf} holds. */
    public static Resolver resolver(Pod pod, Dns dns) {
        var base =
                switch (pod.spec().dnsPolicy()) {
                    case "None" -> new Resolver(List.of(), List.of(), List.of());
                    case "Default" -> dns.host();
                    // With its node's network a pod looks names up as the node does, unless it
                    // says ClusterFirstWithHostNet.
                    case "ClusterFirst" ->
                            pod.spec().hostNetwork() ? dns.host() : clusterFirst(pod, dns);
                    default -> clusterFirst(pod, dns);
                };
        var more = pod.spec().dnsConfig();
        if (more != null) {
            var options = new LinkedHashMap<String, String>();
            base.options().forEach(option -> options.put(name(option), option));
            more.options().forEach(option -> options.put(name(option), option));
            base =
                    new Resolver(
                            distinct(base.nameservers(), more.nameservers()),
                            distinct(base.searches(), more.searches()),
                            List.copyOf(options.values()));
        }
        return limited(base);
    }

    private static Resolver clusterFirst(Pod pod, Dns dns) {
        var own =
                List.of(
                        pod.metadata().namespace() + ".svc." + dns.clusterDomain(),
                        "svc." + dns.clusterDomain(),
                        dns.clusterDomain());
        return new Resolver(
                List.of(dns.clusterDns()),
                distinct(own, dns.host().searches()),
                List.of("ndots:5"));
    }

    private static Resolver limited(Resolver all) {
        var servers = all.nameservers().stream().limit(NAMESERVERS_MOST).toList();
        var searches = new ArrayList<String>();
        var length = 0;
        for (var search : all.searches()) {
            if (search.length() > 253 || searches.size() == SEARCHES_MOST) {
                continue;
            }
            length += search.length() + (searches.isEmpty() ? 0 : 1);
            if (length > SEARCH_LINE_MOST) {
                break;
            }
            searches.add(search);
        }
        return new Resolver(servers, searches, all.options());
    }

    private static String name(String option) {
        var colon = option.indexOf(':');
        return colon < 0 ? option : option.substring(0, colon);
    }

    private static List<String> distinct(Collection<String> first, Collection<String> then) {
        var all = new LinkedHashSet<>(first);
        all.addAll(then);
        return List.copyOf(all);
    }
}
