package dev.berth.engine.clusters;

import dev.berth.core.cluster.Cluster;
import dev.berth.core.cluster.Cluster.Issue;
import dev.berth.core.cluster.Cluster.Status;
import dev.berth.core.cluster.ClusterConfig;
import dev.berth.core.cluster.ClusterRules;
import dev.berth.core.cluster.EksFaults;
import dev.berth.core.cluster.KubernetesVersions;
import dev.berth.core.cluster.NewCluster;
import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.core.identity.Principal;
import dev.berth.core.network.Subnet;
import dev.berth.engine.account.ClusterSecurityGroups;
import dev.berth.engine.account.NetworkView;
import dev.berth.engine.account.RoleView;
import dev.berth.engine.account.SecurityGroupView;
import dev.berth.port.ControlPlanes;
import dev.berth.port.Time;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The EKS clusters of a Berth: makes, tells and removes them as the EKS API does. Requests are
 * answered at once; the work goes on in each cluster's own thread and is taken up again by {@link
 * #start} after Berth has ended in any way. Any thread may call.
 */
public final class Clusters {
    private static final Logger log = LoggerFactory.getLogger(Clusters.class);

    /** The platform version of every cluster: our control planes come in one make. */
    public static final String PLATFORM_VERSION = "eks.1";

    private final ClusterRecords records;
    private final Account account;
    private final KubernetesVersions versions;
    private final ClusterGuard guard;
    private final ClusterLife.Surroundings around;
    private final Time time;
    private final RandomGenerator random;

    /** By the id of the cluster, because a name may be used again at once. */
    private final Map<String, ClusterLife> lives = new ConcurrentHashMap<>();

    /**
     * What clusters are checked against.
     *
     * @param networks the account's networks
     * @param groups its security groups
     * @param clusterGroups makes the group of each cluster
     * @param apiAddresses chooses where each API server is seen in its VPC
     * @param roles its roles
     */
    public record Account(
            NetworkView networks,
            SecurityGroupView groups,
            ClusterSecurityGroups clusterGroups,
            ApiAddresses apiAddresses,
            RoleView roles) {}

    /**
     * Clusters that live from {@link #start} on.
     *
     * @param strictVersions whether versions that cannot be run are refused, as AWS does, instead
     *     of running the nearest one
     * @param guard asked before a cluster is deleted
     * @param listeners told in this order when a cluster comes up, in reverse when it goes
     * @param random makes the ids of clusters
     */
    public Clusters(
            ClusterRecords records,
            ControlPlanes planes,
            Account account,
            boolean strictVersions,
            ClusterGuard guard,
            List<ClusterListener> listeners,
            Time time,
            RandomGenerator random) {
        this.records = records;
        this.account = account;
        this.versions =
                new KubernetesVersions(planes.versions(), planes.defaultVersion(), strictVersions);
        this.guard = guard;
        this.around =
                new ClusterLife.Surroundings(
                        records,
                        planes,
                        account.clusterGroups(),
                        account.apiAddresses(),
                        guard,
                        List.copyOf(listeners),
                        time);
        this.time = time;
        this.random = random;
    }

    /**
     * Brings every cluster of the records back to where it was: running, being made, being deleted.
     * Returns at once; each cluster comes up by itself.
     */
    public void start() {
        account.apiAddresses().start();
        for (var cluster : records.all()) {
            if (cluster.status() == Status.DELETING) {
                guard.close(cluster.name());
                live(cluster, ClusterLife.Wish.DELETE);
            } else {
                live(cluster, ClusterLife.Wish.RUN);
            }
        }
    }

    /** Ends all control planes and keeps what they have stored; returns when they are gone. */
    public void stop() throws InterruptedException {
        var all = new ArrayList<>(lives.values());
        all.forEach(life -> life.wish(ClusterLife.Wish.STOP));
        for (var life : all) {
            life.join();
        }
    }

    /** The versions that can be run. */
    public KubernetesVersions versions() {
        return versions;
    }

