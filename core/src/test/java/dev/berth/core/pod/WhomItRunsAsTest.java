package dev.berth.core.pod;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WhomItRunsAsTest {
    private static final String PASSWD =
            "root:x:0:0:root:/root:/bin/sh\nnginx:x:101:102:nginx:/nonexistent:/bin/false\n";
    private static final String GROUP = "root:x:0:\nnginx:x:102:\nssl:x:300:nginx,other\n";

    private static PodSecurity pod(
            @Nullable Long user,
            @Nullable Long group,
            @Nullable Boolean nonRoot,
            @Nullable Long fs) {
        return new PodSecurity(user, group, nonRoot, List.of(), fs, null, Map.of(), null);
    }

    private static ProcessIdentity of(PodSecurity security, String imageUser) throws ConfigProblem {
        return ProcessIdentity.of(
                aPod().security(security).build(), aContainer().build(), imageUser, PASSWD, GROUP);
    }

    @ParameterizedTest
    @CsvSource({
        "'', 0, 0",
        "0, 0, 0",
        "nginx, 101, 102",
        "101, 101, 102",
        "777, 777, 0",
        "777:300, 777, 300",
        "nginx:ssl, 101, 300",
        "0:0, 0, 0"
    })
    void the_images_user_is_looked_up_in_the_image(String user, long uid, long gid)
            throws Exception {
        var identity = of(PodSecurity.NONE, user);
        assertThat(identity.uid()).isEqualTo(uid);
        assertThat(identity.gid()).isEqualTo(gid);
    }

    @Test
    void a_named_user_has_the_groups_the_image_gives_it() throws Exception {
        assertThat(of(PodSecurity.NONE, "nginx").additionalGids()).containsExactly(300L);
    }

    @Test
    void a_strict_pod_gives_no_groups_but_its_own() throws Exception {
        var strict =
                new PodSecurity(
                        null,
                        null,
                        null,
                        List.of(400L),
                        null,
                        null,
                        Map.of(),
                        null,
                        "Strict",
                        null,
                        false);
        assertThat(of(strict, "nginx")).isEqualTo(new ProcessIdentity(101, 102, List.of(400L)));
    }

    @Test
    void the_pods_numbers_count_before_the_images() throws Exception {
        assertThat(of(pod(1000L, 2000L, null, 3000L), "nginx"))
                .isEqualTo(new ProcessIdentity(1000, 2000, List.of(3000L)));
        assertThat(of(pod(101L, null, null, null), ""))
                .isEqualTo(new ProcessIdentity(101, 102, List.of(300L)));
    }

    @Test
    void the_containers_numbers_count_before_the_pods() throws Exception {
        var says =
                new Container.Security(
                        false, null, 5L, 6L, null, false, List.of(), List.of(), null, null);
        assertThat(
                        ProcessIdentity.of(
                                aPod().security(pod(1L, 2L, null, null)).build(),
                                aContainer().security(says).build(),
                                "",
                                PASSWD,
                                GROUP))
                .isEqualTo(new ProcessIdentity(5, 6, List.of()));
    }

    @Test
    void an_unknown_name_is_a_problem() {
        assertThatThrownBy(() -> of(PodSecurity.NONE, "web"))
                .hasMessage("unable to find user web: no matching entries in passwd file");
        assertThatThrownBy(() -> of(PodSecurity.NONE, "nginx:web"))
                .hasMessage("unable to find group web: no matching entries in group file");
    }

    @Test
    void who_must_not_be_root_is_checked_in_a_kubelets_words() throws Exception {
        var where =
                " (pod: \"web_default(6ffd2baf-6b8e-4e6c-9a0e-6f1b2c3d4e5f)\", container: main)";
        assertThatThrownBy(() -> of(pod(0L, null, true, null), "nginx"))
                .hasMessage("container's runAsUser breaks non-root policy" + where);
        assertThatThrownBy(() -> of(pod(null, null, true, null), ""))
                .hasMessage("container has runAsNonRoot and image will run as root" + where);
        assertThatThrownBy(() -> of(pod(null, null, true, null), "nginx"))
                .hasMessage(
                        "container has runAsNonRoot and image has non-numeric user (nginx), cannot"
                                + " verify user is non-root"
                                + where);
        assertThat(of(pod(null, null, true, null), "101").uid()).isEqualTo(101);
        assertThat(of(pod(7L, null, true, null), "").uid()).isEqualTo(7);
    }
}
