package dev.berth.adapter.net;

import dev.berth.port.PodNetwork.Vpc;

/**
 * What may leave a VPC by its link to the host, as a script for {@code nft}: answers; and what a
 * subnet's routes send through a NAT gateway, though never to the host's own end of the link.
 * Writing it again replaces it as a whole.
 */
final class VpcFilter {
    private VpcFilter() {}

    /** The script; the same for the same VPC. */
    static String of(Vpc vpc, String hostLink) {
        var script = new StringBuilder();
        script.append("table ip berth\ndelete table ip berth\ntable ip berth {\n");
        script.append("  chain forward {\n");
        script.append("    type filter hook forward priority filter; policy accept;\n");
        script.append("    oifname \"").append(hostLink).append("\" jump leave\n  }\n");
        script.append("  chain leave {\n");
        script.append("    ct state established,related accept\n");
        script.append("    ip daddr 169.254.0.0/16 drop\n");
        for (var subnet : vpc.subnets()) {
            for (var outside : subnet.outside()) {
                var source = Cidr.parse(subnet.cidr());
                script.append("    ip saddr ").append(source);
                script.append(" ip daddr ").append(Cidr.parse(outside)).append(" accept\n");
            }
        }
        return script.append("    drop\n  }\n}\n").toString();
    }
}
