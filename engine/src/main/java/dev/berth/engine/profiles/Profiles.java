package dev.berth.engine.profiles;

import dev.berth.core.cluster.AwsAuth;
import dev.berth.core.cluster.Cluster;
import dev.berth.core.cluster.ClusterRules;
import dev.berth.core.cluster.EksFaults;
import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.core.identity.Principal;
import dev.berth.core.pod.Pod;
import dev.berth.core.profile.FargateProfile;
import dev.berth.core.profile.FargateProfile.Status;
import dev.berth.core.profile.ProfileFaults;
import dev.berth.core.profile.ProfileRules;
import dev.berth.core.profile.ProfileRules.WishedSelector;
import dev.berth.engine.account.NetworkView;
import dev.berth.engine.account.RoleView;
import dev.berth.engine.clusters.ClusterGuard;
import dev.berth.engine.clusters.ClusterListener;
import dev.berth.engine.clusters.ClusterRecords;
import dev.berth.engine.clusters.RunningCluster;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.Store;
import dev.berth.port.Store.StoreUnavailable;
import dev.berth.port.Time;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Fargate profiles of all clusters: makes, tells and removes them as the EKS API does. Requests
 * are answered at once; what is to be done in the cluster is done by a thread of the profile's own,
 * and taken up again when the cluster comes back after Berth has ended in any way. Any thread may
 * call.
 */
public final class Profiles implements ProfileView, ClusterGuard, ClusterListener {
    private static final Logger log = LoggerFactory.getLogger(Profiles.class);

    private static final String TRUSTED = "eks-fargate-pods.amazonaws.com";

    /** How long making a profile is tried before it is CREATE_FAILED. */
    private static final Duration MAKE_MAX = Duration.ofMinutes(5);

    /** How long its pods may take to leave before a profile is DELETE_FAILED. */
    private static final Duration REMOVE_MAX = Duration.ofMinutes(10);

    private static final Duration PAUSE = Duration.ofMillis(500);

    private final ProfileBook book;
    private final ClusterRecords clusters;
    private final NetworkView networks;
    private final RoleView roles;
    private final Function<String, WebhookEndpoint> webhook;
    private final Time time;
    private final RandomGenerator random;
    private final Map<String, Site> sites = new ConcurrentHashMap<>();

    /**
     * Profiles that are there from {@link #start} on.
     *
     * @param webhook where a cluster, given by name, finds Berth's admission
     * @param random makes the ids in ARNs
     */
    public Profiles(
            Store store,
            ClusterRecords clusters,
            NetworkView networks,
            RoleView roles,
            Function<String, WebhookEndpoint> webhook,
            Time time,
            RandomGenerator random) {
        this.book = new ProfileBook(store);
        this.clusters = clusters;
        this.networks = networks;
        this.roles = roles;
        this.webhook = webhook;
        this.time = time;
        this.random = random;
    }

    /** Reads what the Store holds; to be called before any cluster starts. */
    public void start() {
        book.load();
    }

    // ---- questions ----------------------------------------------------------------------------

    @Override
    public List<FargateProfile> active(String clusterName) {
        return book.active(clusterName);
    }

    /** A profile of a cluster of a region. */
    public FargateProfile describe(String region, String clusterName, String name) throws Refused {
        clusters.require(region, clusterName);
        return book.find(clusterName, name).orElseThrow(() -> absent(clusterName, name));
    }

    /** The names of a cluster's profiles, in order. */
    public List<String> names(String region, String clusterName) throws Refused {
        clusters.require(region, clusterName);
        return book.all(clusterName).stream().map(FargateProfile::name).toList();
    }

    /** Whether a profile gives addresses of this subnet to its pods. */
    public boolean usesSubnet(String subnetId) {
        return book.all().stream().anyMatch(profile -> profile.subnets().contains(subnetId));
    }

    // ---- requests -----------------------------------------------------------------------------

