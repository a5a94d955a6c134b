package dev.berth.engine.clusters;

import dev.berth.core.cluster.Cluster;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.Time;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads aws-auth from the clusters that run, and remembers it for a moment: a kubectl that asks ten
 * times in a second reads it once. While an API server cannot be asked, what was read last counts.
 * Any thread may call.
 */
public final class AwsAuthMaps implements AwsAuthView, ClusterListener {
    /** How old it may be; our choice. AWS says seconds. Source: eks-fargate §13.3 (D) */
    private static final Duration FRESH = Duration.ofSeconds(2);

    private static final Logger log = LoggerFactory.getLogger(AwsAuthMaps.class);

    private final ClusterRecords records;
    private final Time time;
    private final Map<String, KubeApi> running = new ConcurrentHashMap<>();
    private final Map<String, Seen> seen = new ConcurrentHashMap<>();

    private record Seen(Map<String, String> data, long nanos) {}

    /** Knows no running cluster until it is told of one. */
    public AwsAuthMaps(ClusterRecords records, Time time) {
        this.records = records;
        this.time = time;
    }

    @Override
    public void started(RunningCluster cluster) {
        seen.remove(cluster.name());
        running.put(cluster.name(), cluster.api());
    }

    @Override
    public void stopping(String clusterName) {
        running.remove(clusterName);
        seen.remove(clusterName);
    }

    @Override
    public Optional<String> creatorArn(String clusterName) {
        return records.find(clusterName)
                .filter(cluster -> cluster.config().bootstrapCreatorAdmin())
                .map(Cluster::creatorArn);
    }

    @Override
    public Map<String, String> data(String clusterName) {
        @Nullable KubeApi api = running.get(clusterName);
        boolean used =
                records.find(clusterName)
                        .filter(cluster -> !cluster.config().authenticationMode().equals("API"))
                        .isPresent();
        if (api == null || !used) {
            return Map.of();
        }
        var last = seen.get(clusterName);
        if (last != null && time.nanos() - last.nanos() < FRESH.toNanos()) {
            return last.data();
        }
        try {
            var read =
                    api.configMap("kube-system", "aws-auth")
                            .map(AwsAuthMaps::texts)
                            .orElse(Map.of());
            seen.put(clusterName, new Seen(read, time.nanos()));
            return read;
        } catch (KubeUnavailable e) {
            log.warn("aws-auth not read cluster={} reason={}", clusterName, e.getMessage());
            return last == null ? Map.of() : last.data();
        }
    }

    private static Map<String, String> texts(Map<String, byte[]> data) {
        var texts = new HashMap<String, String>();
        data.forEach((key, value) -> texts.put(key, new String(value, StandardCharsets.UTF_8)));
        return Map.copyOf(texts);
    }
}
