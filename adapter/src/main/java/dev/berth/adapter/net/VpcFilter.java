package dev.berth.adapter.net;

import dev.berth.port.PodNetwork.Vpc;
import java.util.List;
import java.util.Optional;

/**
 * What may leave a VPC by its link to the host, as a script for {@code nft}: answers; and what a
 * subnet's routes send through a NAT gateway, though never to the host's own end of the link.
 * Writing it again replaces it as a whole.
 *
 * <p>And what a pod sends to itself by a Service comes back with an address of the VPC as its
 * sender, or the pod would not answer. kube-proxy sees to that for pods of its own node only, and
 * here no pod is on its node. A filter cannot compare two addresses, but it can look up a pair in a
 * set that holds nothing but pairs of the same address twice.
 *
 * <p>And what goes to a kubelet's port is led to {@link NodePort}.
 */
final class VpcFilter {
    private static final String HAIRPIN =
            """
              set itself {
                type ipv4_addr . ipv4_addr
                flags dynamic,timeout
                timeout 1m
                size 65535
              }
              chain hairpin {
                type nat hook postrouting priority srcnat - 5; policy accept;
                ct status dnat update @itself { ip saddr . ip saddr }
                ct status dnat ip saddr . ip daddr @itself masquerade fully-random
              }
            """;

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
        script.append("    drop\n  }\n").append(HAIRPIN);
        nodes(vpc.cidrs(), script);
        return script.append("}\n").toString();
    }

    /**
     * What a quarter does for its pods by itself. Where another cluster's Services are in the VPC's
     * own network, nothing goes that would meet them.
     */
    static String ofQuarter(List<String> cidrs, Optional<String> servicesOfVpc) {
        var script = new StringBuilder();
        script.append("table ip berth\ndelete table ip berth\ntable ip berth {\n");
        servicesOfVpc.ifPresent(range -> {
            script.append("  chain forward {\n");
            script.append("    type filter hook forward priority filter; policy accept;\n");
            script.append("    oifname \"").append(Quarter.LINK).append("\" ip daddr ");
            script.append(range).append(" drop\n  }\n");
        });
        script.append(HAIRPIN);
        nodes(cidrs, script);
        return script.append("}\n").toString();
    }

    /** Leads the kubelets' port of every address to the listener for all of them. */
    private static void nodes(List<String> cidrs, StringBuilder script) {
        script.append("  chain nodes {\n");
        script.append("    type nat hook prerouting priority dstnat - 10; policy accept;\n");
        for (var number = 0; number < cidrs.size(); number++) {
            var range = Cidr.parse(cidrs.get(number));
            script.append("    ip daddr ").append(range);
            script.append(" tcp dport ").append(NodePort.PORT);
            script.append(" dnat ip prefix to ip daddr map { ").append(range);
            script.append(" : ").append(NodePort.shadow(number, range)).append(" }\n");
        }
        script.append("  }\n");
    }
}