    /**
     * Makes a profile: answers with one that is CREATING and will be ACTIVE or CREATE_FAILED. The
     * same request with the same token answers again with the profile it made; the token with
     * another request to the same cluster is refused (our choice), until the profile is gone.
     */
    public FargateProfile create(
            String region, String clusterName, NewProfile asked, Principal caller) throws Refused {
        refuse(ProfileRules.checkSyntax(asked.name(), asked.selectors()));
        if (ClusterRules.isForeignRole(asked.podExecutionRoleArn(), caller.accountId())) {
            throw new Refused(EksFaults.foreignRole());
        }
        var cluster = clusters.require(region, clusterName);
        var earlier = earlierOf(clusterName, asked);
        if (earlier.isPresent()) {
            return earlier.get();
        }
        refuse(notActive(cluster));
        refuse(ProfileRules.checkCounts(asked.selectors()));
        var profile = fresh(cluster, asked, subnets(cluster, asked));
        var role = roles.role(asked.podExecutionRoleArn());
        if (role.filter(facts -> facts.trusts(TRUSTED, profile.arn())).isEmpty()) {
            throw new Refused(ProfileFaults.untrustingRole());
        }
        try {
            book.add(
                    clusterName,
                    new ProfileBook.Entry(profile, asked),
                    (others, closed) ->
                            closed
                                    ? Optional.of(ProfileFaults.clusterNotActive(clusterName))
                                    : ProfileRules.checkNeighbours(
                                            asked.name(), clusterName, others));
        } finally {
            work(clusterName);
        }
        return profile;
    }

    private Optional<FargateProfile> earlierOf(String clusterName, NewProfile asked)
            throws Refused {
        var token = asked.clientRequestToken();
        if (token == null) {
            return Optional.empty();
        }
        var earlier =
                book.entries(clusterName).stream()
                        .filter(entry -> token.equals(entry.asked().clientRequestToken()))
                        .findFirst();
        if (earlier.isPresent() && !earlier.get().asked().equals(asked)) {
            throw new Refused(EksFaults.tokenReused());
        }
        return earlier.map(ProfileBook.Entry::profile);
    }

    private static Optional<AwsFault> notActive(Cluster cluster) {
        return switch (cluster.status()) {
            case ACTIVE, UPDATING -> Optional.empty();
            case CREATING, DELETING, FAILED ->
                    Optional.of(ProfileFaults.clusterNotActive(cluster.name()));
        };
    }

    private List<String> subnets(Cluster cluster, NewProfile asked) throws Refused {
        if (asked.subnets().isEmpty()) {
            var all =
                    cluster.config().subnetIds().stream()
                            .filter(subnet -> !networks.isPublic(subnet))
                            .toList();
            if (all.isEmpty()) {
                // Our words: AWS's are not known.
                throw new Refused(
                        EksFaults.invalidParameter(
                                "No subnets were given and cluster "
                                        + cluster.name()
                                        + " has no private subnet"));
            }
            return all;
        }
        for (var id : asked.subnets()) {
            var subnet = networks.subnet(id);
            if (subnet.isEmpty()) {
                // Our words: AWS's are not known.
                throw new Refused(
                        EksFaults.invalidParameter("There is no subnet with the ID '" + id + "'"));
            }
            if (!subnet.get().vpcId().equals(cluster.config().vpcId())) {
                // Our words: AWS's are not known.
                throw new Refused(
                        EksFaults.invalidParameter(
                                "Subnet "
                                        + id
                                        + " provided in Fargate Profile is not in the VPC of"
                                        + " cluster "
                                        + cluster.name()));
            }
            if (networks.isPublic(id)) {
                throw new Refused(ProfileFaults.publicSubnet(id));
            }
        }
        return asked.subnets();
    }

    private FargateProfile fresh(Cluster cluster, NewProfile asked, List<String> subnets) {
        return new FargateProfile(
                asked.name(),
                "arn:aws:eks:%s:%s:fargateprofile/%s/%s/%s"
                        .formatted(
                                cluster.region(),
                                cluster.accountId(),
                                cluster.name(),
                                asked.name(),
                                new UUID(random.nextLong(), random.nextLong())),
                cluster.name(),
                time.now().truncatedTo(ChronoUnit.MILLIS),
                asked.podExecutionRoleArn(),
                subnets,
                asked.selectors().stream().map(WishedSelector::accepted).toList(),
                Status.CREATING,
                asked.tags(),
                List.of());
    }

