package dev.berth.port;

import dev.berth.core.network.ServiceLead;
import dev.berth.core.usage.LinkUse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The VPCs' networks on this machine: one network namespace for each VPC, one for each pod, a veth
 * pair between them. All calls may be repeated.
 */
public interface PodNetwork {
    /** Makes a VPC's network exist as described, changing what differs. */
    void ensureVpc(Vpc vpc) throws NetworkFailed;

    /** Takes a VPC's network away with everything in it. */
    void removeVpc(String vpcId) throws NetworkFailed;

    /** The VPCs whose networks exist, also those of an earlier life of Berth. */
    List<String> vpcs();

    /** The file of a VPC's network namespace, once ensured. */
    Path namespace(String vpcId);

    /**
     * Makes a pod's namespaces (network, IPC, host name, users) and attaches it to its VPC. Users
     * of its own are nobody else's, and the same until it is detached.
     *
     * @return where they are
     */
    Sandbox attach(Attachment attachment) throws NetworkFailed;

    /**
     * Lets ports of a node lead to an attached pod, until it is detached; the pod's earlier ones
     * are replaced.
     *
     * @param nodeId under which the node is attached
     */
    void leadPorts(String nodeId, String podUid, Collection<PortLead> ports) throws NetworkFailed;

    /**
     * Lets addresses and ports lead to pods, as seen from a cluster's pods and its nodes; what was
     * told before is replaced. Says so when the network of a node is not there yet.
     */
    void leadServices(String vpcId, String cluster, List<ServiceLead> leads) throws NetworkFailed;

    /** Takes a pod's namespaces away; nothing when there are none. */
    void detach(String podUid);

    /** Tells the uid of each pod that is detached from now on, once its address is free. */
    Subscription onDetached(Consumer<String> listener);

    /** The pods that are attached, by uid, also those of an earlier life of Berth. */
    Map<String, Sandbox> attached();

    /** The namespaces of an attached pod. */
    Optional<Sandbox> sandbox(String podUid);

    /** What passed an attached pod's link, read now; empty when the pod is not attached. */
    Optional<LinkUse> use(String podUid);

    /**
     * Opens a TCP connection from inside a pod's network.
     *
     * @param host an address as seen from the pod, such as {@code 127.0.0.1}
     */
    Connection dialFromPod(String podUid, String host, int port) throws IOException;

    /**
     * Opens a TCP connection from inside a VPC's network. Waits as long as the system tries, or
     * until the thread is interrupted.
     */
    Connection dialFromVpc(String vpcId, String host, int port) throws IOException;

    /**
     * A VPC to lay out.
     *
     * @param id {@code vpc-…}
     * @param cidrs its address ranges
     * @param subnets its subnets
     */
    record Vpc(String id, List<String> cidrs, List<Subnet> subnets) {
        /** Copies the collections. */
        public Vpc {
            cidrs = List.copyOf(cidrs);
            subnets = List.copyOf(subnets);
        }
    }

    /**
     * A subnet.
     *
     * @param id {@code subnet-…}
     * @param cidr its range; the router is its second address
     * @param outside the ranges outside the VPC that its pods reach, through a NAT gateway
     */
    record Subnet(String id, String cidr, List<String> outside) {
        /** Copies the list. */
        public Subnet {
            outside = List.copyOf(outside);
        }

        /** A subnet whose pods reach nothing outside. */
        public Subnet(String id, String cidr) {
            this(id, cidr, List.of());
        }
    }

    /**
     * A pod to attach.
     *
     * @param podUid names its namespaces
     * @param vpcId where to
     * @param address its IPv4 address, in one of the VPC's subnets
     * @param hostname 1 to 63 characters
     * @param share what it has in common with its node, or null for a place of its own
     * @param cluster whose Services it finds where the VPC has several clusters, or null for those
     *     of the first
     * @param ownUsers whether it has users of its own, which its other namespaces belong to; then
     *     it shares nothing
     */
    record Attachment(
            String podUid,
            String vpcId,
            String address,
            String hostname,
            @Nullable NodeShare share,
            @Nullable String cluster,
            boolean ownUsers) {
        /** A pod with namespaces of its own. */
        public Attachment(String podUid, String vpcId, String address, String hostname) {
            this(podUid, vpcId, address, hostname, null, null, false);
        }

        /** A pod with the machine's users. */
        public Attachment(
                String podUid,
                String vpcId,
                String address,
                String hostname,
                @Nullable NodeShare share,
                @Nullable String cluster) {
            this(podUid, vpcId, address, hostname, share, cluster, false);
        }

        /** A pod of the first cluster in its VPC. */
        public Attachment(
                String podUid,
                String vpcId,
                String address,
                String hostname,
                @Nullable NodeShare share) {
            this(podUid, vpcId, address, hostname, share, null, false);
        }
    }

    /**
     * Namespaces that a pod has from its node, which is attached as a pod is.
     *
     * @param nodeId under which the node is attached
     * @param network whether it has the node's network, address and host name
     * @param ipc whether it has the node's IPC
     */
    record NodeShare(String nodeId, boolean network, boolean ipc) {}

    /**
     * A port of a node that leads to a pod's.
     *
     * @param address of the node, {@code 0.0.0.0} for all
     * @param protocol TCP, UDP or SCTP
     * @param nodePort 1 to 65535
     * @param podPort 1 to 65535
     */
    record PortLead(String address, String protocol, int nodePort, int podPort) {}

    /**
     * A pod's namespaces, as files to join.
     *
     * @param vpcId where it is attached
     * @param address its address
     * @param network the network namespace
     * @param ipc the IPC namespace
     * @param uts the host name's namespace
     * @param users its own users, or null with the machine's
     */
    record Sandbox(
            String vpcId,
            String address,
            Path network,
            Path ipc,
            Path uts,
            @Nullable PodUsers users) {
        /** Namespaces of a pod with the machine's users. */
        public Sandbox(String vpcId, String address, Path network, Path ipc, Path uts) {
            this(vpcId, address, network, ipc, uts, null);
        }
    }

    /** An open connection. */
    interface Connection extends AutoCloseable {
        /** What comes. */
        InputStream input();

        /** What goes. */
        OutputStream output();

        /** Tells the other side that no more will go, while more may come. */
        void shutdownOutput() throws IOException;

        @Override
        void close();
    }

    /** The network could not be changed. */
    final class NetworkFailed extends Exception {
        private static final long serialVersionUID = 1L;

        /** Says what was tried and what the system said. */
        public NetworkFailed(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }
}
