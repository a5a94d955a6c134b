package dev.berth.engine.clusters;

import dev.berth.core.cluster.Cluster;
import dev.berth.core.cluster.NewCluster;
import dev.berth.core.cluster.NewClusterBuilder;
import dev.berth.core.fault.Refused;
import dev.berth.core.identity.Principal;
import dev.berth.core.network.Subnet;
import dev.berth.core.network.Vpc;
import dev.berth.core.profile.FargateProfile;
import dev.berth.core.profile.ProfileRules.WishedSelector;
import dev.berth.engine.account.ClusterSecurityGroups;
import dev.berth.engine.account.NetworkView;
import dev.berth.engine.account.RoleView;
import dev.berth.engine.profiles.NewProfile;
import dev.berth.engine.profiles.Profiles;
import dev.berth.engine.profiles.WebhookEndpoint;
import dev.berth.testkit.FakeControlPlanes;
import dev.berth.testkit.FakeKubeApi;
import dev.berth.testkit.FakeStore;
import dev.berth.testkit.FakeTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/**
 * EKS without AWS: clusters and profiles over fakes, in the lab's account. Private subnets are
 * {@code subnet-a} and {@code subnet-b}, public is {@code subnet-p}, another VPC's {@code
 * subnet-x}.
 */
public final class EksWorld {
    /** Where all happens. */
    public static final String REGION = "eu-west-1";

    /** A role that clusters may use. */
    public static final String CLUSTER_ROLE = "arn:aws:iam::111122223333:role/eks-cluster";

    /** A role that profiles may use. */
    public static final String POD_ROLE = "arn:aws:iam::111122223333:role/pods";

    /** Who calls. */
    public static final Principal ROOT =
            new Principal(
                    "111122223333",
                    "arn:aws:iam::111122223333:root",
                    "111122223333",
                    "AKIAROOT",
                    null);

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    public final FakeStore store = new FakeStore();
    public final FakeTime time = new FakeTime();
    public final Map<String, FakeKubeApi> apis = new ConcurrentHashMap<>();
    public final FakeControlPlanes planes =
            new FakeControlPlanes(
                    List.of("1.35", "1.36"),
                    plan -> {
                        var api = new FakeKubeApi(time::now);
                        apis.put(plan.clusterName(), api);
                        return api;
                    });
    public final Networks networks = new Networks();
    public final Map<String, RoleView.RoleFacts> roles = new HashMap<>();
    public final Groups groups = new Groups();

    /** What the listeners were told: {@code first started lab}. */
    public final List<String> told = new CopyOnWriteArrayList<>();

    /** What the last listener throws when it is told of the next starts. */
    public final Queue<RuntimeException> faultsOfStarts = new ConcurrentLinkedQueue<>();

    private Lives lives;

    private record Lives(Clusters clusters, Profiles profiles) {}

    /** A world in which Berth has just started for the first time. */
    public EksWorld() {
        role(CLUSTER_ROLE, List.of("eks.amazonaws.com"), List.of(), "AmazonEKSClusterPolicy");
        role(
                POD_ROLE,
                List.of("eks-fargate-pods.amazonaws.com"),
                List.of(),
                "AmazonEKSFargatePodExecutionRolePolicy");
        lives = begin(false);
    }

    /** Adds a role. */
    public void role(String arn, List<String> services, List<String> sourceArns, String awsPolicy) {
        roles.put(
                arn,
                new RoleView.RoleFacts(
                        arn,
                        "AROA" + roles.size(),
                        arn.substring(arn.lastIndexOf('/') + 1),
                        services,
                        sourceArns,
                        List.of("arn:aws:iam::aws:policy/" + awsPolicy)));
    }

    public Clusters clusters() {
        return lives.clusters();
    }

    public Profiles profiles() {
        return lives.profiles();
    }

    private Lives begin(boolean strict) {
        var records = new ClusterRecords(store);
        var random = new Random(7);
        var profiles =
                new Profiles(
                        store,
                        records,
                        networks,
                        arn -> Optional.ofNullable(roles.get(arn)),
                        cluster ->
                                new WebhookEndpoint(
                                        "https://127.0.0.1:4567/mutate/" + cluster, "CA"),
                        time,
                        random);
        var clusters =
                new Clusters(
                        records,
                        planes,
                        new Clusters.Account(
                                networks,
                                group -> Optional.ofNullable(groups.vpcs.get(group)),
                                groups,
                                new ApiAddresses(records, networks),
                                arn -> Optional.ofNullable(roles.get(arn))),
                        strict,
                        profiles,
                        List.of(
                                listener("first"),
                                profiles,
                                new NameAnswerers(records, time),
                                listener("last")),
                        time,
                        random);
        profiles.start();
        clusters.start();
        return new Lives(clusters, profiles);
    }

    private ClusterListener listener(String name) {
        return new ClusterListener() {
            @Override
            public void started(RunningCluster cluster) {
                told.add(name + " started " + cluster.name());
                var fault = name.equals("last") ? faultsOfStarts.poll() : null;
                if (fault != null) {
                    throw fault;
                }
            }

            @Override
            public void stopping(String clusterName) {
                told.add(name + " stopping " + clusterName);
            }
        };
    }

    /** Ends Berth in good order and starts it again. */
    public void restart() throws InterruptedException {
        lives.clusters().stop();
        lives = begin(false);
    }