    /**
     * Deletes a profile: answers with one that is DELETING and will be gone, after its pods. One
     * that is DELETING already is answered as it is (our choice).
     */
    public FargateProfile delete(String region, String clusterName, String name) throws Refused {
        describe(region, clusterName, name);
        try {
            return book.change(
                            clusterName,
                            name,
                            (others, closed) -> ProfileRules.checkDelete(name, clusterName, others),
                            present ->
                                    present.status() == Status.DELETING
                                            ? present
                                            : withIssues(
                                                    present.become(Status.DELETING), List.of()))
                    .orElseThrow(() -> absent(clusterName, name));
        } finally {
            work(clusterName);
        }
    }

    /** Changes the tags of a profile. */
    public void tag(
            String region,
            String clusterName,
            String name,
            UnaryOperator<Map<String, String>> change)
            throws Refused {
        describe(region, clusterName, name);
        book.rewrite(clusterName, name, profile -> withTags(profile, change.apply(profile.tags())));
    }

    // ---- clusters -----------------------------------------------------------------------------

    @Override
    public Optional<AwsFault> close(String clusterName) {
        return book.close(clusterName)
                .map(profile ->
                        EksFaults.inUse(
                                "Cannot delete because cluster %s currently has Fargate profile %s in status %s"
                                        .formatted(clusterName, profile.name(), profile.status())));
    }

    @Override
    public void reopen(String clusterName) {
        book.reopen(clusterName);
    }

    @Override
    public void started(RunningCluster cluster) {
        if (!book.active(cluster.name()).isEmpty()) {
            // Berth's address and certificate may be other ones than in its last life.
            try {
                cluster.api().apply(FargateWebhook.yaml(webhook.apply(cluster.name())));
            } catch (KubeRefused refused) {
                throw new KubeUnavailable("the pod webhook was refused", refused);
            }
        }
        sites.put(cluster.name(), new Site(cluster, time));
        work(cluster.name());
    }

    @Override
    public void stopping(String clusterName) {
        var site = sites.remove(clusterName);
        if (site != null) {
            site.close();
        }
    }

    // ---- work ---------------------------------------------------------------------------------

    /**
     * Sees to it that every profile on its way has its thread; nothing while the cluster is off.
     */
    private void work(String clusterName) {
        var site = sites.get(clusterName);
        if (site == null) {
            return;
        }
        for (var profile : book.all(clusterName)) {
            switch (profile.status()) {
                case CREATING ->
                        site.begin(
                                "make " + profile.arn(),
                                () -> pursue(site, profile, MAKE_MAX, this::make));
                case DELETING ->
                        site.begin(
                                "remove " + profile.arn(),
                                () -> pursue(site, profile, REMOVE_MAX, this::remove));
                case ACTIVE, CREATE_FAILED, DELETE_FAILED -> {}
            }
        }
    }

    @FunctionalInterface
    private interface Step {
        void run(Site site, FargateProfile profile) throws KubeRefused, InterruptedException;
    }

    /** Takes a step, again and again while the world is not ready, until time is over. */
    private void pursue(Site site, FargateProfile profile, Duration most, Step step)
            throws InterruptedException {
        var begun = time.nanos();
        var failure = Optional.<String>empty();
        while (true) {
            try {
                if (failure.isPresent()) {
                    fail(profile, failure.get());
                } else {
                    step.run(site, profile);
                }
                return;
            } catch (KubeRefused no) {
                var code = no.code() == 403 ? "AccessDenied" : "InternalFailure";
                failure = Optional.of(code + ": " + no.getMessage());
            } catch (KubeUnavailable | StoreUnavailable away) {
                if (Thread.interrupted()) {
                    throw new InterruptedException("the cluster stops");
                }
                log.warn(
                        "profile waits cluster={} profile={} why={}",
                        profile.clusterName(),
                        profile.name(),
                        away.getMessage());
                if (failure.isEmpty() && time.nanos() - begun > most.toNanos()) {
                    failure = Optional.of("ClusterUnreachable: " + away.getMessage());
                }
                site.pause(PAUSE);
            }
        }
    }

