package dev.berth.adapter.net;

import dev.berth.adapter.libc.Libc;
import dev.berth.adapter.libc.Namespaces;
import dev.berth.port.PodNetwork.Vpc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One VPC's network: its namespace with the link to the host, and a quarter for each further
 * cluster in it. One folder keeps the namespace and tells a later life what it is. What changes it
 * is called by one thread at a time, what reads it by any.
 */
final class VpcSpace {
    private static final Logger log = LoggerFactory.getLogger(VpcSpace.class);

    static final int MTU = 1500;
    static final int GATEWAY = Cidr.address("169.254.1.1");
    static final Cidr EVERYWHERE = new Cidr(0, 0);

    private static final int HOST = Cidr.address("169.254.1.2");

    /** The VPC's side of its link to the host. */
    private static final String HOST_LINK = "host";

    /** Where Amazon's name service answers in every VPC, besides the third address of its range. */
    private static final String RESOLVER = "169.254.169.253";

    private static final Path RESOLV_CONF = Path.of("/etc/resolv.conf");

    private final String id;
    private final Path folder;
    private final Path quartersFolder;
    private final Rtnetlink netlink;
    private final String hostLink;
    private final SocketStock sockets;
    private final List<VpcResolver> resolvers = new CopyOnWriteArrayList<>();

    /** Addresses of Berth's own ports here. */
    private final Set<Integer> hosted = ConcurrentHashMap.newKeySet();

    /** Parts that further clusters have to themselves, by cluster. */
    private final Map<String, Quarter> quarters = new ConcurrentHashMap<>();

    /** Whose Services are in the VPC's own namespace. */
    private volatile @Nullable Services services;

    private volatile List<String> cidrs = List.of();
    private volatile String filter = "";

    /** A cluster and the range of its Services' addresses. */
    private record Services(String cluster, String range) {}

    private VpcSpace(
            String id, Path folder, Path quartersFolder, Rtnetlink netlink, String hostLink) {
        this.id = id;
        this.folder = folder;
        this.quartersFolder = quartersFolder;
        this.netlink = netlink;
        this.hostLink = hostLink;
        this.sockets = new SocketStock(folder.resolve("network"));
    }

    // --- how it comes and goes

    /**
     * Makes one that has no addresses yet.
     *
     * @param folder its own; what is there is taken away
     * @param quartersFolder that of the quarters of all VPCs
     * @param hostLink a name for the host's side of the link between them, unused there
     */
    static VpcSpace make(
            String id, Path folder, Path quartersFolder, String hostLink, Rtnetlink host)
            throws IOException {
        NamespaceFiles.discard(folder);
        Files.createDirectories(folder);
        try {
            var netlink =
                    Namespaces.apart(() -> NamespaceFiles.newNetwork(folder.resolve("network")));
            var space = new VpcSpace(id, folder, quartersFolder, netlink, hostLink);
            space.linkTo(host);
            return space;
        } catch (IOException | RuntimeException failed) {
            host.removeLink(hostLink);
            NamespaceFiles.discard(folder);
            throw failed;
        }
    }

    /** One of an earlier life, without its quarters; empty when it was left half done. */
    static Optional<VpcSpace> found(String id, Path folder, Path quartersFolder)
            throws IOException {
        var properties = NamespaceFiles.read(folder.resolve("state"));
        var hostLink = properties.getProperty("hostLink");
        if (hostLink == null) {
            return Optional.empty();
        }
        var netlink =
                Namespaces.inside(folder.resolve("network"), Libc.CLONE_NEWNET, Rtnetlink::new);
        var space = new VpcSpace(id, folder, quartersFolder, netlink, hostLink);
        space.cidrs =
                Stream.of(properties.getProperty("cidrs", "").split(",", -1))
                        .filter(cidr -> !cidr.isEmpty())
                        .toList();
        var services = properties.getProperty("services", "").split(" ", -1);
        if (services.length == 2) {
            space.services = new Services(services[0], services[1]);
        }
        return Optional.of(space);
    }

    private void write() throws IOException {
        var properties = new Properties();
        properties.setProperty("cidrs", String.join(",", cidrs));
        properties.setProperty("hostLink", hostLink);
        var first = services;
        if (first != null) {
            properties.setProperty("services", first.cluster() + " " + first.range());
        }
        NamespaceFiles.write(folder.resolve("state"), properties);
    }

    /** Takes it away with its quarters. */
    void takeDown(Rtnetlink host) throws IOException {
        host.removeLink(hostLink);
        for (var cluster : quarters.keySet()) {
            NamespaceFiles.discard(quarterFolder(cluster));
        }
        close();
        NamespaceFiles.discard(folder);
    }