    /**
     * Makes a cluster: answers with one that is CREATING and will be ACTIVE or FAILED. The same
     * request with the same token answers again with the cluster it made; the token with another
     * request is refused (our choice), until the cluster is gone.
     */
    public Cluster create(NewCluster asked, Principal caller, String region) throws Refused {
        refuse(ClusterRules.ofRequest(asked, caller.accountId(), region, versions));
        var earlier = earlierOf(asked);
        if (earlier.isPresent()) {
            // The first attempt may have ended between the record and the work.
            live(earlier.get(), ClusterLife.Wish.RUN);
            return withTroubles(earlier.get());
        }
        var cluster = checked(asked, caller, region);
        records.create(cluster);
        if (!cluster.version().equals(cluster.runVersion())) {
            log.info(
                    "cluster runs the nearest version cluster={} asked={} runs={}",
                    cluster.name(),
                    cluster.version(),
                    cluster.runVersion());
        }
        if (!asked.encryption().isEmpty()) {
            log.warn("secrets are not encrypted with a KMS key cluster={}", cluster.name());
        }
        live(cluster, ClusterLife.Wish.RUN);
        return cluster;
    }

    private Optional<Cluster> earlierOf(NewCluster asked) throws Refused {
        var token = asked.clientRequestToken();
        if (token == null) {
            return Optional.empty();
        }
        var earlier =
                records.all().stream()
                        .filter(cluster -> token.equals(cluster.asked().clientRequestToken()))
                        .findFirst();
        if (earlier.isPresent() && !earlier.get().asked().equals(asked)) {
            throw new Refused(EksFaults.tokenReused());
        }
        return earlier;
    }

    private Cluster checked(NewCluster asked, Principal caller, String region) throws Refused {
        var all = records.all();
        if (all.stream().anyMatch(cluster -> cluster.name().equals(asked.name()))) {
            throw new Refused(
                    EksFaults.inUse("Cluster already exists with name: " + asked.name())
                            .with("clusterName", asked.name()));
        }
        if (all.stream().filter(there -> there.region().equals(region)).count()
                >= ClusterRules.CLUSTERS_MAX) {
            // Our words: AWS's are not known.
            throw new Refused(
                    EksFaults.limitExceeded(
                            "The region has the maximum number of clusters: "
                                    + ClusterRules.CLUSTERS_MAX));
        }
        var subnets =
                asked.subnetIds().stream()
                        .distinct()
                        .map(account.networks()::subnet)
                        .flatMap(Optional::stream)
                        .toList();
        refuse(ClusterRules.ofSubnets(asked, subnets));
        var vpcId = subnets.getFirst().vpcId();
        for (var group : asked.securityGroupIds()) {
            refuse(ClusterRules.ofSecurityGroup(group, account.groups().vpcOf(group), vpcId));
        }
        var vpcCidr = vpcCidr(subnets.getFirst());
        refuse(ClusterRules.ofServiceRangeIn(asked, vpcCidr));
        var role = account.roles().role(asked.roleArn());
        refuse(
                ClusterRules.ofRole(
                        asked.roleArn(),
                        role.map(found -> Set.copyOf(found.trustedServices())).orElse(Set.of()),
                        role.map(found -> Set.copyOf(found.attachedPolicyArns()))
                                .orElse(Set.of())));
        return fresh(asked, caller, region, vpcId, vpcCidr);
    }

    private String vpcCidr(Subnet subnet) {
        return account.networks()
                .vpc(subnet.vpcId())
                .orElseThrow(() -> new IllegalStateException("no VPC of " + subnet))
                .cidr();
    }

    private Cluster fresh(
            NewCluster asked, Principal caller, String region, String vpcId, String vpcCidr) {
        var wished = asked.version();
        var version = wished == null ? versions.standard() : wished;
        return new Cluster(
                asked.name(),
                "%016X%016X".formatted(random.nextLong(), random.nextLong()),
                "arn:aws:eks:" + region + ":" + caller.accountId() + ":cluster/" + asked.name(),
                caller.accountId(),
                region,
                time.now().truncatedTo(ChronoUnit.MILLIS),
                caller.arn(),
                asked,
                ClusterConfig.of(asked, version, vpcId, vpcCidr),
                versions.toRun(version).orElseThrow(),
                PLATFORM_VERSION,
                Status.CREATING,
                null,
                List.of(),
                asked.tags());
    }

