package dev.berth.core.pod;

import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.EtcTexts.Dns;
import dev.berth.core.pod.EtcTexts.Resolver;
import dev.berth.core.pod.PodSpec.DnsConfig;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TextsUnderEtcTest {
    private static final Dns DNS =
            new Dns(
                    "10.100.0.10",
                    "cluster.local",
                    new Resolver(
                            List.of("172.16.0.2"),
                            List.of("eu-west-1.compute.internal"),
                            List.of()));

    @Test
    void names_are_looked_up_in_the_cluster_first() {
        assertThat(EtcTexts.resolver(aPod().in("shop").build(), DNS).text())
                .isEqualTo(
                        """
                        search shop.svc.cluster.local svc.cluster.local cluster.local eu-west-1.compute.internal
                        nameserver 10.100.0.10
                        options ndots:5
                        """);
    }

    @Test
    void the_policy_Default_is_the_nodes_own() {
        assertThat(EtcTexts.resolver(aPod().dns("Default", null).build(), DNS).text())
                .isEqualTo("search eu-west-1.compute.internal\nnameserver 172.16.0.2\n");
    }

    @Test
    void the_policy_None_is_only_what_the_pod_says() {
        var config = new DnsConfig(List.of("1.1.1.1"), List.of("example.org"), List.of("ndots:2"));
        assertThat(EtcTexts.resolver(aPod().dns("None", config).build(), DNS).text())
                .isEqualTo("search example.org\nnameserver 1.1.1.1\noptions ndots:2\n");
    }

    @Test
    void additions_are_merged_and_options_replaced() {
        var config =
                new DnsConfig(
                        List.of("10.100.0.10", "1.1.1.1"),
                        List.of("svc.cluster.local", "example.org"),
                        List.of("ndots:2", "edns0"));
        assertThat(EtcTexts.resolver(aPod().dns("ClusterFirst", config).build(), DNS))
                .isEqualTo(
                        new Resolver(
                                List.of("10.100.0.10", "1.1.1.1"),
                                List.of(
                                        "default.svc.cluster.local",
                                        "svc.cluster.local",
                                        "cluster.local",
                                        "eu-west-1.compute.internal",
                                        "example.org"),
                                List.of("ndots:2", "edns0")));
    }

    @Test
    void more_than_the_resolver_bears_is_left_out() {
        var config =
                new DnsConfig(
                        List.of("1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"),
                        IntStream.range(0, 40).mapToObj(number -> "d" + number).toList(),
                        List.of());
        var resolver = EtcTexts.resolver(aPod().dns("None", config).build(), DNS);
        assertThat(resolver.nameservers()).hasSize(3);
        assertThat(resolver.searches()).hasSize(32);
    }

    @Test
    void a_resolv_conf_is_read_with_its_last_lines() {
        assertThat(
                        Resolver.parse(
                                """
                                # made by hand
                                search old.example
                                nameserver 172.16.0.2
                                search a.example. b.example .
                                options timeout:2 attempts:3
                                nameserver 172.16.0.3
                                """))
                .isEqualTo(
                        new Resolver(
                                List.of("172.16.0.2", "172.16.0.3"),
                                List.of("a.example", "b.example"),
                                List.of("timeout:2", "attempts:3")));
    }

    @Test
    void hosts_knows_the_pod_by_its_name() {
        assertThat(EtcTexts.hosts(aPod().named("web").build(), "172.16.1.10", "cluster.local"))
                .isEqualTo(
                        """
                        # Kubernetes-managed hosts file.
                        127.0.0.1\tlocalhost
                        ::1\tlocalhost ip6-localhost ip6-loopback
                        fe00::0\tip6-localnet
                        fe00::0\tip6-mcastprefix
                        fe00::1\tip6-allnodes
                        fe00::2\tip6-allrouters
                        172.16.1.10\tweb
                        """);
    }

    @Test
    void hosts_knows_a_subdomain_and_aliases() {
        var pod =
                aPod().hostname("db", "data")
                        .hostAlias("10.0.0.1", "foo.local", "bar.local")
                        .build();
        assertThat(EtcTexts.hosts(pod, "172.16.1.10", "cluster.local"))
                .endsWith(
                        """
                        172.16.1.10\tdb.data.default.svc.cluster.local\tdb

                        # Entries added by HostAliases.
                        10.0.0.1\tfoo.local\tbar.local
                        """);
    }

    @Test
    void a_host_name_is_cut_to_what_the_kernel_bears() {
        assertThat(EtcTexts.hostname(aPod().named("a".repeat(62) + "-bcd").build()))
                .isEqualTo("a".repeat(62));
        assertThat(EtcTexts.hostname(aPod().named("web").build())).isEqualTo("web");
        assertThat(
                        EtcTexts.hostnameInside(
                                aPod().hostname("db", "data").setHostnameAsFqdn().build(),
                                "cluster.local"))
                .isEqualTo("db.data.default.svc.cluster.local");
    }
}
