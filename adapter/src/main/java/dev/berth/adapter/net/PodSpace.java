package dev.berth.adapter.net;

import dev.berth.adapter.libc.Libc;
import dev.berth.port.PodNetwork.Attachment;
import dev.berth.port.PodNetwork.NodeShare;
import dev.berth.port.PodNetwork.Sandbox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * An attached pod's namespaces and its link.
 *
 * @param link the VPC's side of its link, or empty with its node's network
 * @param quarter where that side is, or null for the VPC itself
 */
record PodSpace(Sandbox sandbox, String link, @Nullable Quarter quarter) {
    /**
     * Makes it, on a thread of its own, which ends in the pod's namespaces.
     *
     * @param folder its own; what is there is taken away
     * @param node whose namespaces are shared, or null
     * @param link a name for the VPC's side of its link, unused there
     */
    static PodSpace make(
            Attachment attachment,
            Path folder,
            VpcSpace vpc,
            @Nullable Sandbox node,
            OwnUsers ownUsers,
            String link)
            throws IOException {
        var address = Cidr.address(attachment.address());
        NamespaceFiles.discard(folder);
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
        var quarter = vpc.quarter(attachment.cluster());
        var netlink = vpc.netlink(quarter);
        if (users != null) {
            enter(sandbox.network(), Libc.CLONE_NEWNET);
            enter(sandbox.uts(), Libc.CLONE_NEWUTS);
        } else if (!makeNamespaces(sandbox, attachment.share(), node)) {
            return kept(folder, new PodSpace(sandbox, "", null));
        }
        Libc.sethostname(attachment.hostname());
        NamespaceFiles.setting("ipv6/conf/default/disable_ipv6", "1");

        var podMac = NamespaceFiles.mac(0x70, address);
        var vpcMac = NamespaceFiles.mac(0x76, address);
        var fd = Libc.open(sandbox.network().toString(), Libc.O_RDONLY);
        try {
            netlink.addVeth(link, vpcMac, "eth0", podMac, fd, VpcSpace.MTU);
        } finally {
            Libc.close(fd);
        }
        try (var pod = new Rtnetlink()) {
            pod.up(Rtnetlink.LOOPBACK);
            var index = NamespaceFiles.index(pod, "eth0");
            pod.addAddress(index, address);
            pod.up(index);
            pod.routeToLink(new Cidr(VpcSpace.GATEWAY, 32), index);
            pod.routeVia(VpcSpace.EVERYWHERE, VpcSpace.GATEWAY, index, 0);
            pod.neighbour(index, VpcSpace.GATEWAY, vpcMac);
        }
        var index = NamespaceFiles.index(netlink, link);
        netlink.up(index);
        netlink.neighbour(index, address, podMac);
        netlink.routeToLink(new Cidr(address, 32), index);
        return kept(folder, new PodSpace(sandbox, link, quarter));
    }

    /** False when the network is the node's, and so nothing more is to be made. */
    private static boolean makeNamespaces(
            Sandbox sandbox, @Nullable NodeShare share, @Nullable Sandbox node) throws IOException {
        var own = share == null || !share.network();
        var ownIpc = share == null || !share.ipc();
        Libc.unshare(
                (own ? Libc.CLONE_NEWNET | Libc.CLONE_NEWUTS : 0)
                        | (ownIpc ? Libc.CLONE_NEWIPC : 0));
        if (ownIpc) {
            NamespaceFiles.bind("ipc", sandbox.ipc());
        } else {
            NamespaceFiles.bind(shared(node).ipc(), sandbox.ipc());
        }
        if (!own) {
            NamespaceFiles.bind(shared(node).network(), sandbox.network());
            NamespaceFiles.bind(shared(node).uts(), sandbox.uts());
            return false;
        }
        NamespaceFiles.bind("net", sandbox.network());
        NamespaceFiles.bind("uts", sandbox.uts());
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

    private static Sandbox shared(@Nullable Sandbox node) throws IOException {
        if (node == null) {
            throw new IOException("there is no node whose namespaces could be shared");
        }
        return node;
    }

    private static PodSpace kept(Path folder, PodSpace pod) throws IOException {
        pod.write(folder, null);
        return pod;
    }

    /**
     * Writes down what a later life has to know.
     *
     * @param led the ports of its node that lead to it, or null
     */
    void write(Path folder, PortLeads.@Nullable Led led) throws IOException {
        var properties = new Properties();
        properties.setProperty("vpc", sandbox.vpcId());
        properties.setProperty("address", sandbox.address());
        properties.setProperty("link", link);
        if (quarter != null) {
            properties.setProperty("quarter", quarter.cluster());
        }
        var users = sandbox.users();
        if (users != null) {
            properties.setProperty("users", Long.toString(users.firstId()));
        }
        if (led != null) {
            properties.setProperty("leads", PortLeads.written(led));
        }
        NamespaceFiles.write(folder.resolve("state"), properties);
    }

    /**
     * Takes the route away at once, so that the address is free; the kernel removes the links a
     * little later, many at a time, when it ends the namespace. Removing them here would take 30
     * milliseconds for each and keep other pods' links waiting.
     */
    void removeRoute(VpcSpace vpc) throws IOException {
        if (link.isEmpty()) {
            return;
        }
        var address = Cidr.address(sandbox.address());
        if (quarter != null) {
            quarter.answerNoLongerFor(address);
        }
        var netlink = vpc.netlink(quarter);
        var index = netlink.index(link);
        if (index.isPresent()) {
            netlink.removeRoute(new Cidr(address, 32), index.getAsInt());
        }
    }
}
