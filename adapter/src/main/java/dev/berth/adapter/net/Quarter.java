package dev.berth.adapter.net;

import dev.berth.adapter.libc.Libc;
import dev.berth.adapter.libc.Namespaces;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The part of a VPC's network that a further cluster there has to itself: a network namespace of
 * its own between the VPC's and the cluster's pods, with a table of Services of its own. The VPC
 * routes the addresses of those pods to it, and it routes everything else to the VPC. The first
 * cluster of a VPC needs none.
 */
final class Quarter implements AutoCloseable {
    /** The quarter's side of its link to the VPC. */
    static final String LINK = "vpc";

    /** The VPC's side, as the quarter sees it. */
    private static final int VPC = Cidr.address("169.254.1.1");

    /** The quarter's side, as the VPC sees it. */
    private static final int HERE = Cidr.address("169.254.1.3");

    private static final Cidr EVERYWHERE = new Cidr(0, 0);
    private static final int MTU = 1500;

    private final String cluster;
    private final Path namespace;
    private final String link;
    private final Rtnetlink vpc;
    private final int linkInVpc;
    private final Rtnetlink netlink;
    private final SocketStock sockets;
    private volatile String filter = "";

    private Quarter(String cluster, Path namespace, String link, Rtnetlink vpc) throws IOException {
        this.cluster = cluster;
        this.namespace = namespace;
        this.link = link;
        this.vpc = vpc;
        this.linkInVpc =
                vpc.index(link)
                        .orElseThrow(() -> new IOException("link " + link + " is not there"));
        this.netlink = Namespaces.inside(namespace, Libc.CLONE_NEWNET, Rtnetlink::new);
        this.sockets = new SocketStock(namespace);
    }

    /**
     * Lays out a fresh namespace.
     *
     * @param link a name for the VPC's side of the link between them, unused there
     */
    static Quarter make(String cluster, Path namespace, String link, Rtnetlink vpc)
            throws IOException {
        var number = link.hashCode();
        var vpcMac = NamespaceFiles.mac(0x76, number);
        var mac = NamespaceFiles.mac(0x71, number);
        var fd = Libc.open(namespace.toString(), Libc.O_RDONLY);
        try {
            vpc.addVeth(link, vpcMac, LINK, mac, fd, MTU);
        } finally {
            Libc.close(fd);
        }
        var quarter = new Quarter(cluster, namespace, link, vpc);
        vpc.up(quarter.linkInVpc);
        vpc.neighbour(quarter.linkInVpc, HERE, mac);
        var inside =
                quarter.netlink
                        .index(LINK)
                        .orElseThrow(() -> new IOException("link " + LINK + " is not there"));
        quarter.netlink.up(inside);
        quarter.netlink.routeToLink(new Cidr(VPC, 32), inside);
        quarter.netlink.neighbour(inside, VPC, vpcMac);
        quarter.netlink.routeVia(EVERYWHERE, VPC, inside, 0);
        return quarter;
    }

    /** One of an earlier life. */
    static Quarter found(String cluster, Path namespace, String link, Rtnetlink vpc)
            throws IOException {
        return new Quarter(cluster, namespace, link, vpc);
    }

    String cluster() {
        return cluster;
    }

    Path namespace() {
        return namespace;
    }

    String link() {
        return link;
    }

    Rtnetlink netlink() {
        return netlink;
    }

    SocketStock sockets() {
        return sockets;
    }

    /** Lets the VPC find an address here. */
    void answerFor(int address) throws IOException {
        vpc.routeVia(new Cidr(address, 32), HERE, linkInVpc, 0);
    }

    /** The VPC looks for the address here no longer. */
    void answerNoLongerFor(int address) throws IOException {
        vpc.removeRoute(new Cidr(address, 32), linkInVpc);
    }

    /** Writes the filter if it is another than before. */
    void filter(String script) throws IOException {
        if (!script.equals(filter)) {
            Nft.run(namespace, script);
            filter = script;
        }
    }

    /** Takes the link away, and so the way to it. */
    void unlink() throws IOException {
        vpc.removeLink(link);
    }

    /** Lets go of the namespace. */
    @Override
    public void close() {
        netlink.close();
        try {
            sockets.close();
        } catch (IOException ignored) {
            // They are closed for us all the same.
        }
    }
}