    /** Lets go of the namespaces. */
    void close() {
        resolvers.forEach(VpcResolver::close);
        quarters.values().forEach(Quarter::close);
        netlink.close();
        try {
            sockets.close();
        } catch (IOException ignored) {
            // They are closed for us all the same.
        }
    }

    // --- what it is like

    /** Makes it what the VPC is now. */
    void layOut(Vpc vpc, Rtnetlink host, HostFilter hostFilter) throws IOException {
        if (host.index(hostLink).isEmpty()) {
            linkTo(host);
        }
        cidrs = List.copyOf(vpc.cidrs());
        setAddresses(vpc);
        setHostRoutes(host);
        setOutside(vpc, hostFilter);
        filterQuarters();
        answerNames();
        write();
    }

    private void linkTo(Rtnetlink host) throws IOException {
        var hostMac = NamespaceFiles.mac(0x68, hostLink.hashCode());
        var vpcMac = NamespaceFiles.mac(0x76, hostLink.hashCode());
        var fd = Libc.open(namespace().toString(), Libc.O_RDONLY);
        try {
            host.addVeth(hostLink, hostMac, HOST_LINK, vpcMac, fd, MTU);
        } finally {
            Libc.close(fd);
        }
        NamespaceFiles.setting("ipv6/conf/" + hostLink + "/disable_ipv6", "1");
        var index = NamespaceFiles.index(host, hostLink);
        host.addAddress(index, HOST);
        host.up(index);
        host.neighbour(index, GATEWAY, vpcMac);
        var inside = NamespaceFiles.index(netlink, HOST_LINK);
        netlink.up(inside);
        netlink.routeToLink(new Cidr(HOST, 32), inside);
        netlink.neighbour(inside, HOST, hostMac);
    }

    private void setAddresses(Vpc vpc) throws IOException {
        // The routers first: what is masqueraded takes the first address.
        var wanted = new LinkedHashSet<Integer>();
        for (var subnet : vpc.subnets()) {
            wanted.add(Cidr.parse(subnet.cidr()).router());
        }
        wanted.add(Cidr.address(resolver(vpc.cidrs().getFirst())));
        wanted.add(Cidr.address(RESOLVER));
        wanted.addAll(hosted);
        var loopback = Cidr.address("127.0.0.1");
        for (var present : netlink.addresses(Rtnetlink.LOOPBACK)) {
            if (present != loopback && !wanted.remove(present)) {
                netlink.removeAddress(Rtnetlink.LOOPBACK, present);
            }
        }
        for (var address : wanted) {
            netlink.addAddress(Rtnetlink.LOOPBACK, address);
        }
    }

    /** Lets out what the subnets' routes let out, and nothing else. */
    private void setOutside(Vpc vpc, HostFilter hostFilter) throws IOException {
        var inside = NamespaceFiles.index(netlink, HOST_LINK);
        netlink.routeVia(EVERYWHERE, HOST, inside, 0);
        var wanted = VpcFilter.of(vpc, HOST_LINK);
        if (!wanted.equals(filter)) {
            Nft.run(namespace(), wanted);
            filter = wanted;
        }
        if (vpc.subnets().stream().anyMatch(subnet -> !subnet.outside().isEmpty())) {
            hostFilter.forward();
        }
    }

    private void answerNames() throws IOException {
        if (resolvers.isEmpty()) {
            for (var address : List.of(resolver(cidrs.getFirst()), RESOLVER)) {
                resolvers.add(VpcResolver.start(namespace(), address, RESOLV_CONF));
            }
        }
    }

    private void setHostRoutes(Rtnetlink host) throws IOException {
        var index = NamespaceFiles.index(host, hostLink);
        var wanted = ranges().stream().collect(Collectors.toSet());
        var routes = host.routes();
        for (var route : routes) {
            if (route.link() == index && route.to().prefix() < 32 && !wanted.contains(route.to())) {
                host.removeRoute(route.to(), index);
            }
        }
        for (var cidr : wanted) {
            var elsewhere =
                    routes.stream()
                            .filter(route -> route.to().prefix() > 0)
                            .filter(route -> route.link() != index && route.link() != 0)
                            .filter(route -> route.to().overlaps(cidr))
                            .findFirst();
            if (elsewhere.isPresent()) {
                log.warn(
                        "This machine routes the VPC's range elsewhere already, so its pods cannot"
                                + " be reached from here; vpc={} range={} present={}",
                        id,
                        cidr,
                        elsewhere.get().to());
            } else {
                host.routeVia(cidr, GATEWAY, index, HOST);
            }
        }
    }

