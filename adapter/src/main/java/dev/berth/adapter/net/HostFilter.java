package dev.berth.adapter.net;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This instance's one table of packet filters on the host, {@code inet berth_INSTANCE}: nothing
 * that comes from a VPC reaches the host itself but answers, nothing goes from VPC to VPC or comes
 * in from elsewhere, and what leaves takes the host's address. It matches the instance's own links
 * only. Where {@code nft} is missing, no VPC can be laid out.
 */
final class HostFilter {
    private static final Logger log = LoggerFactory.getLogger(HostFilter.class);
    private static final Path FORWARDING = Path.of("/proc/sys/net/ipv4/ip_forward");

    /** There when a Berth of this machine has turned forwarding on, and not yet off. */
    private static final Path MARKER = Path.of("/run/berth/forwarding-was-off");

    private final String table;
    private final String links;

    /**
     * A table that is not there yet.
     *
     * @param linkPrefix how its links' names begin
     */
    HostFilter(String instance, String linkPrefix) {
        this.table = "inet berth_" + instance.replaceAll("[^A-Za-z0-9]", "_");
        this.links = "\"" + linkPrefix + "*\"";
    }

    /** Writes the table, in place of an earlier one. */
    void write() throws IOException {
        Nft.run(null, script(table, links));
    }

    static String script(String table, String links) {
        return """
        table TABLE
        delete table TABLE
        table TABLE {
          chain input {
            type filter hook input priority filter; policy accept;
            iifname LINKS ct state established,related accept
            iifname LINKS drop
          }
          chain forward {
            type filter hook forward priority filter; policy accept;
            iifname LINKS oifname LINKS drop
            oifname LINKS ct state established,related accept
            oifname LINKS drop
          }
          chain leave {
            type nat hook postrouting priority srcnat; policy accept;
            iifname LINKS masquerade
          }
        }
        """
                .replace("TABLE", table)
                .replace("LINKS", links);
    }

    /**
     * Lets the host forward, which a way out of a VPC needs; most hosts with containers do already.
     */
    void forward() throws IOException {
        if (Files.readString(FORWARDING).strip().equals("0")) {
            Files.writeString(MARKER, "");
            Files.writeString(FORWARDING, "1");
            log.info("this machine forwards packets now, for NAT gateways");
        }
    }

    /**
     * Removes the table, and sets forwarding back if it was off and no other Berth is there.
     *
     * @param left the links that are left on the host
     */
    void remove(List<String> left) throws IOException {
        Nft.run(null, "table " + table + "\ndelete table " + table + "\n");
        if (left.stream().noneMatch(link -> link.startsWith("brh"))
                && Files.deleteIfExists(MARKER)) {
            Files.writeString(FORWARDING, "0");
            log.info("this machine forwards no packets any more");
        }
    }
}
