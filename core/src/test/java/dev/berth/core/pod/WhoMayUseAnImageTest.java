package dev.berth.core.pod;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.PullAccess.SecretUse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class WhoMayUseAnImageTest {
    private static final SecretUse ONE = new SecretUse("u1", "default", "one", "hash1");
    private static final SecretUse OTHER = new SecretUse("u2", "other", "two", "hash2");

    @Test
    void a_pod_must_show_the_same_secret_or_the_same_credential() {
        var access = PullAccess.with(ONE);
        assertThat(access.allows(List.of())).isFalse();
        assertThat(access.allows(List.of(OTHER))).isFalse();
        assertThat(access.allows(List.of(OTHER, ONE))).isTrue();
        assertThat(access.allows(List.of(new SecretUse("u1", "default", "one", "changed"))))
                .isTrue();
        assertThat(access.allows(List.of(new SecretUse("u3", "other", "copy", "hash1")))).isTrue();
        assertThat(PullAccess.EVERY_POD.allows(List.of())).isTrue();
    }

    @Test
    void an_unknown_credential_is_like_no_other() {
        var access = PullAccess.with(new SecretUse("u1", "default", "one", ""));
        assertThat(access.allows(List.of(new SecretUse("u2", "default", "two", "")))).isFalse();
    }

    @Test
    void what_was_pulled_twice_is_for_both_and_at_last_for_all() {
        var both = PullAccess.with(ONE).and(PullAccess.with(OTHER));
        assertThat(both.allows(List.of(ONE)) && both.allows(List.of(OTHER))).isTrue();
        assertThat(both.and(PullAccess.EVERY_POD)).isEqualTo(PullAccess.EVERY_POD);
        var changed =
                PullAccess.with(ONE)
                        .and(PullAccess.with(new SecretUse("u1", "default", "one", "new")));
        assertThat(changed.secrets()).hasSize(1);
    }

    private static List<String> users(String auths, String image) {
        var entries = new StringBuilder();
        for (var each : auths.split(" ", -1)) {
            entries.append(entries.isEmpty() ? "" : ",")
                    .append(
                            "\"%s\": {\"username\": \"%s\", \"password\": \"p\"}"
                                    .formatted(each, each));
        }
        return PullSecrets.logins(("{\"auths\": {" + entries + "}}").getBytes(UTF_8), image)
                .stream()
                .map(PullSecrets.Login::username)
                .toList();
    }

    @Test
    void credentials_are_chosen_by_host_port_and_path_the_most_particular_first() {
        assertThat(users("quay.io quay.io/coreos quay.io/core gcr.io", "quay.io/coreos/etcd:1"))
                .containsExactly("quay.io/coreos", "quay.io/core", "quay.io");
        assertThat(users("r.example r.example:5000", "r.example:5000/web"))
                .containsExactly("r.example:5000");
        assertThat(
                        users(
                                "*.dkr.ecr.*.amazonaws.com",
                                "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:"
                                        + "a".repeat(64)))
                .hasSize(1);
        assertThat(users("*.example", "a.b.example/web")).isEmpty();
        assertThat(users("reg*.exa?ple", "registry.example/web")).hasSize(1);
    }

    @Test
    void docker_hub_has_many_names() {
        for (var name :
                List.of(
                        "https://index.docker.io/v1/",
                        "index.docker.io",
                        "docker.io",
                        "https://docker.io/library")) {
            assertThat(users(name, "nginx")).as(name).containsExactly(name);
        }
        assertThat(users("https://index.docker.io/v1/", "me/web:1")).hasSize(1);
        assertThat(users("https://index.docker.io/v1/", "quay.io/web")).isEmpty();
    }

    @Test
    void a_name_in_full_has_neither_tag_nor_digest() {
        Map.of(
                        "nginx",
                        "docker.io/library/nginx",
                        "nginx:1.2",
                        "docker.io/library/nginx",
                        "me/web@sha256:" + "0".repeat(64),
                        "docker.io/me/web",
                        "localhost:5000/web:1",
                        "localhost:5000/web",
                        "docker.io/nginx",
                        "docker.io/library/nginx",
                        "index.docker.io/nginx",
                        "docker.io/library/nginx")
                .forEach(
                        (image, name) -> assertThat(PullSecrets.repository(image)).isEqualTo(name));
    }

    @Test
    void no_pattern_takes_long() {
        assertThat(PullSecrets.matchesHost("*a".repeat(60) + "b", "a".repeat(200))).isFalse();
    }
}