    /** The name server of a VPC with this range, as seen from inside. */
    static String resolver(String cidr) {
        return Cidr.text(Cidr.parse(cidr).base() + 2);
    }

    List<Cidr> ranges() {
        return cidrs.stream().map(Cidr::parse).toList();
    }

    Path namespace() {
        return folder.resolve("network");
    }

    // --- clusters

    /** The quarter of a cluster; null when the VPC's own namespace serves it. */
    @Nullable Quarter quarter(@Nullable String cluster) {
        return cluster == null ? null : quarters.get(cluster);
    }

    /** The namespace where a cluster has its Services. */
    Path namespace(@Nullable String cluster) {
        var quarter = quarter(cluster);
        return quarter == null ? namespace() : quarter.namespace();
    }

    /** Changes the network of the VPC itself, or of a quarter. */
    Rtnetlink netlink(@Nullable Quarter quarter) {
        return quarter == null ? netlink : quarter.netlink();
    }

    /** Sockets of where a cluster has its Services. */
    SocketStock sockets(@Nullable String cluster) {
        var quarter = quarter(cluster);
        return quarter == null ? sockets : quarter.sockets();
    }

    /**
     * Gives a cluster the VPC's own namespace when nobody has it yet, else a quarter; what it has
     * it keeps.
     *
     * @param range of its Services' addresses
     * @param link a name for a link in this namespace, unused there
     */
    void ensureServices(String cluster, String range, String link) throws IOException {
        if (!quarters.containsKey(cluster)) {
            if (services == null || services.cluster().equals(cluster)) {
                services = new Services(cluster, range);
                write();
                return;
            }
            quarters.put(cluster, Namespaces.apart(() -> makeQuarter(cluster, link)));
        }
        filterQuarters();
    }

    /** Takes away what a cluster has; its pods are gone already. */
    void removeServices(String cluster) throws IOException {
        var quarter = quarters.remove(cluster);
        if (quarter != null) {
            quarter.unlink();
            quarter.close();
            NamespaceFiles.discard(quarterFolder(cluster));
        } else if (services != null && services.cluster().equals(cluster)) {
            services = null;
            write();
            filterQuarters();
        }
    }

    private Path quarterFolder(String cluster) {
        return quartersFolder.resolve(id + "@" + cluster);
    }

    /** Runs on a thread of its own, which ends in the new namespace. */
    private Quarter makeQuarter(String cluster, String link) throws IOException {
        var place = quarterFolder(cluster);
        NamespaceFiles.discard(place);
        Files.createDirectories(place);
        try {
            var file = place.resolve("network");
            NamespaceFiles.newNetwork(file).close();
            var quarter = Quarter.make(cluster, file, link, netlink);
            var properties = new Properties();
            properties.setProperty("vpc", id);
            properties.setProperty("cluster", cluster);
            properties.setProperty("link", link);
            NamespaceFiles.write(place.resolve("state"), properties);
            return quarter;
        } catch (IOException | RuntimeException failed) {
            netlink.removeLink(link);
            NamespaceFiles.discard(place);
            throw failed;
        }
    }

    /** Finds a quarter of an earlier life; false when it was left half done. */
    boolean readQuarter(String cluster, String link, Path place) throws IOException {
        if (netlink.index(link).isEmpty()) {
            return false;
        }
        quarters.put(cluster, Quarter.found(cluster, place.resolve("network"), link, netlink));
        return true;
    }

    /** What quarters translate for their pods, and what must not leave them. */
    private void filterQuarters() throws IOException {
        var others = services == null ? Optional.<String>empty() : Optional.of(services.range());
        for (var quarter : quarters.values()) {
            quarter.filter(VpcFilter.ofQuarter(cidrs, others));
        }
    }

    // --- Berth's own ports

    /** Holds an address where a cluster has its Services, as long as a port of Berth's is there. */
    void hold(@Nullable String cluster, int address) throws IOException {
        var quarter = quarter(cluster);
        if (quarter == null) {
            hosted.add(address);
            netlink.addAddress(Rtnetlink.LOOPBACK, address);
        } else {
            quarter.netlink().addAddress(Rtnetlink.LOOPBACK, address);
            quarter.answerFor(address);
        }
    }

    /** Holds it no longer. */
    void release(@Nullable String cluster, int address) throws IOException {
        var quarter = quarter(cluster);
        if (quarter != null) {
            quarter.answerNoLongerFor(address);
            quarter.netlink().removeAddress(Rtnetlink.LOOPBACK, address);
        } else if (hosted.remove(address)) {
            netlink.removeAddress(Rtnetlink.LOOPBACK, address);
        }
    }
}
