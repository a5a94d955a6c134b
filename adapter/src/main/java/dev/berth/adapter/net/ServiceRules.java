package dev.berth.adapter.net;

import dev.berth.core.network.ServiceLead;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Ways to Services that depend on the node, as scripts for {@code nft}. They are looked at before
 * kube-proxy's rules, which know of one node only. Writing a script again replaces all that one
 * namespace has.
 */
final class ServiceRules {
    /** Removes what was there, also when nothing was. */
    private static final String NOTHING = "table ip berth_nodes\ndelete table ip berth_nodes\n";

    private static final String TABLE = NOTHING + "table ip berth_nodes {\n";

    /** Before kube-proxy, after ports of nodes that lead to pods. */
    private static final int PRIORITY = -105;

    private ServiceRules() {}

    /** The script for the namespace where a cluster's Services are. */
    static String ofServices(List<ServiceLead> leads) {
        if (leads.isEmpty()) {
            return NOTHING;
        }
        var script = new StringBuilder(TABLE);
        for (var hook : List.of("prerouting", "output")) {
            leading(script, hook, leads);
        }
        refusing(script, "forward", leads);
        script.append("  chain back {\n");
        script.append("    type nat hook postrouting priority srcnat - 10; policy accept;\n");
        for (var lead : leads) {
            if (lead.asNode() && !lead.targets().isEmpty()) {
                script.append("    ct status dnat meta l4proto ").append(protocol(lead));
                script.append(" ct original ip daddr ").append(lead.to());
                script.append(" ct original proto-dst ").append(lead.port());
                script.append(" snat to ").append(lead.to()).append('\n');
            }
        }
        return script.append("  }\n}\n").toString();
    }

    /** The script for a node's own namespace: what it sends to its own address. */
    static String ofNode(List<ServiceLead> leads) {
        if (leads.isEmpty()) {
            return NOTHING;
        }
        var script = new StringBuilder(TABLE);
        leading(script, "output", leads);
        refusing(script, "input", leads);
        return script.append("}\n").toString();
    }

    private static void leading(StringBuilder script, String hook, List<ServiceLead> leads) {
        script.append("  chain ").append(hook).append("_into {\n");
        script.append("    type nat hook ").append(hook);
        script.append(" priority ").append(PRIORITY).append("; policy accept;\n");
        for (var lead : leads) {
            if (!lead.targets().isEmpty()) {
                asked(script, lead);
                script.append(" dnat to ").append(targets(lead.targets())).append('\n');
            }
        }
        script.append("  }\n");
    }

    private static void refusing(StringBuilder script, String hook, List<ServiceLead> leads) {
        script.append("  chain nobody {\n    type filter hook ").append(hook);
        script.append(" priority filter - 5; policy accept;\n");
        for (var lead : leads) {
            if (lead.targets().isEmpty()) {
                asked(script, lead);
                script.append(lead.refuse() ? " reject\n" : " drop\n");
            }
        }
        script.append("  }\n");
    }

    private static void asked(StringBuilder script, ServiceLead lead) {
        script.append("    ");
        if (!lead.from().isEmpty()) {
            script.append("ip saddr { ").append(String.join(", ", lead.from())).append(" } ");
        }
        script.append("ip daddr ").append(lead.to()).append(' ').append(protocol(lead));
        script.append(" dport ").append(lead.port());
    }

    private static String targets(List<ServiceLead.Target> targets) {
        if (targets.size() == 1) {
            return targets.getFirst().address() + ":" + targets.getFirst().port();
        }
        return IntStream.range(0, targets.size())
                .mapToObj(number ->
                        number
                                + " : "
                                + targets.get(number).address()
                                + " . "
                                + targets.get(number).port())
                .collect(
                        Collectors.joining(
                                ", ", "numgen random mod " + targets.size() + " map { ", " }"));
    }

    private static String protocol(ServiceLead lead) {
        return lead.protocol().toLowerCase(Locale.ROOT);
    }
}
