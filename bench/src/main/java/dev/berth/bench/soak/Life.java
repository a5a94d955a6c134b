package dev.berth.bench.soak;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/**
 * A pod, or a workload, and what must have become of it in the end, whatever happens to Berth in
 * the meantime.
 *
 * @param name of the workload, and of its label {@code life}
 * @param kind what it is about
 */
record Life(String name, Kind kind) {
    private static final String PODS = "/api/v1/namespaces/default/pods";
    private static final String JOBS = "/apis/batch/v1/namespaces/default/jobs";
    private static final String DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";

    /** What lives there are. */
    enum Kind {
        /** A Deployment with all three probes, whose pod is never replaced nor restarted. */
        SERVES,
        /** A Job that must run once, after an init container that must. */
        ONCE,
        /** A Job that fails and is tried once more, in a pod of its own. */
        FAILS,
        /** A container that ends at once, again and again. */
        LOOPS,
        /** Counts its runs in an emptyDir and succeeds with the second. */
        COUNTS,
        /** A pod that runs to its end beside a sidecar. */
        SIDECAR,
        /** Falls ill once, is restarted by its liveness probe, and is well then. */
        SICK,
        /** Runs longer than it may. */
        LATE,
        /** Is deleted, with a hook before its end, and takes its time. */
        LEAVES
    }

    /** Where its main object is made. */
    String path() {
        return switch (kind) {
            case SERVES -> DEPLOYMENTS;
            case ONCE, FAILS -> JOBS;
            case LOOPS, COUNTS, SIDECAR, SICK, LATE, LEAVES -> PODS;
        };
    }

    /** Its main object as JSON. */
    String object() {
        return switch (kind) {
            case SERVES ->
                    """
                    {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"%1$s"},"spec":{
                     "selector":{"matchLabels":{"life":"%1$s"}},"template":%2$s}}\
                    """
                            .formatted(
                                    name,
                                    pod(
                                            "Always",
                                            "",
                                            container(
                                                    "main",
                                                    "mkdir /tmp/w; echo well > /tmp/w/index.html; exec httpd -f -p 8080 -h /tmp/w",
                                                    """
                                                    ,"startupProbe":%1$s,"readinessProbe":%1$s,"livenessProbe":%1$s\
                                                    """
                                                            .formatted(
                                                                    """
                                                                    {"httpGet":{"port":8080,"path":"/"},"periodSeconds":1,"failureThreshold":30}\
                                                                    """))));
            case ONCE -> job(0, container("first", "", ""), container("main", "sleep 1", ""));
            case FAILS -> job(1, "", container("main", "sleep 0.5; exit 3", ""));
            case LOOPS -> single("Always", "", container("main", "sleep 0.2; exit 1", ""));
            case COUNTS ->
                    single(
                            "OnFailure",
                            """
                            "volumes":[{"name":"v","emptyDir":{}}],\
                            """,
                            container(
                                    "main",
                                    "echo >> /v/n; sleep 0.3; [ $(wc -l < /v/n) -ge 2 ]",
                                    """
                                    ,"volumeMounts":[{"name":"v","mountPath":"/v"}]\
                                    """));
            case SIDECAR ->
                    single(
                            "Never",
                            """
                            "initContainers":[%s,%s],\
                            """
                                    .formatted(
                                            container("first", "", ""),
                                            container(
                                                    "side",
                                                    "touch /tmp/up; trap 'exit 0' TERM; while :; do sleep 0.1; done",
                                                    """
                                                    ,"restartPolicy":"Always","startupProbe":{"exec":{"command":["cat","/tmp/up"]},"periodSeconds":1,"failureThreshold":60}\
                                                    """)),
                            container("main", "sleep 1", ""));
            case SICK ->
                    single(
                            "Always",
                            """
                            "volumes":[{"name":"v","emptyDir":{}}],\
                            """,
                            container(
                                    "main",
                                    "[ -e /v/was ] || { touch /v/was /v/ill; exec sleep 1000; }; rm -f /v/ill; exec sleep 1000",
                                    """
                                    ,"volumeMounts":[{"name":"v","mountPath":"/v"}],
                                    "livenessProbe":{"exec":{"command":["test","!","-e","/v/ill"]},"initialDelaySeconds":2,"periodSeconds":1,"failureThreshold":2,"timeoutSeconds":5}\
                                    """));
            case LATE ->
                    single(
                            "Never",
                            """
                            "activeDeadlineSeconds":4,\
                            """,
                            container("main", "exec sleep 1000", ""));
            case LEAVES ->
                    single(
                            "Always",
                            "",
                            container(
                                    "main",
                                    "trap 'sleep 1; exit 0' TERM; while :; do sleep 0.1; done",
                                    """
                                    ,"lifecycle":{"preStop":{"exec":{"command":["sleep","1"]}}}\
                                    """));
        };
    }

    private String job(int retries, String first, String main) {
        return """
        {"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"%s"},"spec":{"backoffLimit":%d,"template":%s}}\
        """
                .formatted(
                        name,
                        retries,
                        pod(
                                "Never",
                                first.isEmpty() ? "" : "\"initContainers\":[" + first + "],",
                                main));
    }

    private String single(String restart, String more, String containers) {
        return pod(restart, more, containers)
                .replaceFirst(
                        "\\{\"metadata\":\\{",
                        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\""
                                + name
                                + "\",");
    }

    private String pod(String restart, String more, String containers) {
        return """
        {"metadata":{"labels":{"life":"%s"}},"spec":{%s"restartPolicy":"%s","terminationGracePeriodSeconds":5,"enableServiceLinks":false,"containers":[%s]}}\
        """
                .formatted(name, more, restart, containers);
    }