    private void make(Site site, FargateProfile profile) throws KubeRefused {
        var begun = time.nanos();
        var cluster = clusters.find(profile.clusterName());
        if (cluster.isEmpty() || isGone(profile, Status.CREATING)) {
            return;
        }
        var api = site.cluster().api();
        if (!cluster.get().config().authenticationMode().equals("API")) {
            api.updateConfigMap(
                    "kube-system",
                    "aws-auth",
                    data -> AwsAuth.withPodExecutionRole(data, profile.podExecutionRoleArn()));
        }
        api.apply(FargateWebhook.yaml(webhook.apply(profile.clusterName())));
        book.rewrite(
                profile.clusterName(),
                profile.name(),
                present ->
                        present.status() == Status.CREATING
                                ? present.become(Status.ACTIVE)
                                : present);
        log.info(
                "profile is active cluster={} profile={} took_ms={}",
                profile.clusterName(),
                profile.name(),
                (time.nanos() - begun) / 1_000_000);
    }

    private void remove(Site site, FargateProfile profile)
            throws KubeRefused, InterruptedException {
        if (isGone(profile, Status.DELETING)) {
            return;
        }
        var pods = new LeavingPods(profile.name());
        try (var _ = site.cluster().api().watchPods(pods);
                var _ = time.after(REMOVE_MAX, pods::expire)) {
            var asked = new HashSet<String>();
            for (var news = pods.await(asked); news.left() > 0; news = pods.await(asked)) {
                if (news.expired()) {
                    fail(profile, "InternalFailure: " + news.left() + " pods are still there");
                    return;
                }
                for (var pod : news.toDelete()) {
                    delete(site, pod);
                    asked.add(pod.uid());
                }
            }
        }
        book.remove(profile.clusterName(), profile.name());
        log.info("profile is deleted cluster={} profile={}", profile.clusterName(), profile.name());
    }

    private static void delete(Site site, Pod pod) throws KubeRefused {
        try {
            site.cluster()
                    .api()
                    .deletePod(pod.key(), pod.uid(), pod.spec().terminationGraceSeconds());
        } catch (KubeRefused no) {
            // Gone already, or another pod of that name: either way the watch tells.
            if (no.code() != 404 && no.code() != 409) {
                throw no;
            }
        }
    }

    private boolean isGone(FargateProfile profile, Status expected) {
        return book.find(profile.clusterName(), profile.name())
                .filter(present ->
                        present.arn().equals(profile.arn()) && present.status() == expected)
                .isEmpty();
    }

    /**
     * Marks a profile as failed.
     *
     * @param issue {@code code: message}
     */
    private void fail(FargateProfile profile, String issue) {
        log.warn(
                "profile failed cluster={} profile={} issue={}",
                profile.clusterName(),
                profile.name(),
                issue);
        book.rewrite(profile.clusterName(), profile.name(), present -> failed(present, issue));
    }

    private static FargateProfile failed(FargateProfile present, String issue) {
        return switch (present.status()) {
            case CREATING -> withIssues(present.become(Status.CREATE_FAILED), List.of(issue));
            case DELETING -> withIssues(present.become(Status.DELETE_FAILED), List.of(issue));
            case ACTIVE, CREATE_FAILED, DELETE_FAILED -> present;
        };
    }

    private static FargateProfile withIssues(FargateProfile profile, List<String> issues) {
        return with(profile, profile.tags(), issues);
    }

    private static FargateProfile withTags(FargateProfile profile, Map<String, String> tags) {
        return with(profile, tags, profile.issues());
    }

    private static FargateProfile with(
            FargateProfile profile, Map<String, String> tags, List<String> issues) {
        return new FargateProfile(
                profile.name(),
                profile.arn(),
                profile.clusterName(),
                profile.createdAt(),
                profile.podExecutionRoleArn(),
                profile.subnets(),
                profile.selectors(),
                profile.status(),
                tags,
                issues);
    }

    private static Refused absent(String clusterName, String name) {
        return new Refused(
                ProfileFaults.absent(name)
                        .with("clusterName", clusterName)
                        .with("fargateProfileName", name));
    }

    private static void refuse(Optional<AwsFault> fault) throws Refused {
        if (fault.isPresent()) {
            throw new Refused(fault.get());
        }
    }
}
