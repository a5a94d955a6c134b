package dev.berth.adapter.net;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.berth.adapter.libc.Errno;
import dev.berth.adapter.libc.Libc;
import dev.berth.adapter.libc.MountTable;
import dev.berth.adapter.libc.Namespaces;
import dev.berth.core.network.ServiceLead;
import dev.berth.core.usage.LinkUse;
import dev.berth.port.PodNetwork;
import dev.berth.port.Subscription;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * VPCs and pods as network namespaces, made by system calls and netlink; the few packet filters are
 * written by {@code nft}, when a VPC is made or its routes change. A pod has {@code eth0} with a
 * /32 address and its default route by 169.254.1.1, whose hardware address it is told for good; the
 * VPC has a /32 route to it, forwards, and holds the subnets' routers' addresses on its loopback.
 * Source: DESIGN, "A VPC is a network namespace".
 *
 * <p>The host has one veth to each VPC with the address 169.254.1.2 and a route to the VPC's
 * ranges. A range that the host already routes elsewhere is left alone: then only what runs in the
 * VPC reaches its pods, and a warning says so.
 *
 * <p>Packets leave a VPC where a subnet's routes lead to a NAT gateway, masqueraded on the host;
 * new connections from a VPC to the host itself or to another VPC are dropped. Berth's own ports in
 * a VPC are the name service at the third address of its range and what {@link #open} makes.
 *
 * <p>Our choices: an MTU of 1500; no IPv6 but on the pods' loopback; strict reverse path filters in
 * the VPC, so that a pod cannot speak as another; neighbours told on both sides of a veth, so that
 * nobody asks by ARP.
 *
 * <p>Any thread may call; calls for the same pod or VPC wait for each other.
 */
public final class VpcNetwork implements PodNetwork, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(VpcNetwork.class);

    private static final int MTU = 1500;
    private static final int CONNECT_MILLIS = 5000;
    private static final int GATEWAY = Cidr.address("169.254.1.1");
    private static final int HOST = Cidr.address("169.254.1.2");
    private static final Cidr EVERYWHERE = new Cidr(0, 0);

    /** The VPC's side of its link to the host. */
    private static final String HOST_LINK = "host";

    /** Where Amazon's name service answers in every VPC, besides the third address of its range. */
    private static final String RESOLVER = "169.254.169.253";

    private static final Path RESOLV_CONF = Path.of("/etc/resolv.conf");

    /** Names that become folders. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

    private static final int LOCKS = 64;

    private final Path root;
    private final String hostLinkPrefix;
    private final HostFilter hostFilter;
    private final List<Consumer<String>> detachments = new CopyOnWriteArrayList<>();
    private final Map<String, VpcState> vpcs = new ConcurrentHashMap<>();
    private final Map<String, PodState> pods = new ConcurrentHashMap<>();

    /** Which pod has an address, by VPC and address. */
    private final Map<String, String> holders = new ConcurrentHashMap<>();

    /** Which ports of nodes lead to pods, by the pods' uids. */
    private final Map<String, PortLeads.Led> leads = new ConcurrentHashMap<>();

    private final WrittenServices serviceWays = new WrittenServices();

    private final OwnUsers ownUsers;
    private final ReentrantLock writingLeads = new ReentrantLock();

    private final AtomicLong linkNumber = new AtomicLong(System.currentTimeMillis());
    private final ReentrantLock[] locks = new ReentrantLock[LOCKS];
    private @Nullable Rtnetlink hostNetlink;

    /**
     * Does nothing yet.
     *
     * @param root this instance's folder, such as {@code /run/berth/<instance>}; short-lived state
     *     that need not survive the machine
     * @param instance this Berth's name; part of the names of links on the host
     */
    public VpcNetwork(Path root, String instance) {
        this.root = root.toAbsolutePath().normalize();
        hostLinkPrefix =
                "brh" + fixed(Integer.toUnsignedLong(instance.hashCode()) % 2_176_782_336L);
        hostFilter = new HostFilter(instance, hostLinkPrefix);
        ownUsers = new OwnUsers(this.root);
        Arrays.setAll(locks, _ -> new ReentrantLock());
    }

    /** Finds what an earlier life left, and takes away what it left half done. */
    public void start() throws IOException {
        Files.createDirectories(root.resolve("vpcs"));
        Files.createDirectories(root.resolve("quarters"));
        Files.createDirectories(root.resolve("pods"));
        ownUsers.start();
        // Containers are started from a copy of the mount table on some hosts; see adapter.oci.
        MountTable.share(root);
        hostNetlink = new Rtnetlink();
        hostFilter.write();
        var namespaces = namespaceFiles();
        for (var folder : folders("vpcs")) {
            var id = name(folder);
            if (!namespaces.contains(folder.resolve("network")) || !readVpc(id, folder)) {
                discard(folder);
            }
        }
        for (var folder : folders("quarters")) {
            if (!namespaces.contains(folder.resolve("network")) || !readQuarter(folder)) {
                discard(folder);
            }
        }
        for (var folder : folders("pods")) {
            if (!namespaces.containsAll(
                            List.of(
                                    folder.resolve("network"),
                                    folder.resolve("ipc"),
                                    folder.resolve("uts")))
                    || !readPod(name(folder), folder)) {
                discard(folder);
            }
        }
    }

    /** Lets go of the kernel's sockets; all networks stay. */
    @Override
    public void close() {
        for (var vpc : vpcs.values()) {
            vpc.close();
        }
        vpcs.clear();
        pods.clear();
        holders.clear();
        leads.clear();
        ownUsers.clear();
        if (hostNetlink != null) {
            hostNetlink.close();
            hostNetlink = null;
        }
    }

    @Override
    public void ensureVpc(Vpc vpc) throws NetworkFailed {
        check(vpc.id());
        locked(
                vpc.id(),
                "lay out " + vpc.id(),
                () ->
                        Namespaces.apart(() -> {
                            layOut(vpc);
                            return null;
                        }));
    }

    @Override
    public void removeVpc(String vpcId) throws NetworkFailed {
        check(vpcId);
        for (var pod : Map.copyOf(pods).entrySet()) {
            if (pod.getValue().sandbox.vpcId().equals(vpcId)) {
                detach(pod.getKey());
            }
        }
        locked(
                vpcId,
                "remove " + vpcId,
                () ->
                        Namespaces.apart(() -> {
                            takeDownVpc(vpcId);
                            return null;
                        }));
    }

    @Override
    public List<String> vpcs() {
        return List.copyOf(vpcs.keySet());
    }

    @Override
    public Path namespace(String vpcId) {
        check(vpcId);
        return vpcFolder(vpcId).resolve("network");
    }

    @Override
    public Sandbox attach(Attachment attachment) throws NetworkFailed {
        check(attachment.podUid());
        var address = Cidr.address(attachment.address());
        return locked(
                attachment.podUid(),
                "attach pod " + attachment.podUid(),
                () -> {
                    var present = pods.get(attachment.podUid());
                    if (present != null) {
                        if (present.sandbox.vpcId().equals(attachment.vpcId())
                                && present.sandbox.address().equals(attachment.address())) {
                            return present.sandbox;
                        }
                        Namespaces.apart(() -> {
                            takeDown(attachment.podUid());
                            return null;
                        });
                    }
                    var vpc = vpcs.get(attachment.vpcId());
                    if (vpc == null) {
                        throw new IOException(attachment.vpcId() + " has no network here");
                    }
                    if (attachment.share() != null && attachment.ownUsers()) {
                        throw new IOException("users of its own and a node's namespaces at once");
                    }
                    if (sharesNetwork(attachment)) {
                        return attachToNode(attachment, vpc);
                    }
                    var holder =
                            holders.putIfAbsent(
                                    key(attachment.vpcId(), attachment.address()),
                                    attachment.podUid());
                    if (holder != null) {
                        throw new IOException(
                                attachment.address() + " belongs to pod " + holder + " already");
                    }
                    try {
                        var pod = Namespaces.apart(() -> makePod(attachment, address, vpc));
                        if (pod.quarter != null) {
                            pod.quarter.answerFor(address);
                        }
                        pods.put(attachment.podUid(), pod);
                        return pod.sandbox;
                    } catch (IOException | RuntimeException failed) {
                        holders.remove(key(attachment.vpcId(), attachment.address()));
                        ownUsers.release(attachment.podUid());
                        discard(podFolder(attachment.podUid()));
                        throw failed;
                    }
                });
    }

    private static boolean sharesNetwork(Attachment attachment) {
        return attachment.share() != null && attachment.share().network();
    }

    /** The address is the node's, and whoever shares it neither holds nor frees it. */
    private Sandbox attachToNode(Attachment attachment, VpcState vpc) throws IOException {
        try {
            var pod =
                    Namespaces.apart(
                            () -> makePod(attachment, Cidr.address(attachment.address()), vpc));
            pods.put(attachment.podUid(), pod);
            return pod.sandbox;
        } catch (IOException | RuntimeException failed) {
            discard(podFolder(attachment.podUid()));
            throw failed;
        }
    }

    @Override
    public void leadPorts(String nodeId, String podUid, Collection<PortLead> ports)
            throws NetworkFailed {
        locked(
                podUid,
                "lead ports of " + nodeId + " to pod " + podUid,
                () -> {
                    var pod = pods.get(podUid);
                    var node = pods.get(nodeId);
                    if (pod == null || node == null) {
                        throw new IOException("one of them is not attached");
                    }
                    var led =
                            new PortLeads.Led(
                                    nodeId,
                                    node.sandbox.address(),
                                    pod.sandbox.address(),
                                    List.copyOf(ports));
                    if (!led.equals(leads.get(podUid))) {
                        keep(podFolder(podUid), pod, led);
                        leads.put(podUid, led);
                        try {
                            writeLeads(pod.sandbox.vpcId(), nodeId);
                        } catch (IOException failed) {
                            leads.remove(podUid, led);
                            throw failed;
                        }
                    }
                    return null;
                });
    }

    /** One at a time, and each time all there is: else a slow one would bring back the past. */
    private void writeLeads(String vpcId, String nodeId) throws IOException {
        writingLeads.lock();
        try {
            var all = PortLeads.sorted(leads);
            var node = pods.get(nodeId);
            var ofVpc =
                    all.stream()
                            .filter(led -> {
                                var other = pods.get(led.nodeId());
                                return other != null
                                        && other.sandbox.vpcId().equals(vpcId)
                                        && (node == null || node.quarter == other.quarter);
                            })
                            .toList();
            if (vpcs.containsKey(vpcId)) {
                var quarter = node == null ? null : node.quarter;
                Nft.run(
                        quarter == null ? namespace(vpcId) : quarter.namespace(),
                        PortLeads.ofVpc(ofVpc));
            }
            if (node != null) {
                var ofNode = all.stream().filter(led -> led.nodeId().equals(nodeId)).toList();
                Nft.run(node.sandbox.network(), PortLeads.ofNode(ofNode));
                Namespaces.inside(
                        node.sandbox.network(),
                        Libc.CLONE_NEWNET,
                        () -> {
                            setting("ipv4/conf/all/route_localnet", "1");
                            return null;
                        });
            }
        } finally {
            writingLeads.unlock();
        }
    }

    @Override
    public void leadServices(String vpcId, String cluster, List<ServiceLead> leads)
            throws NetworkFailed {
        locked(
                vpcId,
                "lead the Services of " + cluster,
                () -> {
                    present(vpcId);
                    serviceWays.write(
                            vpcId + "@" + cluster, services(vpcId, cluster), leads, nodesOf(vpcId));
                    return null;
                });
    }

    /** The namespaces of what is attached in a VPC, by address. */
    private Map<String, Path> nodesOf(String vpcId) {
        return pods.values().stream()
                .filter(pod -> pod.sandbox.vpcId().equals(vpcId) && !pod.link.isEmpty())
                .collect(
                        Collectors.toUnmodifiableMap(
                                pod -> pod.sandbox.address(), pod -> pod.sandbox.network()));
    }

    @Override
    public void detach(String podUid) {
        check(podUid);
        try {
            locked(
                    podUid,
                    "detach pod " + podUid,
                    () ->
                            Namespaces.apart(() -> {
                                takeDown(podUid);
                                return null;
                            }));
        } catch (NetworkFailed failed) {
            throw new UncheckedIOException(new IOException(failed.getMessage(), failed));
        }
        detachments.forEach(listener -> listener.accept(podUid));
    }

    @Override
    public Subscription onDetached(Consumer<String> listener) {
        detachments.add(listener);
        return () -> detachments.remove(listener);
    }

    @Override
    public Map<String, Sandbox> attached() {
        return pods.entrySet().stream()
                .collect(
                        Collectors.toUnmodifiableMap(
                                Map.Entry::getKey, entry -> entry.getValue().sandbox));
    }

    @Override
    public Optional<Sandbox> sandbox(String podUid) {
        return Optional.ofNullable(pods.get(podUid)).map(PodState::sandbox);
    }

    /** {@inheritDoc} Read at the VPC's end of the link, where the pod's directions are reversed. */
    @Override
    public Optional<LinkUse> use(String podUid) {
        var pod = pods.get(podUid);
        var vpc = pod == null ? null : vpcs.get(pod.sandbox.vpcId());
        if (pod == null || vpc == null) {
            return Optional.empty();
        }
        try {
            return netlink(vpc, pod)
                    .traffic(pod.link)
                    .map(link -> link.seenFromTheOtherEnd("eth0"));
        } catch (IOException failed) {
            log.debug("a link's counters cannot be read pod={}", podUid, failed);
            return Optional.empty();
        }
    }

    @Override
    public Connection dialFromPod(String podUid, String host, int port) throws IOException {
        var pod = pods.get(podUid);
        if (pod == null) {
            throw new IOException("pod " + podUid + " is not attached");
        }
        return dial(pod.sandbox.network(), host, port);
    }

    @Override
    public Connection dialFromVpc(String vpcId, String host, int port) throws IOException {
        var vpc = vpcs.get(vpcId);
        if (vpc == null) {
            throw new IOException(vpcId + " has no network here");
        }
        var address = address(host);
        return address instanceof Inet6Address
                ? dial(namespace(vpcId), host, port)
                : connected(vpc.sockets.take(), new InetSocketAddress(address, port));
    }

    /** Opens a TCP connection in a VPC from where a cluster has its Services. */
    public Connection dialFromCluster(String vpcId, String cluster, String host, int port)
            throws IOException {
        var vpc = vpcs.get(vpcId);
        var quarter = vpc == null ? null : quarter(vpc, cluster);
        if (quarter == null) {
            return dialFromVpc(vpcId, host, port);
        }
        var address = address(host);
        return address instanceof Inet6Address
                ? dial(quarter.namespace(), host, port)
                : connected(quarter.sockets().take(), new InetSocketAddress(address, port));
    }

    /**
     * Gives a cluster a namespace in a VPC where no other cluster's Services are, once for all its
     * life: the VPC's own to the first, a quarter to each further one.
     *
     * @param serviceRange the range of its Services' addresses
     * @return the namespace
     */
    public Path ensureServices(String vpcId, String cluster, String serviceRange)
            throws NetworkFailed {
        check(cluster);
        return locked(
                vpcId,
                "lay out the Services of " + cluster,
                () -> {
                    var vpc = present(vpcId);
                    var range = Cidr.parse(serviceRange).toString();
                    if (!vpc.quarters.containsKey(cluster)) {
                        if (vpc.services == null || vpc.services.cluster().equals(cluster)) {
                            vpc.services = new Services(cluster, range);
                            writeVpc(vpc);
                            return namespace(vpcId);
                        }
                        vpc.quarters.put(
                                cluster, Namespaces.apart(() -> makeQuarter(vpc, cluster)));
                    }
                    filterQuarters(vpc);
                    return Objects.requireNonNull(vpc.quarters.get(cluster)).namespace();
                });
    }

    /** The namespace in a VPC where a cluster has its Services. */
    public Path services(String vpcId, String cluster) {
        var vpc = vpcs.get(vpcId);
        var quarter = vpc == null ? null : quarter(vpc, cluster);
        return quarter == null ? namespace(vpcId) : quarter.namespace();
    }

    /** Takes away what a cluster has in a VPC for its Services; its pods are gone already. */
    public void removeServices(String vpcId, String cluster) throws NetworkFailed {
        locked(
                vpcId,
                "take away the Services of " + cluster,
                () -> {
                    var vpc = vpcs.get(vpcId);
                    if (vpc == null) {
                        return null;
                    }
                    var quarter = vpc.quarters.remove(cluster);
                    if (quarter != null) {
                        quarter.unlink();
                        quarter.close();
                        discard(quarterFolder(vpcId, cluster));
                    } else if (vpc.services != null && vpc.services.cluster().equals(cluster)) {
                        vpc.services = null;
                        writeVpc(vpc);
                        filterQuarters(vpc);
                    }
                    return null;
                });
    }

    private VpcState present(String vpcId) throws IOException {
        var vpc = vpcs.get(vpcId);
        if (vpc == null) {
            throw new IOException(vpcId + " has no network here");
        }
        return vpc;
    }

    private static @Nullable Quarter quarter(VpcState vpc, @Nullable String cluster) {
        return cluster == null ? null : vpc.quarters.get(cluster);
    }

    private Path quarterFolder(String vpcId, String cluster) {
        return root.resolve("quarters").resolve(vpcId + "@" + cluster);
    }

    /** Runs on a thread of its own, which ends in the new namespace. */
    private Quarter makeQuarter(VpcState vpc, String cluster) throws IOException {
        var folder = quarterFolder(vpc.id, cluster);
        discard(folder);
        Files.createDirectories(folder);
        var link = "brq" + Long.toString(linkNumber.incrementAndGet(), 36);
        try {
            var file = folder.resolve("network");
            newNetwork(file).close();
            var quarter = Quarter.make(cluster, file, link, vpc.netlink);
            var properties = new Properties();
            properties.setProperty("vpc", vpc.id);
            properties.setProperty("cluster", cluster);
            properties.setProperty("link", link);
            write(folder.resolve("state"), properties);
            return quarter;
        } catch (IOException | RuntimeException failed) {
            vpc.netlink.removeLink(link);
            discard(folder);
            throw failed;
        }
    }

    private boolean readQuarter(Path folder) throws IOException {
        var properties = read(folder.resolve("state"));
        var vpcId = properties.getProperty("vpc");
        var cluster = properties.getProperty("cluster");
        var link = properties.getProperty("link");
        var vpc = vpcId == null ? null : vpcs.get(vpcId);
        if (vpc == null || cluster == null || link == null) {
            return false;
        }
        if (vpc.netlink.index(link).isEmpty()) {
            return false;
        }
        vpc.quarters.put(
                cluster, Quarter.found(cluster, folder.resolve("network"), link, vpc.netlink));
        return true;
    }

    /** What quarters translate for their pods, and what must not leave them. */
    private static void filterQuarters(VpcState vpc) throws IOException {
        var others =
                vpc.services == null ? Optional.<String>empty() : Optional.of(vpc.services.range());
        for (var quarter : vpc.quarters.values()) {
            quarter.filter(VpcFilter.ofQuarter(vpc.cidrs, others));
        }
    }

    /**
     * Opens a port at an address of a VPC that leads to a port of this machine's loopback; closing
     * it takes the address away again.
     *
     * @param cluster whose it is; where its Services are, the port is
     * @param address in the VPC; nobody else's
     */
    public AutoCloseable open(String vpcId, String cluster, String address, int port, int to)
            throws NetworkFailed {
        return locked(
                vpcId,
                "open port " + port + " at " + address,
                () -> {
                    var vpc = present(vpcId);
                    var quarter = quarter(vpc, cluster);
                    var held = Cidr.address(address);
                    if (quarter == null) {
                        vpc.hosted.add(held);
                        vpc.netlink.addAddress(Rtnetlink.LOOPBACK, held);
                    } else {
                        quarter.netlink().addAddress(Rtnetlink.LOOPBACK, held);
                        quarter.answerFor(held);
                    }
                    var target = new InetSocketAddress(InetAddress.getLoopbackAddress(), to);
                    var relay =
                            Relay.start(
                                    quarter == null ? namespace(vpcId) : quarter.namespace(),
                                    new InetSocketAddress(InetAddress.ofLiteral(address), port),
                                    () -> target);
                    return () -> {
                        relay.close();
                        release(vpcId, cluster, held);
                    };
                });
    }

    /**
     * Answers from now on at the kubelets' port of every address of a VPC, for what comes from pods
     * and from the host; in the VPC's own namespace an address is itself.
     *
     * @param cluster for what comes from its pods; of the first cluster, also from everywhere else
     * @param dialer connects to what answers there: a node of ours, or whoever has the address
     */
    public AutoCloseable answerForNodes(String vpcId, String cluster, NodeDialer dialer)
            throws NetworkFailed {
        return locked(
                vpcId,
                "answer for the nodes of " + vpcId,
                () -> {
                    var vpc = present(vpcId);
                    var quarter = quarter(vpc, cluster);
                    (quarter == null ? vpc.netlink : quarter.netlink()).routeHere(NodePort.SHADOW);
                    return NodePort.start(
                            quarter == null ? namespace(vpcId) : quarter.namespace(),
                            vpc.cidrs.stream().map(Cidr::parse).toList(),
                            dialer::dial);
                });
    }

    /** Where connections to nodes go. */
    @FunctionalInterface
    public interface NodeDialer {
        /** Connects to what answers for this address. */
        Connection dial(String address) throws IOException;
    }

    private void release(String vpcId, String cluster, int address) throws NetworkFailed {
        locked(
                vpcId,
                "take away " + Cidr.text(address),
                () -> {
                    var vpc = vpcs.get(vpcId);
                    var quarter = vpc == null ? null : quarter(vpc, cluster);
                    if (quarter != null) {
                        quarter.answerNoLongerFor(address);
                        quarter.netlink().removeAddress(Rtnetlink.LOOPBACK, address);
                    } else if (vpc != null && vpc.hosted.remove(address)) {
                        vpc.netlink.removeAddress(Rtnetlink.LOOPBACK, address);
                    }
                    return null;
                });
    }

    /** Takes away what a cluster's kube-proxy that has ended has left in a VPC. */
    public void clearServices(String vpcId, String cluster) throws NetworkFailed {
        locked(
                vpcId,
                "clear the Services of " + vpcId,
                () -> {
                    var vpc = vpcs.get(vpcId);
                    if (vpc != null) {
                        var quarter = quarter(vpc, cluster);
                        var table = "table ip kube-proxy\n";
                        Nft.run(
                                quarter == null ? namespace(vpcId) : quarter.namespace(),
                                table + "delete " + table);
                    }
                    return null;
                });
    }

    /** The name server of a VPC with this range, as seen from inside. */
    public static String resolver(String cidr) {
        return Cidr.text(Cidr.parse(cidr).base() + 2);
    }

    /**
     * Takes away every VPC, pod and link of this instance, also those whose files are lost or half
     * written. Usable without {@link #start}, and closes.
     */
    public void destroyAll() throws IOException {
        if (hostNetlink == null && Files.isDirectory(root)) {
            start();
        }
        for (var vpcId : vpcs()) {
            try {
                removeVpc(vpcId);
            } catch (NetworkFailed failed) {
                throw new IOException(failed.getMessage(), failed);
            }
        }
        close();
        try (var netlink = new Rtnetlink()) {
            for (var link : netlink.links()) {
                if (link.startsWith(hostLinkPrefix)) {
                    netlink.removeLink(link);
                }
            }
            hostFilter.remove(netlink.links());
        }
        MountTable.clear(root);
        deleteAll(root);
    }

    // --- VPCs

    private void layOut(Vpc vpc) throws IOException {
        var state = vpcs.get(vpc.id());
        if (state == null) {
            state = makeVpc(vpc);
            vpcs.put(vpc.id(), state);
        } else if (host().index(state.hostLink).isEmpty()) {
            linkToHost(state, vpcFolder(vpc.id()).resolve("network"));
        }
        state.cidrs = List.copyOf(vpc.cidrs());
        setAddresses(state, vpc);
        setHostRoutes(state);
        setOutside(state, vpc);
        filterQuarters(state);
        answerNames(state);
        writeVpc(state);
    }

    private void takeDownVpc(String vpcId) throws IOException {
        var state = vpcs.remove(vpcId);
        if (state != null) {
            host().removeLink(state.hostLink);
            for (var cluster : state.quarters.keySet()) {
                discard(quarterFolder(vpcId, cluster));
            }
            state.close();
        }
        discard(vpcFolder(vpcId));
    }

    private VpcState makeVpc(Vpc vpc) throws IOException {
        var folder = vpcFolder(vpc.id());
        discard(folder);
        Files.createDirectories(folder);
        var file = folder.resolve("network");
        var hostLink = hostLinkPrefix + fixed(linkNumber.incrementAndGet());
        try {
            var netlink = Namespaces.apart(() -> newNetwork(file));
            var state = new VpcState(vpc.id(), netlink, hostLink, file);
            linkToHost(state, file);
            return state;
        } catch (IOException | RuntimeException failed) {
            host().removeLink(hostLink);
            discard(folder);
            throw failed;
        }
    }

    /** Moves the calling thread into a namespace that forwards, and keeps that by a file. */
    private static Rtnetlink newNetwork(Path file) throws IOException {
        Libc.unshare(Libc.CLONE_NEWNET);
        bind("net", file);
        setting("ipv4/ip_forward", "1");
        setting("ipv4/conf/all/rp_filter", "1");
        setting("ipv4/conf/default/rp_filter", "1");
        setting("ipv6/conf/all/disable_ipv6", "1");
        setting("ipv6/conf/default/disable_ipv6", "1");
        var inside = new Rtnetlink();
        inside.up(Rtnetlink.LOOPBACK);
        return inside;
    }

    private void linkToHost(VpcState state, Path file) throws IOException {
        var hostMac = mac(0x68, state.hostLink.hashCode());
        var vpcMac = mac(0x76, state.hostLink.hashCode());
        var fd = Libc.open(file.toString(), Libc.O_RDONLY);
        try {
            host().addVeth(state.hostLink, hostMac, HOST_LINK, vpcMac, fd, MTU);
        } finally {
            Libc.close(fd);
        }
        setting("ipv6/conf/" + state.hostLink + "/disable_ipv6", "1");
        var index = index(host(), state.hostLink);
        host().addAddress(index, HOST);
        host().up(index);
        host().neighbour(index, GATEWAY, vpcMac);
        var inside = index(state.netlink, HOST_LINK);
        state.netlink.up(inside);
        state.netlink.routeToLink(new Cidr(HOST, 32), inside);
        state.netlink.neighbour(inside, HOST, hostMac);
    }

    private static void setAddresses(VpcState state, Vpc vpc) throws IOException {
        // The routers first: what is masqueraded takes the first address.
        var wanted = new LinkedHashSet<Integer>();
        for (var subnet : vpc.subnets()) {
            wanted.add(Cidr.parse(subnet.cidr()).router());
        }
        wanted.add(Cidr.address(resolver(vpc.cidrs().getFirst())));
        wanted.add(Cidr.address(RESOLVER));
        wanted.addAll(state.hosted);
        var loopback = Cidr.address("127.0.0.1");
        for (var present : state.netlink.addresses(Rtnetlink.LOOPBACK)) {
            if (present != loopback && !wanted.remove(present)) {
                state.netlink.removeAddress(Rtnetlink.LOOPBACK, present);
            }
        }
        for (var address : wanted) {
            state.netlink.addAddress(Rtnetlink.LOOPBACK, address);
        }
    }

    /** Lets out what the subnets' routes let out, and nothing else. */
    private void setOutside(VpcState state, Vpc vpc) throws IOException {
        var inside = index(state.netlink, HOST_LINK);
        state.netlink.routeVia(EVERYWHERE, HOST, inside, 0);
        var filter = VpcFilter.of(vpc, HOST_LINK);
        if (!filter.equals(state.filter)) {
            Nft.run(namespace(vpc.id()), filter);
            state.filter = filter;
        }
        if (vpc.subnets().stream().anyMatch(subnet -> !subnet.outside().isEmpty())) {
            hostFilter.forward();
        }
    }

    private void answerNames(VpcState state) throws IOException {
        if (state.resolvers.isEmpty()) {
            for (var address : List.of(resolver(state.cidrs.getFirst()), RESOLVER)) {
                state.resolvers.add(VpcResolver.start(namespace(state.id), address, RESOLV_CONF));
            }
        }
    }

    private void setHostRoutes(VpcState state) throws IOException {
        var index = index(host(), state.hostLink);
        var wanted = state.cidrs.stream().map(Cidr::parse).collect(Collectors.toSet());
        var routes = host().routes();
        for (var route : routes) {
            if (route.link() == index && route.to().prefix() < 32 && !wanted.contains(route.to())) {
                host().removeRoute(route.to(), index);
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
                        state.id,
                        cidr,
                        elsewhere.get().to());
            } else {
                host().routeVia(cidr, GATEWAY, index, HOST);
            }
        }
    }

    private void writeVpc(VpcState state) throws IOException {
        var properties = new Properties();
        properties.setProperty("cidrs", String.join(",", state.cidrs));
        properties.setProperty("hostLink", state.hostLink);
        var services = state.services;
        if (services != null) {
            properties.setProperty("services", services.cluster() + " " + services.range());
        }
        write(vpcFolder(state.id).resolve("state"), properties);
    }

    private boolean readVpc(String id, Path folder) throws IOException {
        var properties = read(folder.resolve("state"));
        var hostLink = properties.getProperty("hostLink");
        if (hostLink == null) {
            return false;
        }
        var netlink =
                Namespaces.inside(folder.resolve("network"), Libc.CLONE_NEWNET, Rtnetlink::new);
        var state = new VpcState(id, netlink, hostLink, folder.resolve("network"));
        state.cidrs =
                Stream.of(properties.getProperty("cidrs", "").split(",", -1))
                        .filter(cidr -> !cidr.isEmpty())
                        .toList();
        var services = properties.getProperty("services", "").split(" ", -1);
        if (services.length == 2) {
            state.services = new Services(services[0], services[1]);
        }
        vpcs.put(id, state);
        return true;
    }

    // --- pods

    /** Runs on a thread of its own, which ends in the pod's namespaces. */
    private PodState makePod(Attachment attachment, int address, VpcState vpc) throws IOException {
        var folder = podFolder(attachment.podUid());
        discard(folder);
        Files.createDirectories(folder);
        var users = attachment.ownUsers() ? ownUsers.make(attachment.podUid(), folder) : null;
        var sandbox =
                new Sandbox(
                        attachment.vpcId(),
                        attachment.address(),
                        folder.resolve("network"),
                        folder.resolve("ipc"),
                        folder.resolve("uts"),
                        users);
        var quarter = quarter(vpc, attachment.cluster());
        var netlink = quarter == null ? vpc.netlink : quarter.netlink();
        if (users != null) {
            enter(sandbox.network(), Libc.CLONE_NEWNET);
            enter(sandbox.uts(), Libc.CLONE_NEWUTS);
        } else if (!makeNamespaces(attachment, sandbox)) {
            return kept(folder, sandbox, "", null);
        }
        Libc.sethostname(attachment.hostname());
        setting("ipv6/conf/default/disable_ipv6", "1");

        var link = "brt" + Long.toString(linkNumber.incrementAndGet(), 36);
        var podMac = mac(0x70, address);
        var vpcMac = mac(0x76, address);
        var fd = Libc.open(sandbox.network().toString(), Libc.O_RDONLY);
        try {
            netlink.addVeth(link, vpcMac, "eth0", podMac, fd, MTU);
        } finally {
            Libc.close(fd);
        }
        try (var pod = new Rtnetlink()) {
            pod.up(Rtnetlink.LOOPBACK);
            var index = index(pod, "eth0");
            pod.addAddress(index, address);
            pod.up(index);
            pod.routeToLink(new Cidr(GATEWAY, 32), index);
            pod.routeVia(EVERYWHERE, GATEWAY, index, 0);
            pod.neighbour(index, GATEWAY, vpcMac);
        }
        var index = index(netlink, link);
        netlink.up(index);
        netlink.neighbour(index, address, podMac);
        netlink.routeToLink(new Cidr(address, 32), index);
        return kept(folder, sandbox, link, quarter);
    }

    /** False when the network is the node's, and so nothing more is to be made. */
    private boolean makeNamespaces(Attachment attachment, Sandbox sandbox) throws IOException {
        var share = attachment.share();
        var own = share == null || !share.network();
        var ownIpc = share == null || !share.ipc();
        Libc.unshare(
                (own ? Libc.CLONE_NEWNET | Libc.CLONE_NEWUTS : 0)
                        | (ownIpc ? Libc.CLONE_NEWIPC : 0));
        if (ownIpc) {
            bind("ipc", sandbox.ipc());
        } else {
            bind(node(attachment).ipc(), sandbox.ipc());
        }
        if (!own) {
            bind(node(attachment).network(), sandbox.network());
            bind(node(attachment).uts(), sandbox.uts());
            return false;
        }
        bind("net", sandbox.network());
        bind("uts", sandbox.uts());
        return true;
    }

    /** The calling thread ends in this namespace. */
    private static void enter(Path namespace, int kind) throws IOException {
        var fd = Libc.open(namespace.toString(), Libc.O_RDONLY);
        try {
            Libc.setns(fd, kind);
        } finally {
            Libc.close(fd);
        }
    }

    private Sandbox node(Attachment attachment) throws IOException {
        var share = attachment.share();
        var node = share == null ? null : pods.get(share.nodeId());
        if (node == null || !node.sandbox.vpcId().equals(attachment.vpcId())) {
            throw new IOException("the node of pod " + attachment.podUid() + " has no network");
        }
        return node.sandbox;
    }

    /**
     * Writes down what a later life has to know.
     *
     * @param link the pod's link, or empty with its node's network
     */
    private static PodState kept(
            Path folder, Sandbox sandbox, String link, @Nullable Quarter quarter)
            throws IOException {
        var pod = new PodState(sandbox, link, quarter);
        keep(folder, pod, null);
        return pod;
    }

    private static void keep(Path folder, PodState pod, PortLeads.@Nullable Led led)
            throws IOException {
        var properties = new Properties();
        properties.setProperty("vpc", pod.sandbox.vpcId());
        properties.setProperty("address", pod.sandbox.address());
        properties.setProperty("link", pod.link);
        if (pod.quarter != null) {
            properties.setProperty("quarter", pod.quarter.cluster());
        }
        var users = pod.sandbox.users();
        if (users != null) {
            properties.setProperty("users", Long.toString(users.firstId()));
        }
        if (led != null) {
            properties.setProperty("leads", PortLeads.written(led));
        }
        write(folder.resolve("state"), properties);
    }

    /**
     * Takes the route away at once, so that the address is free; the kernel removes the links a
     * little later, many at a time, when it ends the namespace. Removing them here would take 30
     * milliseconds for each and keep other pods' links waiting.
     */
    private void takeDown(String podUid) throws IOException {
        var pod = pods.remove(podUid);
        if (pod != null) {
            var vpc = vpcs.get(pod.sandbox.vpcId());
            if (vpc != null && !pod.link.isEmpty()) {
                var address = Cidr.address(pod.sandbox.address());
                if (pod.quarter != null) {
                    pod.quarter.answerNoLongerFor(address);
                }
                var netlink = netlink(vpc, pod);
                var link = netlink.index(pod.link);
                if (link.isPresent()) {
                    netlink.removeRoute(new Cidr(address, 32), link.getAsInt());
                }
            }
            holders.remove(key(pod.sandbox.vpcId(), pod.sandbox.address()), podUid);
            var led = leads.remove(podUid);
            if (led != null) {
                try {
                    writeLeads(pod.sandbox.vpcId(), led.nodeId());
                } catch (IOException stay) {
                    // The next change of a port writes all of them anew.
                    log.warn("Ports still lead to a pod that is gone; pod={}", podUid, stay);
                }
            }
        }
        discard(podFolder(podUid));
        ownUsers.release(podUid);
    }

    private boolean readPod(String podUid, Path folder) throws IOException {
        var properties = read(folder.resolve("state"));
        var vpcId = properties.getProperty("vpc");
        var address = properties.getProperty("address");
        var link = properties.getProperty("link");
        if (vpcId == null || address == null || link == null || !vpcs.containsKey(vpcId)) {
            return false;
        }
        var cluster = properties.getProperty("quarter");
        var vpc = vpcs.get(vpcId);
        var quarter = vpc == null || cluster == null ? null : vpc.quarters.get(cluster);
        if (cluster != null && quarter == null) {
            return false;
        }
        var users = properties.getProperty("users");
        pods.put(
                podUid,
                new PodState(
                        new Sandbox(
                                vpcId,
                                address,
                                folder.resolve("network"),
                                folder.resolve("ipc"),
                                folder.resolve("uts"),
                                users == null
                                        ? null
                                        : ownUsers.adopt(podUid, folder, Long.parseLong(users))),
                        link,
                        quarter));
        if (!link.isEmpty()) {
            holders.put(key(vpcId, address), podUid);
        }
        var led = properties.getProperty("leads");
        if (led != null) {
            leads.put(podUid, PortLeads.read(led, address));
        }
        return true;
    }

    // --- connections

    private static Connection dial(Path namespace, String host, int port) throws IOException {
        var address = address(host);
        var family =
                address instanceof Inet6Address
                        ? StandardProtocolFamily.INET6
                        : StandardProtocolFamily.INET;
        // A socket belongs to the namespace it was made in, whoever uses it afterwards.
        var channel =
                Namespaces.inside(namespace, Libc.CLONE_NEWNET, () -> SocketChannel.open(family));
        return connect(channel, address, port);
    }

    /**
     * Connects for as long as the system tries, or until the thread is interrupted. Within one
     * machine the other side has mostly answered before the first call returns, so that is looked
     * at before anybody is asked to wake the thread.
     */
    private static Connection connected(SocketChannel channel, InetSocketAddress to)
            throws IOException {
        try {
            channel.configureBlocking(false);
            var done = channel.connect(to) || channel.finishConnect();
            channel.configureBlocking(true);
            if (!done) {
                channel.finishConnect();
            }
            return new ChannelConnection(channel);
        } catch (IOException | RuntimeException failed) {
            channel.close();
            throw failed;
        }
    }

    private static Connection connect(SocketChannel channel, InetAddress address, int port)
            throws IOException {
        try {
            channel.socket().connect(new InetSocketAddress(address, port), CONNECT_MILLIS);
            return new ChannelConnection(channel);
        } catch (IOException | RuntimeException failed) {
            channel.close();
            throw failed;
        }
    }

    private static InetAddress address(String host) throws IOException {
        return host.equals("localhost") ? InetAddress.ofLiteral("127.0.0.1") : literal(host);
    }

    private static InetAddress literal(String host) throws IOException {
        try {
            return InetAddress.ofLiteral(host);
        } catch (IllegalArgumentException name) {
            throw new IOException("not an address: " + host, name);
        }
    }

    // --- small parts

    private Rtnetlink host() {
        if (hostNetlink == null) {
            throw new IllegalStateException("not started");
        }
        return hostNetlink;
    }

    private static int index(Rtnetlink netlink, String link) throws IOException {
        return netlink.index(link)
                .orElseThrow(() -> new IOException("link " + link + " is not there"));
    }

    private Path vpcFolder(String vpcId) {
        return root.resolve("vpcs").resolve(vpcId);
    }

    private Path podFolder(String podUid) {
        return root.resolve("pods").resolve(podUid);
    }

    private static String key(String vpcId, String address) {
        return vpcId + " " + address;
    }

    /** A hardware address of the kind that anybody may give himself. */
    private static byte[] mac(int kind, int number) {
        return new byte[] {
            2,
            (byte) kind,
            (byte) (number >> 24),
            (byte) (number >> 16),
            (byte) (number >> 8),
            (byte) number
        };
    }

    /** Six letters or digits. */
    private static String fixed(long number) {
        var text = "000000" + Long.toString(number, 36);
        return text.substring(text.length() - 6).toLowerCase(Locale.ROOT);
    }

    /** Keeps the calling thread's namespace alive under a name. */
    private static void bind(String kind, Path file) throws IOException {
        Files.createFile(file);
        Libc.mount("/proc/thread-self/ns/" + kind, file.toString(), null, Libc.MS_BIND, null);
    }

    /** Another name for a namespace that has one. */
    private static void bind(Path namespace, Path file) throws IOException {
        Files.createFile(file);
        Libc.mount(namespace.toString(), file.toString(), null, Libc.MS_BIND, null);
    }

    /** Writes a setting of the calling thread's network namespace, if the kernel has it. */
    private static void setting(String name, String value) throws IOException {
        var file = Path.of("/proc/sys/net", name);
        if (Files.exists(file)) {
            Files.writeString(file, value, US_ASCII);
        }
    }

    private Set<Path> namespaceFiles() throws IOException {
        return MountTable.read().below(root).stream()
                .filter(mount -> mount.type().equals("nsfs"))
                .map(MountTable.Mount::point)
                .collect(Collectors.toUnmodifiableSet());
    }

    private Collection<Path> folders(String kind) throws IOException {
        try (var folders = Files.list(root.resolve(kind))) {
            return folders.toList();
        }
    }

    private static String name(Path folder) {
        return String.valueOf(folder.getFileName());
    }

    private static void discard(Path folder) throws IOException {
        OwnUsers.discard(folder);
        for (var name : List.of("network", "ipc", "uts", "user")) {
            try {
                Libc.umount(folder.resolve(name).toString(), Libc.MNT_DETACH);
            } catch (Errno failed) {
                if (failed.number() != Errno.ENOENT && failed.number() != Errno.EINVAL) {
                    throw failed;
                }
            }
        }
        deleteAll(folder);
    }

    private static void deleteAll(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        var all = new ArrayList<Path>();
        try (var walk = Files.walk(folder)) {
            walk.forEach(all::add);
        }
        for (var path : all.reversed()) {
            Files.deleteIfExists(path);
        }
    }

    private static void write(Path file, Properties properties) throws IOException {
        var text = new StringBuilder();
        properties.forEach(
                (name, value) -> text.append(name).append('=').append(value).append('\n'));
        Files.writeString(file, text, US_ASCII);
    }

    private static Properties read(Path file) throws IOException {
        var properties = new Properties();
        try (var reader = Files.newBufferedReader(file, US_ASCII)) {
            properties.load(reader);
        } catch (NoSuchFileException none) {
            return properties;
        }
        return properties;
    }

    private static void check(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("not a name for a network: " + name);
        }
    }

    private interface Work<T> {
        T run() throws IOException;
    }

    @SuppressWarnings("TypeParameterUnusedInFormals")
    private <T extends @Nullable Object> T locked(String name, String what, Work<T> work)
            throws NetworkFailed {
        var lock = locks[Math.floorMod(name.hashCode(), LOCKS)];
        lock.lock();
        try {
            return work.run();
        } catch (FileAlreadyExistsException clash) {
            throw new NetworkFailed("cannot " + what + ": somebody else does it too", clash);
        } catch (IOException failed) {
            throw new NetworkFailed("cannot " + what + ": " + failed.getMessage(), failed);
        } finally {
            lock.unlock();
        }
    }

    /** A cluster and the range of its Services' addresses. */
    private record Services(String cluster, String range) {}

    private static final class VpcState {
        private final String id;
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

        private VpcState(String id, Rtnetlink netlink, String hostLink, Path namespace) {
            this.id = id;
            this.netlink = netlink;
            this.hostLink = hostLink;
            this.sockets = new SocketStock(namespace);
        }

        /** Lets go of the namespace. */
        private void close() {
            resolvers.forEach(VpcResolver::close);
            quarters.values().forEach(Quarter::close);
            netlink.close();
            try {
                sockets.close();
            } catch (IOException ignored) {
                // They are closed for us all the same.
            }
        }
    }

    private static Rtnetlink netlink(VpcState vpc, PodState pod) {
        return pod.quarter == null ? vpc.netlink : pod.quarter.netlink();
    }

    /**
     * An attached pod.
     *
     * @param link its link, or empty with its node's network
     * @param quarter where the other end of its link is, or null for the VPC itself
     */
    private record PodState(Sandbox sandbox, String link, @Nullable Quarter quarter) {}
}
