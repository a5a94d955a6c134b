package dev.berth.adapter.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.berth.port.Images.PullFailed;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageReferenceTest {
    private static final String HEX =
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    @ParameterizedTest
    @CsvSource({
        "nginx, docker.io/library/nginx:latest",
        "nginx:1.22, docker.io/library/nginx:1.22",
        "library/nginx, docker.io/library/nginx:latest",
        "bitnami/nginx, docker.io/bitnami/nginx:latest",
        "docker.io/nginx, docker.io/library/nginx:latest",
        "index.docker.io/nginx, docker.io/library/nginx:latest",
        "index.docker.io/library/nginx:a, docker.io/library/nginx:a",
        "registry.k8s.io/pause:3.10, registry.k8s.io/pause:3.10",
        "localhost/nginx, localhost/nginx:latest",
        "localhost:5000/nginx, localhost:5000/nginx:latest",
        "127.0.0.1:5000/a/b/c:1, 127.0.0.1:5000/a/b/c:1",
        "[::1]:5000/a, [::1]:5000/a:latest",
        "Reg/nginx, Reg/nginx:latest",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1, "
                + "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1",
        "a__b--c/d.e_f:T-1._, docker.io/a__b--c/d.e_f:T-1._",
        "nginx@sha256:" + HEX + ", docker.io/library/nginx@sha256:" + HEX,
        "nginx:1@sha256:" + HEX + ", docker.io/library/nginx@sha256:" + HEX
    })
    void a_name_means_what_docker_means_by_it(String text, String full) throws Exception {
        assertThat(ImageReference.parse(text)).hasToString(full);
        assertThat(ImageReference.parse(full)).hasToString(full);
    }

    @ParameterizedTest
    @CsvSource({
        "'', invalid reference format",
        "':tag', invalid reference format",
        "'nginx:', invalid reference format",
        "'nginx:-a', invalid reference format",
        "'nginx@latest', invalid reference format",
        "'a//b', invalid reference format",
        "'-nginx', invalid reference format",
        "'nginx ', invalid reference format",
        "'../../etc', invalid reference format",
        "'a..b', invalid reference format",
        "'https://docker.io/nginx', invalid reference format",
        "'Nginx', invalid reference format: repository name (library/Nginx) must be lowercase",
        "'docker.io/Nginx', "
                + "invalid reference format: repository name (library/Nginx) must be lowercase",
        "'nginx@sha256:0123456789abcdef0123456789abcdef', invalid checksum digest length",
        "'nginx@md5:0123456789abcdef0123456789abcdef', unsupported digest algorithm",
        HEX + ", invalid repository name (" + HEX + ") cannot specify 64-byte hexadecimal strings"
    })
    void what_is_not_a_name_is_refused_in_the_kubelet_s_words(String text, String reason) {
        PullFailed failed =
                catchThrowableOfType(PullFailed.class, () -> ImageReference.parse(text));
        assertThat(failed.why()).isEqualTo(PullFailed.Why.INVALID_NAME);
        assertThat(failed.getMessage().replace("), cannot", ") cannot"))
                .isEqualTo(
                        "Failed to apply default image tag \""
                                + text
                                + "\": couldn't parse image name \""
                                + text
                                + "\": "
                                + reason);
    }

    @ParameterizedTest
    @CsvSource({"127, ''", "128, ''", "129, invalid reference format"})
    void a_tag_has_at_most_128_letters(int length, String reason) {
        PullFailed failed =
                catchThrowableOfType(
                        PullFailed.class,
                        () -> ImageReference.parse("nginx:" + "a".repeat(length)));
        if (reason.isEmpty()) {
            assertThat(failed).isNull();
        } else {
            assertThat(failed.getMessage()).endsWith(reason);
        }
    }
}
