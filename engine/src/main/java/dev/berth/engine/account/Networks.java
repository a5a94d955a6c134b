package dev.berth.engine.account;

import dev.berth.core.fault.Refused;
import dev.berth.core.network.AccountNetwork;
import dev.berth.core.network.AccountNetwork.SubnetEntry;
import dev.berth.core.network.NetworkChanges;
import dev.berth.core.network.NetworkChanges.Change;
import dev.berth.core.network.Subnet;
import dev.berth.core.network.Vpc;
import dev.berth.port.Store;
import dev.berth.port.Store.Conflict;
import dev.berth.port.Store.Kind;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The account's networks in the Store. They are one document, so a change is one write: it is
 * decided on what was read, and decided again when somebody else wrote first. Reading costs
 * nothing: the last value is kept. Safe for any thread.
 */
public final class Networks implements NetworkView, SecurityGroupView, ClusterSecurityGroups {
    private static final Kind<AccountNetwork> KIND = new Kind<>("networks", AccountNetwork.class);
    private static final Logger log = LoggerFactory.getLogger(Networks.class);
    private static final String ID = "account";
    private static final int TRIES_MAX = 100;

    private final Store store;
    private final SecureRandom random = new SecureRandom();
    private final List<Predicate<String>> subnetUsers = new CopyOnWriteArrayList<>();
    private final List<Consumer<AccountNetwork>> listeners = new CopyOnWriteArrayList<>();
    private volatile AccountNetwork current = AccountNetwork.EMPTY;

    /** Networks that are read by {@link #start}. */
    public Networks(Store store) {
        this.store = store;
    }

    /** Reads what the Store holds. */
    public void start() {
        current = store.get(KIND, ID).map(Store.Stored::value).orElse(AccountNetwork.EMPTY);
    }

    /** All networks as they are now. */
    public AccountNetwork network() {
        return current;
    }

    /** Adds someone who knows whether a subnet is used, and so may not be deleted. */
    public void addSubnetUser(Predicate<String> uses) {
        subnetUsers.add(uses);
    }

    /** Adds someone who is told, after the write, what the networks look like now. */
    public void addListener(Consumer<AccountNetwork> listener) {
        listeners.add(listener);
    }

    /** Whether someone uses a subnet. */
    public boolean inUse(String subnetId) {
        return subnetUsers.stream().anyMatch(uses -> uses.test(subnetId));
    }

    /** A change that makes something. */
    @FunctionalInterface
    public interface Making<T> {
        /** Decides on the present value. */
        Change<T> apply(AccountNetwork network) throws Refused;
    }

    /** A change that makes nothing. */
    @FunctionalInterface
    public interface Changing {
        /** Decides on the present value. */
        AccountNetwork apply(AccountNetwork network) throws Refused;
    }

    /** Changes the networks and returns what was made. */
    public <T> T make(Making<T> making) throws Refused {
        for (var i = 0; i < TRIES_MAX; i++) {
            var stored = store.get(KIND, ID);
            var change = making.apply(stored.map(Store.Stored::value).orElse(AccountNetwork.EMPTY));
            try {
                store.put(
                        KIND, ID, change.network(), stored.map(Store.Stored::revision).orElse(0L));
            } catch (Conflict faster) {
                continue;
            }
            current = change.network();
            listeners.forEach(listener -> listener.accept(change.network()));
            return change.value();
        }
        throw new IllegalStateException(
                "the networks changed " + TRIES_MAX + " times while one change was decided");
    }

    /** Changes the networks. */
    public void change(Changing changing) throws Refused {
        make(network -> new Change<>(changing.apply(network), true));
    }

    /** A new id: the prefix, a dash and 17 hex digits. */
    public String newId(String prefix) {
        var bytes = new byte[9];
        random.nextBytes(bytes);
        return prefix + "-0" + HexFormat.of().formatHex(bytes).substring(0, 16);
    }

    @Override
    public Optional<Vpc> vpc(String id) {
        return Optional.ofNullable(current.vpcs().get(id))
                .map(vpc -> new Vpc(vpc.id(), vpc.cidr(), vpc.dnsSupport(), vpc.dnsHostnames()));
    }

    @Override
    public Optional<Subnet> subnet(String id) {
        return Optional.ofNullable(current.subnets().get(id)).map(Networks::view);
    }

    @Override
    public List<Subnet> subnetsOf(String vpcId) {
        return current.subnets().values().stream()
                .filter(subnet -> subnet.vpcId().equals(vpcId))
                .map(Networks::view)
                .toList();
    }

    @Override
    public boolean isPublic(String subnetId) {
        var network = current;
        var subnet = network.subnets().get(subnetId);
        return subnet != null && network.isPublic(subnet);
    }

    @Override
    public Optional<String> vpcOf(String groupId) {
        return Optional.ofNullable(current.securityGroups().get(groupId))
                .map(AccountNetwork.SecurityGroup::vpcId);
    }

    /**
     * Source of the group's name and rules: what EKS makes, as seen in clusters (our knowledge).
     */
    @Override
    public String create(String clusterName, String vpcId) {
        var prefix = "eks-cluster-sg-" + clusterName + "-";
        var present =
                current.securityGroups().values().stream()
                        .filter(group ->
                                group.vpcId().equals(vpcId) && isGroupOf(prefix, group.name()))
                        .findFirst();
        if (present.isPresent()) {
            return present.get().id();
        }
        try {
            return make(
                            network -> {
                                var made =
                                        NetworkChanges.createSecurityGroup(
                                                network,
                                                vpcId,
                                                prefix + newId("x").substring(3, 13),
                                                "EKS created security group applied to ENI that is attached to EKS Control Plane"
                                                        + " master nodes, as well as any managed workloads.",
                                                ids());
                                var self =
                                        new AccountNetwork.Rule(
                                                newId("sgr"),
                                                false,
                                                "-1",
                                                null,
                                                null,
                                                new AccountNetwork.Peer(
                                                        AccountNetwork.Peer.Kind.GROUP,
                                                        made.value().id()),
                                                null);
                                return new Change<>(
                                        NetworkChanges.authorize(
                                                made.network(), made.value().id(), List.of(self)),
                                        made.value());
                            })
                    .id();
        } catch (Refused gone) {
            return "";
        }
    }

    /**
     * Whether a name is the prefix and the ten characters that {@link #create} adds, and nothing
     * more.
     */
    private static boolean isGroupOf(String prefix, String name) {
        return name.startsWith(prefix)
                && name.length() == prefix.length() + 10
                && name.indexOf('-', prefix.length()) < 0;
    }

    @Override
    public void delete(String groupId) {
        try {
            change(network -> NetworkChanges.deleteSecurityGroup(network, groupId));
        } catch (Refused goneOrUsed) {
            log.info(
                    "cluster security group stays group={} reason={}",
                    groupId,
                    goneOrUsed.getMessage());
        }
    }

    private static Subnet view(SubnetEntry subnet) {
        return new Subnet(subnet.id(), subnet.vpcId(), subnet.cidr(), subnet.zone());
    }

    /** Makes ids for {@link NetworkChanges}. */
    public NetworkChanges.Ids ids() {
        return this::newId;
    }
}
