package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.port.PodNetwork;
import dev.berth.port.PodNetwork.Attachment;
import dev.berth.port.PodNetwork.Subnet;
import dev.berth.port.PodNetwork.Vpc;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What every {@link PodNetwork} promises; the fake and the real one extend this class. */
@SuppressWarnings("JUnitAmbiguousTestClass") // A suite to extend, in main so that all rooms can.
public abstract class PodNetworkContract {
    /** For subclasses. */
    protected PodNetworkContract() {}

    /** The network under test, the same for the whole test. */
    protected abstract PodNetwork network();

    /** A VPC id that nothing else on this machine uses, the same for the whole test. */
    protected abstract String vpcId();

    /** A pod uid that nothing else uses; another one for another number. */
    protected abstract String podUid(int number);

    private Vpc vpc(String... cidrs) {
        var subnets = new java.util.ArrayList<Subnet>();
        for (var cidr : cidrs) {
            subnets.add(new Subnet("subnet-" + subnets.size(), cidr));
        }
        return new Vpc(vpcId(), List.of("172.29.0.0/16"), subnets);
    }

    @AfterEach
    void takeAllAway() throws Exception {
        network().detach(podUid(1));
        network().detach(podUid(2));
        network().removeVpc(vpcId());
    }

    @Test
    void a_vpc_is_there_until_it_is_removed() throws Exception {
        network().ensureVpc(vpc("172.29.1.0/24"));
        network().ensureVpc(vpc("172.29.1.0/24", "172.29.2.0/24"));
        assertThat(network().vpcs()).contains(vpcId());
        assertThat(network().namespace(vpcId())).isAbsolute();
        network().removeVpc(vpcId());
        assertThat(network().vpcs()).doesNotContain(vpcId());
        network().removeVpc(vpcId());
    }

    @Test
    void an_attached_pod_has_namespaces_and_its_address() throws Exception {
        network().ensureVpc(vpc("172.29.1.0/24"));
        var sandbox = network().attach(attachment(1, "172.29.1.10"));
        assertThat(sandbox.address()).isEqualTo("172.29.1.10");
        assertThat(sandbox.vpcId()).isEqualTo(vpcId());
        assertThat(List.of(sandbox.network(), sandbox.ipc(), sandbox.uts()))
                .doesNotHaveDuplicates()
                .allMatch(java.nio.file.Path::isAbsolute);
        assertThat(network().sandbox(podUid(1))).contains(sandbox);
        assertThat(network().attached()).containsEntry(podUid(1), sandbox);
    }

    @Test
    void attaching_again_changes_nothing() throws Exception {
        network().ensureVpc(vpc("172.29.1.0/24"));
        var first = network().attach(attachment(1, "172.29.1.10"));
        assertThat(network().attach(attachment(1, "172.29.1.10"))).isEqualTo(first);
    }

    @Test
    void a_detached_pod_is_gone_and_its_address_is_free_for_another() throws Exception {
        network().ensureVpc(vpc("172.29.1.0/24"));
        network().attach(attachment(1, "172.29.1.10"));
        network().detach(podUid(1));
        assertThat(network().sandbox(podUid(1))).isEmpty();
        assertThat(network().attached()).doesNotContainKey(podUid(1));
        network().detach(podUid(1));
        assertThat(network().attach(attachment(2, "172.29.1.10")).address())
                .isEqualTo("172.29.1.10");
    }

    @Test
    void users_of_a_pods_own_are_nobody_elses_until_it_is_detached() throws Exception {
        network().ensureVpc(vpc("172.29.1.0/24"));
        var one = network().attach(withOwnUsers(1, "172.29.1.10"));
        var two = network().attach(withOwnUsers(2, "172.29.1.11"));
        var users = Objects.requireNonNull(one.users());
        var others = Objects.requireNonNull(two.users());
        assertThat(users.firstId() % users.count()).isZero();
        assertThat(users.firstId()).isNotEqualTo(others.firstId());
        assertThat(List.of(users.namespace(), users.roots(), users.emptyRoot()))
                .doesNotHaveDuplicates()
                .allMatch(java.nio.file.Path::isAbsolute);
        assertThat(network().attach(withOwnUsers(1, "172.29.1.10"))).isEqualTo(one);
        network().detach(podUid(1));
        var again = network().attach(withOwnUsers(1, "172.29.1.10"));
        assertThat(again.users()).isEqualTo(users);
        assertThat(network().attach(withOwnUsers(2, "172.29.1.11"))).isEqualTo(two);
    }

    @Test
    void a_pod_has_the_machines_users_unless_it_wants_its_own() throws Exception {
        network().ensureVpc(vpc("172.29.1.0/24"));
        assertThat(network().attach(attachment(1, "172.29.1.10")).users()).isNull();
    }

    private Attachment withOwnUsers(int number, String address) {
        return new Attachment(podUid(number), vpcId(), address, "web-" + number, null, null, true);
    }

    @Test
    void nobody_answers_where_nobody_listens() throws Exception {
        network().ensureVpc(vpc("172.29.1.0/24"));
        network().attach(attachment(1, "172.29.1.10"));
        assertThatThrownBy(() -> network().dialFromPod(podUid(1), "127.0.0.1", 4999))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> network().dialFromVpc(vpcId(), "172.29.1.10", 4999))
                .isInstanceOf(IOException.class);
    }

    private Attachment attachment(int number, String address) {
        return new Attachment(podUid(number), vpcId(), address, "web-" + number);
    }
}
