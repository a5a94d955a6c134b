package dev.berth.adapter.net;

import dev.berth.port.PodNetwork.PortLead;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Ports of nodes that lead to pods, as scripts for {@code nft}. What comes from elsewhere is
 * translated in the VPC, before it would reach the node; what the node's own network sends to
 * itself, there. Writing a script again replaces all that one namespace has.
 */
final class PortLeads {
    private static final String TABLE =
            "table ip berth_ports\ndelete table ip berth_ports\ntable ip berth_ports {\n";

    /** Ten before translations of destinations, whose name nft takes at one hook only. */
    private static final int PRIORITY = -110;

    private static final String EVERYWHERE = "0.0.0.0";
    private static final String LOOPBACK = "127.";

    private PortLeads() {}

    /**
     * A pod that a node's ports lead to.
     *
     * @param nodeId under which the node is attached
     * @param nodeAddress its address
     * @param podAddress the pod's address
     * @param leads which ports lead where
     */
    record Led(String nodeId, String nodeAddress, String podAddress, List<PortLead> leads) {
        Led {
            leads = List.copyOf(leads);
        }
    }

    /** The script for a VPC's namespace, with all pods there. */
    static String ofVpc(List<Led> all) {
        var script = new StringBuilder(TABLE);
        for (var hook : List.of("prerouting", "output")) {
            chain(script, hook);
            for (var led : all) {
                for (var lead : led.leads()) {
                    if (!lead.address().startsWith(LOOPBACK)) {
                        rule(script, led, lead, led.nodeAddress());
                    }
                }
            }
            script.append("  }\n");
        }
        return script.append("}\n").toString();
    }

    /** The script for a node's namespace, with the pods that its ports lead to. */
    static String ofNode(List<Led> all) {
        var script = new StringBuilder(TABLE);
        chain(script, "output");
        for (var led : all) {
            for (var lead : led.leads()) {
                var to =
                        lead.address().equals(EVERYWHERE)
                                ? "{ " + led.nodeAddress() + ", 127.0.0.0/8 }"
                                : lead.address();
                rule(script, led, lead, to);
            }
        }
        script.append("  }\n  chain back {\n");
        script.append("    type nat hook postrouting priority srcnat; policy accept;\n");
        script.append("    ct status dnat ip saddr 127.0.0.0/8 masquerade\n  }\n");
        return script.append("}\n").toString();
    }

    /** Before kube-proxy looks at the packet. */
    private static void chain(StringBuilder script, String hook) {
        script.append("  chain ").append(hook).append("_leads {\n");
        script.append("    type nat hook ").append(hook);
        script.append(" priority ").append(PRIORITY).append("; policy accept;\n");
    }

    private static void rule(StringBuilder script, Led led, PortLead lead, String to) {
        script.append("    ip daddr ").append(to).append(' ');
        script.append(lead.protocol().toLowerCase(Locale.ROOT));
        script.append(" dport ").append(lead.nodePort());
        script.append(" dnat to ").append(led.podAddress());
        script.append(':').append(lead.podPort()).append('\n');
    }

    /** Pods in an order that is always the same. */
    static List<Led> sorted(Map<String, Led> byPod) {
        return List.copyOf(new TreeMap<>(byPod).values());
    }

    /** One line that {@link #read} understands. */
    static String written(Led led) {
        return led.nodeId()
                + " "
                + led.nodeAddress()
                + led.leads().stream()
                        .sorted(Comparator.comparing(PortLead::toString))
                        .map(lead ->
                                " "
                                        + String.join(
                                                "/",
                                                lead.address(),
                                                lead.protocol(),
                                                String.valueOf(lead.nodePort()),
                                                String.valueOf(lead.podPort())))
                        .collect(Collectors.joining());
    }

    static Led read(String line, String podAddress) {
        var words = line.split(" ", -1);
        return new Led(
                words[0],
                words[1],
                podAddress,
                Arrays.stream(words, 2, words.length)
                        .map(word -> word.split("/", -1))
                        .map(parts ->
                                new PortLead(
                                        parts[0],
                                        parts[1],
                                        Integer.parseInt(parts[2]),
                                        Integer.parseInt(parts[3])))
                        .toList());
    }
}
