package dev.berth.adapter.net;

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
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
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
 * <p>Our choices: an VpcSpace.MTU of 1500; no IPv6 but on the pods' loopback; strict reverse path
 * filters in the VPC, so that a pod cannot speak as another; neighbours told on both sides of a
 * veth, so that nobody asks by ARP.
 *
 * <p>Any thread may call; calls for the same pod or VPC wait for each other.
 */
public final class VpcNetwork implements PodNetwork, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(VpcNetwork.class);

    /** Names that become folders. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

    private static final int LOCKS = 64;

    private final Path root;
    private final String hostLinkPrefix;
    private final HostFilter hostFilter;
    private final List<Consumer<String>> detachments = new CopyOnWriteArrayList<>();
    private final Map<String, VpcSpace> vpcs = new ConcurrentHashMap<>();
    private final Map<String, PodSpace> pods = new ConcurrentHashMap<>();

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
                NamespaceFiles.discard(folder);
            }
        }
        for (var folder : folders("quarters")) {
            if (!namespaces.contains(folder.resolve("network")) || !readQuarter(folder)) {
                NamespaceFiles.discard(folder);
            }
        }
        for (var folder : folders("pods")) {
            if (!namespaces.containsAll(
                            List.of(
                                    folder.resolve("network"),
                                    folder.resolve("ipc"),
                                    folder.resolve("uts")))
                    || !readPod(name(folder), folder)) {
                NamespaceFiles.discard(folder);
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
            if (pod.getValue().sandbox().vpcId().equals(vpcId)) {
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
                        if (present.sandbox().vpcId().equals(attachment.vpcId())
                                && present.sandbox().address().equals(attachment.address())) {
                            return present.sandbox();
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
                        var pod = Namespaces.apart(() -> makePod(attachment, vpc));
                        if (pod.quarter() != null) {
                            pod.quarter().answerFor(address);
                        }
                        pods.put(attachment.podUid(), pod);
                        return pod.sandbox();
                    } catch (IOException | RuntimeException failed) {
                        holders.remove(key(attachment.vpcId(), attachment.address()));
                        ownUsers.release(attachment.podUid());
                        NamespaceFiles.discard(podFolder(attachment.podUid()));
                        throw failed;
                    }
                });
    }

    private static boolean sharesNetwork(Attachment attachment) {
        return attachment.share() != null && attachment.share().network();
    }

    /** The address is the node's, and whoever shares it neither holds nor frees it. */
    private Sandbox attachToNode(Attachment attachment, VpcSpace vpc) throws IOException {
        try {
            var pod = Namespaces.apart(() -> makePod(attachment, vpc));
            pods.put(attachment.podUid(), pod);
            return pod.sandbox();
        } catch (IOException | RuntimeException failed) {
            NamespaceFiles.discard(podFolder(attachment.podUid()));
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
                                    node.sandbox().address(),
                                    pod.sandbox().address(),
                                    List.copyOf(ports));
                    if (!led.equals(leads.get(podUid))) {
                        pod.write(podFolder(podUid), led);
                        leads.put(podUid, led);
                        try {
                            writeLeads(pod.sandbox().vpcId(), nodeId);
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
                                        && other.sandbox().vpcId().equals(vpcId)
                                        && (node == null || node.quarter() == other.quarter());
                            })
                            .toList();
            if (vpcs.containsKey(vpcId)) {
                var quarter = node == null ? null : node.quarter();
                Nft.run(
                        quarter == null ? namespace(vpcId) : quarter.namespace(),
                        PortLeads.ofVpc(ofVpc));
            }
            if (node != null) {
                var ofNode = all.stream().filter(led -> led.nodeId().equals(nodeId)).toList();
                Nft.run(node.sandbox().network(), PortLeads.ofNode(ofNode));
                Namespaces.inside(
                        node.sandbox().network(),
                        Libc.CLONE_NEWNET,
                        () -> {
                            NamespaceFiles.setting("ipv4/conf/all/route_localnet", "1");
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
                .filter(pod -> pod.sandbox().vpcId().equals(vpcId) && !pod.link().isEmpty())
                .collect(
                        Collectors.toUnmodifiableMap(
                                pod -> pod.sandbox().address(), pod -> pod.sandbox().network()));
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
                                Map.Entry::getKey, entry -> entry.getValue().sandbox()));
    }

    @Override
    public Optional<Sandbox> sandbox(String podUid) {
        return Optional.ofNullable(pods.get(podUid)).map(PodSpace::sandbox);
    }

    /** {@inheritDoc} Read at the VPC's end of the link, where the pod's directions are reversed. */
    @Override
    public Optional<LinkUse> use(String podUid) {
        var pod = pods.get(podUid);
        var vpc = pod == null ? null : vpcs.get(pod.sandbox().vpcId());
        if (pod == null || vpc == null) {
            return Optional.empty();
        }
        try {
            return vpc.netlink(pod.quarter())
                    .traffic(pod.link())
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
        return Dials.from(pod.sandbox().network(), host, port);
    }

    @Override
    public Connection dialFromVpc(String vpcId, String host, int port) throws IOException {
        return dialIn(present(vpcId), null, host, port);
    }

    /** Opens a TCP connection in a VPC from where a cluster has its Services. */
    public Connection dialFromCluster(String vpcId, String cluster, String host, int port)
            throws IOException {
        return dialIn(present(vpcId), cluster, host, port);
    }

    private static Connection dialIn(VpcSpace vpc, @Nullable String cluster, String host, int port)
            throws IOException {
        var address = Dials.address(host);
        return address instanceof Inet6Address
                ? Dials.from(vpc.namespace(cluster), host, port)
                : Dials.connected(
                        vpc.sockets(cluster).take(), new InetSocketAddress(address, port));
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
                    vpc.ensureServices(
                            cluster, Cidr.parse(serviceRange).toString(), linkName("brq"));
                    return vpc.namespace(cluster);
                });
    }

    /** The namespace in a VPC where a cluster has its Services. */
    public Path services(String vpcId, String cluster) {
        var vpc = vpcs.get(vpcId);
        return vpc == null ? namespace(vpcId) : vpc.namespace(cluster);
    }

    /** Takes away what a cluster has in a VPC for its Services; its pods are gone already. */
    public void removeServices(String vpcId, String cluster) throws NetworkFailed {
        locked(
                vpcId,
                "take away the Services of " + cluster,
                () -> {
                    var vpc = vpcs.get(vpcId);
                    if (vpc != null) {
                        vpc.removeServices(cluster);
                    }
                    return null;
                });
    }

    private VpcSpace present(String vpcId) throws IOException {
        var vpc = vpcs.get(vpcId);
        if (vpc == null) {
            throw new IOException(vpcId + " has no network here");
        }
        return vpc;
    }

    private boolean readQuarter(Path folder) throws IOException {
        var properties = NamespaceFiles.read(folder.resolve("state"));
        var vpcId = properties.getProperty("vpc");
        var cluster = properties.getProperty("cluster");
        var link = properties.getProperty("link");
        var vpc = vpcId == null ? null : vpcs.get(vpcId);
        return vpc != null
                && cluster != null
                && link != null
                && vpc.readQuarter(cluster, link, folder);
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
                    var held = Cidr.address(address);
                    vpc.hold(cluster, held);
                    var target = new InetSocketAddress(InetAddress.getLoopbackAddress(), to);
                    var relay =
                            Relay.start(
                                    vpc.namespace(cluster),
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
                    vpc.netlink(vpc.quarter(cluster)).routeHere(NodePort.SHADOW);
                    return NodePort.start(vpc.namespace(cluster), vpc.ranges(), dialer::dial);
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
                    if (vpc != null) {
                        vpc.release(cluster, address);
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
                        var table = "table ip kube-proxy\n";
                        Nft.run(vpc.namespace(cluster), table + "delete " + table);
                    }
                    return null;
                });
    }

    /** The name server of a VPC with this range, as seen from inside. */
    public static String resolver(String cidr) {
        return VpcSpace.resolver(cidr);
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
        NamespaceFiles.deleteAll(root);
    }

    // --- VPCs

    private void layOut(Vpc vpc) throws IOException {
        var space = vpcs.get(vpc.id());
        if (space == null) {
            space =
                    VpcSpace.make(
                            vpc.id(),
                            vpcFolder(vpc.id()),
                            root.resolve("quarters"),
                            hostLinkPrefix + fixed(linkNumber.incrementAndGet()),
                            host());
            vpcs.put(vpc.id(), space);
        }
        space.layOut(vpc, host(), hostFilter);
    }

    private void takeDownVpc(String vpcId) throws IOException {
        var space = vpcs.remove(vpcId);
        if (space != null) {
            space.takeDown(host());
        } else {
            NamespaceFiles.discard(vpcFolder(vpcId));
        }
    }

    private boolean readVpc(String id, Path folder) throws IOException {
        var space = VpcSpace.found(id, folder, root.resolve("quarters"));
        space.ifPresent(found -> vpcs.put(id, found));
        return space.isPresent();
    }

    // --- pods

    private PodSpace makePod(Attachment attachment, VpcSpace vpc) throws IOException {
        return PodSpace.make(
                attachment,
                podFolder(attachment.podUid()),
                vpc,
                attachment.share() == null ? null : node(attachment, attachment.share()),
                ownUsers,
                linkName("brt"));
    }

    private Sandbox node(Attachment attachment, NodeShare share) throws IOException {
        var node = pods.get(share.nodeId());
        if (node == null || !node.sandbox().vpcId().equals(attachment.vpcId())) {
            throw new IOException("the node of pod " + attachment.podUid() + " has no network");
        }
        return node.sandbox();
    }

    private void takeDown(String podUid) throws IOException {
        var pod = pods.remove(podUid);
        if (pod != null) {
            var vpc = vpcs.get(pod.sandbox().vpcId());
            if (vpc != null) {
                pod.removeRoute(vpc);
            }
            holders.remove(key(pod.sandbox().vpcId(), pod.sandbox().address()), podUid);
            var led = leads.remove(podUid);
            if (led != null) {
                try {
                    writeLeads(pod.sandbox().vpcId(), led.nodeId());
                } catch (IOException stay) {
                    // The next change of a port writes all of them anew.
                    log.warn("Ports still lead to a pod that is gone; pod={}", podUid, stay);
                }
            }
        }
        NamespaceFiles.discard(podFolder(podUid));
        ownUsers.release(podUid);
    }

    private boolean readPod(String podUid, Path folder) throws IOException {
        var properties = NamespaceFiles.read(folder.resolve("state"));
        var vpcId = properties.getProperty("vpc");
        var address = properties.getProperty("address");
        var link = properties.getProperty("link");
        if (vpcId == null || address == null || link == null || !vpcs.containsKey(vpcId)) {
            return false;
        }
        var cluster = properties.getProperty("quarter");
        var vpc = vpcs.get(vpcId);
        var quarter = vpc == null ? null : vpc.quarter(cluster);
        if (cluster != null && quarter == null) {
            return false;
        }
        var users = properties.getProperty("users");
        pods.put(
                podUid,
                new PodSpace(
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

    // --- small parts

    private Rtnetlink host() {
        if (hostNetlink == null) {
            throw new IllegalStateException("not started");
        }
        return hostNetlink;
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

    private String linkName(String prefix) {
        return prefix + Long.toString(linkNumber.incrementAndGet(), 36);
    }

    /** Six letters or digits. */
    private static String fixed(long number) {
        var text = "000000" + Long.toString(number, 36);
        return text.substring(text.length() - 6).toLowerCase(Locale.ROOT);
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
}