    /** A cluster of a region, with what is wrong with it at this moment. */
    public Cluster describe(String region, String name) throws Refused {
        return withTroubles(records.require(region, name));
    }

    /** The names of a region's clusters, in order. */
    public List<String> names(String region) {
        return records.all().stream()
                .filter(cluster -> cluster.region().equals(region))
                .map(Cluster::name)
                .sorted()
                .toList();
    }

    /** All clusters of all regions, with what is wrong with them at this moment. */
    public List<Cluster> all() {
        return records.all().stream().map(this::withTroubles).toList();
    }

    /**
     * Deletes a cluster: answers with one that is DELETING and will be gone. A cluster that is
     * CREATING may be deleted, and one that is DELETING is answered as it is (our choice).
     */
    public Cluster delete(String region, String name) throws Refused {
        var cluster = records.require(region, name);
        if (cluster.status() == Status.DELETING) {
            live(cluster, ClusterLife.Wish.DELETE);
            return withTroubles(cluster);
        }
        if (cluster.config().deletionProtection()) {
            // Our words: AWS's are not known.
            throw new Refused(
                    EksFaults.invalidRequest("Cluster " + name + " has deletion protection enabled")
                            .with("clusterName", name));
        }
        refuse(guard.close(name).map(fault -> fault.with("clusterName", name)));
        var deleting = Optional.<Cluster>empty();
        try {
            deleting = records.update(cluster, Clusters::deleting);
        } finally {
            if (deleting.isEmpty()) {
                guard.reopen(name);
            }
        }
        if (deleting.isEmpty()) {
            throw new Refused(EksFaults.noCluster(name));
        }
        live(cluster, ClusterLife.Wish.DELETE);
        return deleting.get();
    }

    private static Cluster deleting(Cluster present) {
        return present.status() == Status.DELETING ? present : present.to(Status.DELETING);
    }

    /** Changes the tags of a cluster. */
    public void tag(String region, String name, UnaryOperator<Map<String, String>> change)
            throws Refused {
        var known = records.require(region, name);
        records.update(known, cluster -> cluster.tagged(change.apply(cluster.tags())));
    }

    /** A cluster while its API server answers. */
    public Optional<RunningCluster> running(String name) {
        return lives.values().stream()
                .map(ClusterLife::running)
                .flatMap(Optional::stream)
                .filter(cluster -> cluster.name().equals(name))
                .findFirst();
    }

    /** What is being done to bring a cluster up, for people; empty when nothing is. */
    public String progress(Cluster cluster) {
        var life = lives.get(cluster.id());
        return life == null ? "" : life.progress();
    }

    /** Whether a cluster has its control plane's interfaces in this subnet. */
    public boolean usesSubnet(String subnetId) {
        return records.all().stream()
                .anyMatch(cluster -> cluster.config().subnetIds().contains(subnetId));
    }

    private Cluster withTroubles(Cluster cluster) {
        var issues = new ArrayList<>(cluster.issues());
        var life = lives.get(cluster.id());
        if (life != null) {
            issues.addAll(life.troubles());
            if (cluster.status() == Status.ACTIVE
                    && life.running().isEmpty()
                    && life.troubles().isEmpty()) {
                issues.add(
                        new Issue(
                                "ClusterUnreachable",
                                "The control plane is being started.",
                                List.of(cluster.name())));
            }
        }
        return cluster.ailing(issues.stream().distinct().toList());
    }

    /** States a wish for a cluster, beginning its life when it has none yet. */
    private void live(Cluster cluster, ClusterLife.Wish wish) {
        var id = cluster.id();
        var fresh = new ClusterLife(cluster, wish, around, () -> lives.remove(id));
        var present = lives.putIfAbsent(id, fresh);
        if (present == null) {
            fresh.begin();
        } else if (wish == ClusterLife.Wish.DELETE) {
            present.wish(wish);
        }
    }

    private static void refuse(Optional<AwsFault> fault) throws Refused {
        if (fault.isPresent()) {
            throw new Refused(fault.get());
        }
    }
}
