package dev.berth.engine.clusters;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.port.KubeApi.Service;
import dev.berth.testkit.FakeKubeApi;
import dev.berth.testkit.FakeTime;
import java.util.List;
import org.junit.jupiter.api.Test;

class TheMetricsApiGivesWayTest {
    private final FakeKubeApi api = new FakeKubeApi(new FakeTime()::now);

    @Test
    void a_new_cluster_gets_the_api_and_then_the_mark_that_it_did() throws Exception {
        MetricsObjects.ensure(api);
        assertThat(api.created()).hasSize(2);
        assertThat(api.created().getFirst())
                .contains("name: v1beta1.metrics.k8s.io", "insecureSkipTLSVerify: true");
        assertThat(api.created().getLast())
                .contains("kind: Service\n", "externalName: " + MetricsObjects.HOST);
        assertThat(api.applied()).isEmpty();
    }

    @Test
    void a_cluster_that_had_it_is_left_to_its_users() throws Exception {
        api.putService("kube-system", new Service("berth-metrics", "None", List.of()));
        MetricsObjects.ensure(api);
        assertThat(api.created()).isEmpty();
    }

    @Test
    void helm_finds_the_marks_that_it_takes_over_by() throws Exception {
        MetricsObjects.ensure(api);
        assertThat(api.created().getFirst())
                .contains(
                        "app.kubernetes.io/managed-by: Helm",
                        "meta.helm.sh/release-name: metrics-server",
                        "meta.helm.sh/release-namespace: kube-system");
    }
}