    private static String container(String container, String script, String more) {
        return """
        {"name":"%1$s","image":"busybox","imagePullPolicy":"IfNotPresent","command":["sh","-c","%2$s"],
        "env":[{"name":"UID","valueFrom":{"fieldRef":{"fieldPath":"metadata.uid"}}}]%3$s}\
        """
                .formatted(container, Witness.told(container) + script, more);
    }

    // ---- the end

    /** What is not as it must be in the end, or empty when all is. */
    Optional<String> wrong(Kube kube, Witness witness) throws IOException, InterruptedException {
        var pods =
                kube.list(PODS + "?labelSelector=life=" + name).stream()
                        .filter(pod -> !pod.path("metadata").has("deletionTimestamp"))
                        .toList();
        var wrong =
                switch (kind) {
                    case SERVES -> restarted(pods, witness, 0, true);
                    case ONCE -> job(kube, pods, witness, "Complete", 1, List.of("first", "main"));
                    case FAILS -> job(kube, pods, witness, "Failed", 2, List.of("main"));
                    case LOOPS -> loops(pods, witness);
                    case COUNTS -> ended(pods, witness, "Succeeded", "main", 2);
                    case SIDECAR ->
                            ended(pods, witness, "Succeeded", "main", 1)
                                    .or(() -> ran(pods, witness, "first", 1))
                                    .or(() -> ran(pods, witness, "side", 1));
                    case SICK -> restarted(pods, witness, 1, false);
                    case LATE ->
                            phase(pods, "Failed")
                                    .or(() ->
                                            text(pods, "/status/reason").equals("DeadlineExceeded")
                                                    ? Optional.empty()
                                                    : Optional.of("not DeadlineExceeded"))
                                    .or(() ->
                                            pods.stream().allMatch(pod -> runs(pod, witness) <= 1)
                                                    ? Optional.<String>empty()
                                                    : Optional.of("ran twice"));
                    case LEAVES ->
                            pods.isEmpty() ? Optional.<String>empty() : Optional.of("not gone");
                };
        return wrong.map(why -> name + ": " + why + "; " + brief(pods, witness));
    }

    private static Optional<String> restarted(
            List<JsonNode> pods, Witness witness, int times, boolean probed) {
        return phase(pods, "Running")
                .or(() ->
                        pods.getFirst().at("/status/containerStatuses/0/ready").asBoolean(false)
                                ? Optional.empty()
                                : Optional.of(probed ? "its probes fail" : "not ready"))
                .or(() -> ran(pods, witness, "main", times + 1))
                .or(() ->
                        restarts(pods.getFirst()) == times
                                ? Optional.empty()
                                : Optional.of("not restarted " + times + " times"));
    }

    private static Optional<String> loops(List<JsonNode> pods, Witness witness) {
        return phase(pods, "Running")
                .or(() ->
                        text(pods, "/status/containerStatuses/0/state/waiting/reason")
                                        .equals("CrashLoopBackOff")
                                ? Optional.empty()
                                : Optional.of("does not wait"))
                .or(() -> ran(pods, witness, "main", restarts(pods.getFirst()) + 1));
    }

    private static Optional<String> ended(
            List<JsonNode> pods, Witness witness, String phase, String container, int runs) {
        return phase(pods, phase).or(() -> ran(pods, witness, container, runs));
    }

    private Optional<String> job(
            Kube kube,
            List<JsonNode> pods,
            Witness witness,
            String condition,
            int howMany,
            List<String> containers)
            throws IOException, InterruptedException {
        var conditions = kube.get(JOBS + "/" + name).at("/status/conditions");
        var holds =
                StreamSupport.stream(conditions.spliterator(), false)
                        .anyMatch(one ->
                                one.path("type").asString().equals(condition)
                                        && one.path("status").asString().equals("True"));
        if (!holds) {
            return Optional.of("not " + condition);
        }
        if (pods.size() != howMany) {
            return Optional.of(pods.size() + " pods instead of " + howMany);
        }
        return pods.stream()
                .flatMap(pod ->
                        containers.stream()
                                .flatMap(container ->
                                        ran(List.of(pod), witness, container, 1).stream()))
                .findFirst();
    }

    private static Optional<String> phase(List<JsonNode> pods, String phase) {
        return pods.size() != 1
                ? Optional.of(pods.size() + " pods instead of 1")
                : text(pods, "/status/phase").equals(phase)
                        ? Optional.empty()
                        : Optional.of("not " + phase);
    }

    private static Optional<String> ran(
            List<JsonNode> pods, Witness witness, String container, int runs) {
        var ran = witness.runs(uid(pods.getFirst()), container);
        return ran == runs
                ? Optional.empty()
                : Optional.of(container + " ran " + ran + " times instead of " + runs);
    }

    private static int runs(JsonNode pod, Witness witness) {
        return witness.runs(uid(pod), "main");
    }

    private static String uid(JsonNode pod) {
        return pod.path("metadata").path("uid").asString();
    }

    private static int restarts(JsonNode pod) {
        return pod.at("/status/containerStatuses/0/restartCount").asInt(0);
    }

    private static String text(List<JsonNode> pods, String pointer) {
        return pods.getFirst().at(pointer).asString("");
    }

    private static String brief(List<JsonNode> pods, Witness witness) {
        var brief = new StringBuilder();
        for (var pod : pods) {
            brief.append(pod.path("metadata").path("name").asString())
                    .append(" uid ")
                    .append(uid(pod))
                    .append(" ran ")
                    .append(runs(pod, witness))
                    .append(' ')
                    .append(pod.path("status"))
                    .append('\n');
        }
        return brief.toString();
    }
}
