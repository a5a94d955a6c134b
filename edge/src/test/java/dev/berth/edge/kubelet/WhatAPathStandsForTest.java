package dev.berth.edge.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WhatAPathStandsForTest {
    @ParameterizedTest
    @CsvSource({
        "/metrics, metrics",
        "/metrics/cadvisor, metrics",
        "/metricsx, proxy",
        "/stats/summary, stats",
        "/logs/, log",
        "/checkpoint/a/b/c, checkpoint",
        "/pods, pods proxy",
        "/pods/, pods proxy",
        "/runningpods/, pods proxy",
        "/healthz, healthz proxy",
        "/healthz/ping, healthz proxy",
        "/configz, configz proxy",
        "/flagz, configz",
        "/statusz, statusz",
        "/exec/ns/pod/container, proxy",
        "/containerLogs/ns/pod/container, proxy",
        "/, proxy"
    })
    void a_path_is_a_subresource_of_nodes(String path, String subresources) {
        assertThat(String.join(" ", Guard.subresources(path))).isEqualTo(subresources);
    }

    @ParameterizedTest
    @CsvSource({"GET, get", "POST, create", "PUT, update", "PATCH, patch", "DELETE, delete"})
    void a_method_is_a_verb(String method, String verb) {
        assertThat(Guard.verb(method)).isEqualTo(verb);
    }
}