    /** Ends Berth in good order and starts it again, taking only versions that can be run. */
    public void restartStrict() throws InterruptedException {
        lives.clusters().stop();
        lives = begin(true);
    }

    /** Makes a cluster and waits until it is ACTIVE. */
    public Cluster active(String name) throws Refused {
        create(NewClusterBuilder.aCluster().named(name).build());
        return await(name, cluster -> cluster.status() == Cluster.Status.ACTIVE);
    }

    public Cluster create(NewCluster asked) throws Refused {
        return clusters().create(asked, ROOT, REGION);
    }

    /** The API server of a cluster. */
    public FakeKubeApi api(String cluster) {
        return apis.get(cluster);
    }

    /** A request for a profile that takes the namespace default. */
    public static NewProfile aProfile(String name) {
        return new NewProfile(
                name,
                POD_ROLE,
                List.of("subnet-a", "subnet-b"),
                List.of(new WishedSelector("default", Map.of("compute-type", "fargate"))),
                Map.of(),
                null);
    }

    public FargateProfile createProfile(String cluster, NewProfile asked) throws Refused {
        return profiles().create(REGION, cluster, asked, ROOT);
    }

    /** Makes a profile and waits until it is ACTIVE. */
    public FargateProfile activeProfile(String cluster, String name) throws Refused {
        createProfile(cluster, aProfile(name));
        return awaitProfile(cluster, name, FargateProfile.Status.ACTIVE);
    }

    /** Waits until a cluster is so. */
    public Cluster await(String name, Predicate<Cluster> condition) {
        eventually(() -> find(name).filter(condition).isPresent());
        return find(name).orElseThrow();
    }

    /** Waits until a cluster is gone. */
    public void awaitGone(String name) {
        eventually(() -> find(name).isEmpty());
    }

    private Optional<Cluster> find(String name) {
        try {
            return Optional.of(clusters().describe(REGION, name));
        } catch (Refused none) {
            return Optional.empty();
        }
    }

    /** Waits until a profile has this status. */
    public FargateProfile awaitProfile(String cluster, String name, FargateProfile.Status status) {
        eventually(() -> findProfile(cluster, name).filter(p -> p.status() == status).isPresent());
        return findProfile(cluster, name).orElseThrow();
    }

    /** Waits until a profile is gone. */
    public void awaitProfileGone(String cluster, String name) {
        eventually(() -> findProfile(cluster, name).isEmpty());
    }

    private Optional<FargateProfile> findProfile(String cluster, String name) {
        try {
            return Optional.of(profiles().describe(REGION, cluster, name));
        } catch (Refused none) {
            return Optional.empty();
        }
    }

    /** Something that may be so, or become so. */
    @FunctionalInterface
    public interface Question {
        /** Whether it is so. */
        boolean ask();
    }

    /** Looks until it is so: the outside of EKS offers no event either, its clients poll. */
    public static void eventually(Question question) {
        var end = System.nanoTime() + PATIENCE.toNanos();
        while (!question.ask()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("did not come within " + PATIENCE);
            }
            LockSupport.parkNanos(2_000_000);
        }
    }

    /** Ends Berth in good order. */
    public void close() throws InterruptedException {
        lives.clusters().stop();
    }

    /** Networks that hold what the class says. */
    public static final class Networks implements NetworkView {
        public final Map<String, Subnet> subnets = new TreeMap<>();
        public final Set<String> open = new HashSet<>(Set.of("subnet-p"));

        Networks() {
            add("subnet-a", "vpc-lab", "172.16.1.0/24", "eu-west-1a");
            add("subnet-b", "vpc-lab", "172.16.2.0/24", "eu-west-1b");
            add("subnet-p", "vpc-lab", "172.16.4.0/24", "eu-west-1a");
            add("subnet-x", "vpc-other", "10.0.0.0/24", "eu-west-1a");
        }

        private void add(String id, String vpc, String cidr, String zone) {
            subnets.put(id, new Subnet(id, vpc, cidr, zone));
        }

        @Override
        public Optional<Vpc> vpc(String id) {
            return Optional.of(new Vpc(id, "172.16.0.0/16", true, false));
        }

        @Override
        public Optional<Subnet> subnet(String id) {
            return Optional.ofNullable(subnets.get(id));
        }

        @Override
        public List<Subnet> subnetsOf(String vpcId) {
            return subnets.values().stream().filter(s -> s.vpcId().equals(vpcId)).toList();
        }

        @Override
        public boolean isPublic(String subnetId) {
            return open.contains(subnetId);
        }
    }

    /** Security groups that are made and removed. */
    public static final class Groups implements ClusterSecurityGroups {
        public final Map<String, String> vpcs = new ConcurrentHashMap<>();
        public final List<String> removed = new ArrayList<>();

        /** What the next removals throw. */
        public final Queue<RuntimeException> faults = new ConcurrentLinkedQueue<>();

        @Override
        public String create(String clusterName, String vpcId) {
            vpcs.put("sg-" + clusterName, vpcId);
            return "sg-" + clusterName;
        }

        @Override
        public synchronized void delete(String groupId) {
            var fault = faults.poll();
            if (fault != null) {
                throw fault;
            }
            vpcs.remove(groupId);
            removed.add(groupId);
        }
    }
}
