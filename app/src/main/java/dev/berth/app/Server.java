package dev.berth.app;

import dev.berth.adapter.controlplane.EtcdServer;
import dev.berth.adapter.controlplane.HomePki;
import dev.berth.adapter.controlplane.LocalControlPlanes;
import dev.berth.adapter.controlplane.Surroundings;
import dev.berth.adapter.etcd.EtcdStore;
import dev.berth.adapter.kube.HttpKubeApi;
import dev.berth.adapter.kube.Tls;
import dev.berth.adapter.process.ChildProcesses;
import dev.berth.adapter.time.SystemTime;
import dev.berth.core.cluster.Cluster;
import dev.berth.core.node.ImageRoom;
import dev.berth.core.pod.FileSystems;
import dev.berth.edge.admission.PodAdmission;
import dev.berth.edge.authn.StsHosts;
import dev.berth.edge.authn.TokenReviews;
import dev.berth.edge.aws.AwsEndpoint;
import dev.berth.edge.aws.AwsServices;
import dev.berth.edge.aws.ec2.Ec2Operations;
import dev.berth.edge.aws.eks.EksOperations;
import dev.berth.edge.aws.iam.IamOperations;
import dev.berth.edge.aws.sts.StsOperations;
import dev.berth.edge.cli.Actions.Options;
import dev.berth.edge.control.ControlEndpoint;
import dev.berth.edge.webhook.WebhookEndpoint;
import dev.berth.engine.RecentTimelines;
import dev.berth.engine.account.ClusterTokens;
import dev.berth.engine.account.Credentials;
import dev.berth.engine.account.Networks;
import dev.berth.engine.account.Roles;
import dev.berth.engine.account.signature.SignatureVerifier;
import dev.berth.engine.clusters.ApiAddresses;
import dev.berth.engine.clusters.AwsAuthMaps;
import dev.berth.engine.clusters.ClusterRecords;
import dev.berth.engine.clusters.Clusters;
import dev.berth.engine.clusters.NameAnswerers;
import dev.berth.engine.nodes.OrdinaryNodeRecords;
import dev.berth.engine.podworker.ImageCollector;
import dev.berth.engine.profiles.Profiles;
import dev.berth.port.Store.StoreUnavailable;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running Berth: everything made and joined here, in the order it is needed. {@link #start} takes
 * back what it began when something fails; {@link #stop} ends everything, pods too, in the opposite
 * order.
 */
final class Server {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);
    private static final int TIMELINES_MAX = 2000;
    private static final Duration STOP_DELAY = Duration.ofMillis(50);

    private final DataFolder data;
    private final Options options;
    private final Runnable stopAsked;
    private final Deque<Ending> endings = new ArrayDeque<>();
    private @Nullable AwsEndpoint aws;
    private volatile boolean complete;

    /** Ends something that was begun. */
    private interface Ending {
        void end() throws Exception;
    }

    /**
     * A Berth that is not running yet.
     *
     * @param stopAsked called when a command asks it to stop
     */
    Server(DataFolder data, Options options, Runnable stopAsked) {
        this.data = data;
        this.options = options;
        this.stopAsked = stopAsked;
    }

    /** Starts everything; returns once the AWS endpoint answers. */
    void start() throws Exception {
        try {
            begin();
        } catch (Exception failure) {
            stop();
            throw failure;
        }
    }

    private void begin() throws Exception {
        var time = ending(new SystemTime(), SystemTime::close);
        var processes = new ChildProcesses();
        var random = new SecureRandom();

        // What an earlier life has left running is found beside the database's start, which mostly
        // waits: pods may have gone on without us, and go on still when this start fails.
        var machine =
                ending(
                        new Machine(data, options.mirrors(), options.imageSources().dockerConfig()),
                        Machine::close);
        endings.push(() -> {
            if (complete) {
                machine.destroy();
                Wiring.removeTree(data.runFolder());
            }
        });
        var found =
                beside(() -> {
                    machine.start();
                    return machine;
                });
        var keys = beside(() -> HomePki.open(data.resolve("pki"), time.now()));

        // The one database.
        var etcd =
                ending(
                        new EtcdServer(processes, Wiring.kubeBinaries(), data.resolve("etcd")),
                        EtcdServer::close);
        etcd.start();
        var store = ending(new EtcdStore(etcd.httpSocket()), EtcdStore::close);

        // The account.
        var credentials = new Credentials(store, time, random);
        credentials.start(options.account());
        var roles = new Roles(store, time, random, credentials.accountId());
        var networks = new Networks(store);
        networks.start();

        // Where API servers ask us.
        var pki = keys.get();
        var tls =
                Tls.context(
                        pki.certificateAuthorityPem(),
                        pki.serving().certificatePem(),
                        pki.serving().keyPem());
        var webhookPort = stablePort("webhook.port");

        // Clusters and profiles.
        found.get();
        var records = new ClusterRecords(store);
        var profiles =
                new Profiles(
                        store,
                        records,
                        networks,
                        roles,
                        cluster ->
                                new dev.berth.engine.profiles.WebhookEndpoint(
                                        webhookUrl(webhookPort, cluster, "admission"),
                                        pki.certificateAuthorityPem()),
                        time,
                        random);
        var apiAddresses = new ApiAddresses(records, networks);
        var timelines = new RecentTimelines(time, TIMELINES_MAX);
        var nodeRecords = new OrdinaryNodeRecords(store);
        var pods =
                ending(
                        new ClusterPods(
                                data,
                                machine,
                                profiles,
                                networks,
                                roles,
                                pki.certificateAuthorityPem(),
                                time,
                                timelines,
                                options.memoryOvercommit(),
                                FileSystems.of(options.fileSystems(), options.accessPoints()),
                                apiAddresses::all,
                                nodeRecords,
                                name -> goes(records, name)),
                        ClusterPods::close);
        apiAddresses.keepOff(pods::held);
        var planes =
                ending(
                        new LocalControlPlanes(
                                processes,
                                Wiring.kubeBinaries(),
                                etcd,
                                pki,
                                data.resolve("pki"),
                                new Surroundings(
                                        data.resolve("clusters"),
                                        plan -> pods.egressSocket(plan.clusterName()),
                                        plan ->
                                                Optional.of(
                                                        URI.create(
                                                                webhookUrl(
                                                                        webhookPort,
                                                                        plan.clusterName(),
                                                                        "authentication"))),
                                        pods::place,
                                        store::eraseKeys),
                                access ->
                                        new HttpKubeApi(
                                                access.endpoint(),
                                                access.caPem(),
                                                access.clientCertPem(),
                                                access.clientKeyPem()),
                                time),
                        LocalControlPlanes::close);
        var awsAuth = new AwsAuthMaps(records, time);
        var clusters =
                ending(
                        new Clusters(
                                records,
                                planes,
                                new Clusters.Account(
                                        networks, networks, networks, apiAddresses, roles),
                                options.strictVersions(),
                                profiles,
                                List.of(
                                        awsAuth,
                                        pods,
                                        profiles,
                                        new CoreDnsImages(machine.images(), Wiring.kubeBinaries()),
                                        new NameAnswerers(records, time)),
                                time,
                                random),
                        Clusters::stop);
        var collector =
                ending(
                        new ImageCollector(
                                machine.images(),
                                time,
                                new ImageRoom(
                                        options.imageSources().highPercent(),
                                        Duration.ofHours(options.imageSources().maxAgeHours())),
                                pods::tellNodes),
                        ImageCollector::close);
        collector.start();
        networks.addSubnetUser(clusters::usesSubnet);
        networks.addSubnetUser(profiles::usesSubnet);
        networks.addSubnetUser(nodeRecords::usesSubnet);
        pods.removeOwnerless();
        networks.addListener(pods::networksChanged);
        pods.networksChanged(networks.network());

        // The ways in.
        var services =
                AwsServices.builder().passing(failure -> failure instanceof StoreUnavailable);
        StsOperations.register(services, credentials, roles);
        IamOperations.register(services, credentials, roles);
        EksOperations.register(services, clusters, profiles);
        new Ec2Operations(networks, credentials.accountId(), time::now)
                .all()
                .forEach((name, operation) -> services.operation("ec2", name, operation));
        var endpoint =
                ending(
                        new AwsEndpoint(
                                services.build(),
                                credentials,
                                options.region(),
                                options.listen(),
                                options.port(),
                                time::now),
                        AwsEndpoint::close);
        endpoint.start();
        aws = endpoint;

        var admission = new PodAdmission(profiles);
        var tokens =
                new TokenReviews(
                        new StsHosts("aws", Set.of(URI.create(endpoint()).getAuthority())),
                        new ClusterTokens(new SignatureVerifier(credentials), time),
                        awsAuth,
                        time::now);
        var webhooks =
                ending(
                        new WebhookEndpoint(
                                tls,
                                webhookPort,
                                Map.of(
                                        "admission",
                                        admission::review,
                                        "authentication",
                                        tokens::review)),
                        WebhookEndpoint::close);
        webhooks.start();

        var secret = secret(random);
        var commands =
                new HashMap<String, ControlEndpoint.Command>(
                        new NodeControl(pods::ordinaryNodes).commands());
        commands.put("status", (arguments, progress) -> status(clusters, pods));
        commands.put(
                "timelines",
                (arguments, progress) -> pods.timeline(arguments.getOrDefault("uid", "")));
        commands.put(
                "stop",
                (arguments, progress) -> {
                    var _ = time.after(STOP_DELAY, stopAsked);
                    return "stopping";
                });
        var control = ending(new ControlEndpoint(secret, commands), ControlEndpoint::close);
        control.start();

        profiles.start();
        clusters.start();

        var root = credentials.root();
        new InstanceFile(
                        ProcessHandle.current().pid(),
                        endpoint(),
                        options.region(),
                        credentials.accountId(),
                        root.accessKeyId(),
                        root.secret(),
                        control.port(),
                        secret)
                .write(data.path());
        complete = true;
        LOG.info(
                "Berth runs endpoint={} data={} instance={}",
                endpoint(),
                data.path(),
                data.instance());
    }

    /** Whether a cluster is being deleted, or gone. */
    private static boolean goes(ClusterRecords records, String name) {
        return records.find(name)
                .filter(cluster -> cluster.status() != Cluster.Status.DELETING)
                .isEmpty();
    }

    /** Where AWS clients go. */
    String endpoint() {
        if (aws == null) {
            throw new IllegalStateException("not started");
        }
        return "http://"
                + (options.listen().equals("0.0.0.0") ? "127.0.0.1" : options.listen())
                + ":"
                + aws.port();
    }

    /** Ends everything, whatever fails on the way. */
    void stop() {
        while (!endings.isEmpty()) {
            try {
                endings.pop().end();
            } catch (InterruptedException hurry) {
                Thread.currentThread().interrupt();
            } catch (Exception leftBehind) {
                LOG.warn("something could not be stopped", leftBehind);
            }
        }
    }

    private <T> T ending(T made, EndingOf<T> ending) {
        endings.push(() -> ending.end(made));
        return made;
    }

    /** Something that another thread makes meanwhile. */
    private interface Awaited<T> {
        T get() throws Exception;
    }

    /** Begins to make something; a stop waits until that has ended, well or not. */
    private <T> Awaited<T> beside(Callable<T> making) {
        var task = new FutureTask<>(making);
        Thread.ofPlatform().daemon().name("berth-start").start(task);
        Awaited<T> awaited =
                () -> {
                    try {
                        return task.get();
                    } catch (ExecutionException failed) {
                        throw failed.getCause() instanceof Exception cause ? cause : failed;
                    }
                };
        endings.push(() -> {
            try {
                task.get();
            } catch (ExecutionException told) {
                LOG.debug("a part could not be started", told);
            }
        });
        return awaited;
    }

    private interface EndingOf<T> {
        void end(T made) throws Exception;
    }

    private static String webhookUrl(int port, String cluster, String name) {
        return "https://127.0.0.1:" + port + "/clusters/" + cluster + "/" + name;
    }

    /**
     * A port that stays the same over restarts, because API servers remember it; another if it was
     * taken.
     */
    private int stablePort(String file) throws IOException {
        var kept = data.resolve(file);
        try {
            var port = Integer.parseInt(Files.readString(kept).strip());
            try (var probe =
                    new java.net.ServerSocket(port, 1, java.net.InetAddress.getLoopbackAddress())) {
                return probe.getLocalPort();
            } catch (IOException taken) {
                LOG.info("port is taken, choosing another port={}", port);
            }
        } catch (NoSuchFileException | NumberFormatException first) {
            LOG.debug("no port was kept file={}", kept);
        }
        try (var probe =
                new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            Files.writeString(kept, String.valueOf(probe.getLocalPort()));
            return probe.getLocalPort();
        }
    }

    private static String secret(SecureRandom random) {
        var bytes = new byte[24];
        random.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private Map<String, Object> status(Clusters clusters, ClusterPods pods) throws IOException {
        var status = new LinkedHashMap<String, Object>();
        status.put("running", true);
        status.put("endpoint", endpoint());
        status.put("data", data.path().toString());
        status.put("instance", data.instance());
        status.put("pid", ProcessHandle.current().pid());
        status.put("memoryMebibytes", residentMebibytes());
        status.put(
                "clusters",
                clusters.all().stream().map(cluster -> describe(clusters, cluster, pods)).toList());
        return status;
    }

    private static Map<String, Object> describe(
            Clusters clusters, Cluster cluster, ClusterPods pods) {
        var described = new LinkedHashMap<String, Object>();
        described.put("name", cluster.name());
        described.put("status", cluster.status().name());
        described.put("version", version(clusters, cluster));
        described.put("doing", clusters.progress(cluster));
        described.put("pods", pods.count(cluster.name()));
        return described;
    }

    private static String version(Clusters clusters, Cluster cluster) {
        return clusters.running(cluster.name())
                .map(running ->
                        cluster.version() + " requested, " + running.kubernetesVersion() + " runs")
                .orElse(cluster.version() + " requested");
    }

    private static long residentMebibytes() throws IOException {
        for (var line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
            }
        }
        return 0;
    }
}
