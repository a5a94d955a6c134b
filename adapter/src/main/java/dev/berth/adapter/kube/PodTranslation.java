package dev.berth.adapter.kube;

import static dev.berth.adapter.kube.Json.flag;
import static dev.berth.adapter.kube.Json.flagOrNull;
import static dev.berth.adapter.kube.Json.has;
import static dev.berth.adapter.kube.Json.integer;
import static dev.berth.adapter.kube.Json.list;
import static dev.berth.adapter.kube.Json.number;
import static dev.berth.adapter.kube.Json.numberOrNull;
import static dev.berth.adapter.kube.Json.text;
import static dev.berth.adapter.kube.Json.textMap;
import static dev.berth.adapter.kube.Json.textOrNull;
import static dev.berth.adapter.kube.Json.texts;
import static dev.berth.adapter.kube.Json.time;
import static dev.berth.adapter.kube.Json.timeOrNull;

import dev.berth.core.pod.Container;
import dev.berth.core.pod.Container.EnvSource;
import dev.berth.core.pod.Container.Handler;
import dev.berth.core.pod.Grant;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodMetadata;
import dev.berth.core.pod.PodSecurity;
import dev.berth.core.pod.PodSecurity.SeccompProfile;
import dev.berth.core.pod.PodSpec;
import dev.berth.core.pod.PodStatus;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.Privileges;
import dev.berth.core.pod.ProcessIdentity;
import dev.berth.core.pod.Volume;
import dev.berth.core.unit.Quantity;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A pod of the API as Berth's records. Every field that the records have is read; what the API
 * server leaves out is what its defaulting means by it.
 */
final class PodTranslation {
    private static final long DEFAULT_GRACE_SECONDS = 30;

    /** Permission bits of files made from ConfigMaps and the like: rw-r--r--. */
    private static final int DEFAULT_MODE = 0644;

    private PodTranslation() {}

    static Pod pod(JsonNode node) {
        return new Pod(
                metadata(node.path("metadata")),
                spec(node.path("spec")),
                status(node.path("status")));
    }

    private static PodMetadata metadata(JsonNode node) {
        return new PodMetadata(
                text(node, "namespace"),
                text(node, "name"),
                text(node, "uid"),
                text(node, "resourceVersion"),
                number(node, "generation", 1),
                textMap(node, "labels"),
                textMap(node, "annotations"),
                time(node, "creationTimestamp"),
                timeOrNull(node, "deletionTimestamp"),
                numberOrNull(node, "deletionGracePeriodSeconds"),
                list(
                        node,
                        "ownerReferences",
                        owner ->
                                new PodMetadata.Owner(
                                        text(owner, "kind"),
                                        text(owner, "name"),
                                        flag(owner, "controller"))),
                texts(node, "finalizers"));
    }

    // ---- spec -----------------------------------------------------------------------------------

    private static PodSpec spec(JsonNode node) {
        var dns = node.path("dnsConfig");
        // It stands for the host name and the domain at once, and is never completed.
        var hostname = emptyAsNull(textOrNull(node, "hostnameOverride"));
        return new PodSpec(
                emptyAsNull(textOrNull(node, "nodeName")),
                text(node, "schedulerName", "default-scheduler"),
                text(node, "serviceAccountName", "default"),
                restartPolicy(text(node, "restartPolicy", "Always")),
                number(node, "terminationGracePeriodSeconds", DEFAULT_GRACE_SECONDS),
                numberOrNull(node, "activeDeadlineSeconds"),
                flag(node, "hostNetwork"),
                flag(node, "hostPID"),
                flag(node, "hostIPC"),
                flag(node, "shareProcessNamespace"),
                hostname != null ? hostname : emptyAsNull(textOrNull(node, "hostname")),
                hostname != null ? null : emptyAsNull(textOrNull(node, "subdomain")),
                flag(node, "setHostnameAsFQDN"),
                !has(node, "enableServiceLinks") || flag(node, "enableServiceLinks"),
                text(node, "dnsPolicy", "ClusterFirst"),
                dns.isObject()
                        ? new PodSpec.DnsConfig(
                                texts(dns, "nameservers"),
                                texts(dns, "searches"),
                                list(dns, "options", PodTranslation::dnsOption))
                        : null,
                list(
                        node,
                        "hostAliases",
                        alias ->
                                new PodSpec.HostAlias(
                                        text(alias, "ip"), texts(alias, "hostnames"))),
                textMap(node, "nodeSelector"),
                list(
                        node.path("affinity")
                                .path("nodeAffinity")
                                .path("requiredDuringSchedulingIgnoredDuringExecution"),
                        "nodeSelectorTerms",
                        term ->
                                new PodSpec.NodeTerm(
                                        list(term, "matchExpressions", PodTranslation::requirement),
                                        list(term, "matchFields", PodTranslation::requirement))),
                list(node, "tolerations", PodTranslation::toleration),
                list(node, "imagePullSecrets", secret -> text(secret, "name")),
                list(node, "readinessGates", gate -> text(gate, "conditionType")),
                podSecurity(
                        node.path("securityContext"),
                        has(node, "hostUsers") && !flag(node, "hostUsers")),
                list(node, "initContainers", PodTranslation::container),
                list(node, "containers", PodTranslation::container),
                list(node, "volumes", PodTranslation::volume),
                emptyAsNull(textOrNull(node, "priorityClassName")),
                list(node, "ephemeralContainers", PodTranslation::container),
                emptyAsNull(textOrNull(node.path("os"), "name")),
                integer(node, "priority", 0),
                emptyAsNull(textOrNull(node, "runtimeClassName")),
                quantities(node.path("resources").path("requests")),
                quantities(node.path("resources").path("limits")));
    }

    private static @Nullable String emptyAsNull(@Nullable String text) {
        return text == null || text.isEmpty() ? null : text;
    }

    private static PodSpec.RestartPolicy restartPolicy(String text) {
        return switch (text) {
            case "OnFailure" -> PodSpec.RestartPolicy.ON_FAILURE;
            case "Never" -> PodSpec.RestartPolicy.NEVER;
            default -> PodSpec.RestartPolicy.ALWAYS;
        };
    }

    private static String dnsOption(JsonNode node) {
        var value = text(node, "value");
        return value.isEmpty() ? text(node, "name") : text(node, "name") + ":" + value;
    }

    private static PodSpec.NodeRequirement requirement(JsonNode node) {
        return new PodSpec.NodeRequirement(
                text(node, "key"), text(node, "operator"), texts(node, "values"));
    }

    private static PodSpec.Toleration toleration(JsonNode node) {
        return new PodSpec.Toleration(
                emptyAsNull(textOrNull(node, "key")),
                text(node, "operator", "Equal"),
                textOrNull(node, "value"),
                emptyAsNull(textOrNull(node, "effect")),
                numberOrNull(node, "tolerationSeconds"));
    }

    private static PodSecurity podSecurity(JsonNode node, boolean ownUsers) {
        if (node.isEmpty() && !ownUsers) {
            return PodSecurity.NONE;
        }
        var sysctls = new HashMap<String, String>();
        for (var sysctl : node.path("sysctls")) {
            sysctls.put(sysctlName(text(sysctl, "name")), text(sysctl, "value"));
        }
        return new PodSecurity(
                numberOrNull(node, "runAsUser"),
                numberOrNull(node, "runAsGroup"),
                flagOrNull(node, "runAsNonRoot"),
                list(node, "supplementalGroups", JsonNode::asLong),
                numberOrNull(node, "fsGroup"),
                textOrNull(node, "fsGroupChangePolicy"),
                sysctls,
                seccomp(node.path("seccompProfile")),
                emptyAsNull(textOrNull(node, "supplementalGroupsPolicy")),
                appArmor(node.path("appArmorProfile")),
                ownUsers);
    }

    /** With dots; a name that was written with slashes may have dots in its parts. */
    private static String sysctlName(String name) {
        var slash = name.indexOf('/');
        var dot = name.indexOf('.');
        return slash < 0 || (dot >= 0 && dot < slash)
                ? name
                : name.replace('.', '\n').replace('/', '.').replace('\n', '/');
    }

    private static @Nullable SeccompProfile seccomp(JsonNode node) {
        return node.isObject()
                ? new SeccompProfile(text(node, "type"), textOrNull(node, "localhostProfile"))
                : null;
    }

    // ---- containers -----------------------------------------------------------------------------

    private static Container container(JsonNode node) {
        var lifecycle = node.path("lifecycle");
        var resources = node.path("resources");
        return new Container(
                text(node, "name"),
                text(node, "image"),
                text(node, "imagePullPolicy", "IfNotPresent"),
                texts(node, "command"),
                texts(node, "args"),
                emptyAsNull(textOrNull(node, "workingDir")),
                list(node, "env", env -> new Container.EnvVar(text(env, "name"), envSource(env))),
                list(node, "envFrom", PodTranslation::envFrom),
                list(node, "ports", PodTranslation::port),
                quantities(resources.path("requests")),
                quantities(resources.path("limits")),
                list(node, "volumeMounts", PodTranslation::volumeMount),
                security(node.path("securityContext")),
                probe(node.path("startupProbe")),
                probe(node.path("livenessProbe")),
                probe(node.path("readinessProbe")),
                handler(lifecycle.path("postStart")).orElse(null),
                handler(lifecycle.path("preStop")).orElse(null),
                emptyAsNull(textOrNull(lifecycle, "stopSignal")),
                text(node, "terminationMessagePath", "/dev/termination-log"),
                text(node, "terminationMessagePolicy", "File"),
                emptyAsNull(textOrNull(node, "restartPolicy")),
                list(node, "restartPolicyRules", PodTranslation::restartRule),
                resizePolicies(node.path("resizePolicy")),
                emptyAsNull(textOrNull(node, "targetContainerName")),
                flag(node, "stdin"),
                flag(node, "stdinOnce"),
                flag(node, "tty"));
    }

    /** A rule without exit codes matches none, as the API has no other kind yet. */
    private static Container.RestartRule restartRule(JsonNode node) {
        var codes = node.path("exitCodes");
        return new Container.RestartRule(
                text(node, "action"),
                !text(codes, "operator", "In").equals("NotIn"),
                new HashSet<>(list(codes, "values", JsonNode::asInt)));
    }

    private static Map<String, String> resizePolicies(JsonNode node) {
        var policies = new HashMap<String, String>();
        for (var policy : node) {
            policies.put(
                    text(policy, "resourceName"), text(policy, "restartPolicy", "NotRequired"));
        }
        return policies;
    }

    private static Map<String, Quantity> quantities(JsonNode node) {
        var quantities = new HashMap<String, Quantity>();
        for (var entry : node.properties()) {
            quantities.put(entry.getKey(), Quantity.of(entry.getValue().asString()));
        }
        return quantities;
    }

    private static EnvSource envSource(JsonNode env) {
        var from = env.path("valueFrom");
        if (from.has("fieldRef") || from.has("resourceFieldRef")) {
            return podField(from);
        }
        if (from.has("configMapKeyRef")) {
            var key = from.path("configMapKeyRef");
            return new EnvSource.ConfigMapKeyRef(
                    text(key, "name"), text(key, "key"), flag(key, "optional"));
        }
        if (from.has("secretKeyRef")) {
            var key = from.path("secretKeyRef");
            return new EnvSource.SecretKeyRef(
                    text(key, "name"), text(key, "key"), flag(key, "optional"));
        }
        return new EnvSource.Literal(text(env, "value"));
    }

    /** A {@code fieldRef} or a {@code resourceFieldRef}; a divisor of 0 means 1 to the API. */
    private static EnvSource podField(JsonNode from) {
        if (from.has("fieldRef")) {
            return new EnvSource.FieldRef(text(from.path("fieldRef"), "fieldPath"));
        }
        var resource = from.path("resourceFieldRef");
        var divisor = Quantity.of(text(resource, "divisor", "1"));
        return new EnvSource.ResourceFieldRef(
                emptyAsNull(textOrNull(resource, "containerName")),
                text(resource, "resource"),
                divisor.equals(Quantity.ZERO) ? Quantity.of("1") : divisor);
    }

    private static Container.EnvFrom envFrom(JsonNode node) {
        var secret = node.has("secretRef");
        var ref = node.path(secret ? "secretRef" : "configMapRef");
        return new Container.EnvFrom(
                secret, text(ref, "name"), text(node, "prefix"), flag(ref, "optional"));
    }

    private static Container.Port port(JsonNode node) {
        return new Container.Port(
                emptyAsNull(textOrNull(node, "name")),
                integer(node, "containerPort", 0),
                integer(node, "hostPort", 0),
                emptyAsNull(textOrNull(node, "hostIP")),
                text(node, "protocol", "TCP"));
    }

    private static Container.VolumeMount volumeMount(JsonNode node) {
        return new Container.VolumeMount(
                text(node, "name"),
                text(node, "mountPath"),
                text(node, "subPath"),
                text(node, "subPathExpr"),
                flag(node, "readOnly"),
                text(node, "recursiveReadOnly", "Disabled"),
                text(node, "mountPropagation", "None"));
    }

    private static Container.Security security(JsonNode node) {
        if (node.isEmpty()) {
            return Container.Security.NONE;
        }
        var capabilities = node.path("capabilities");
        return new Container.Security(
                flag(node, "privileged"),
                flagOrNull(node, "allowPrivilegeEscalation"),
                numberOrNull(node, "runAsUser"),
                numberOrNull(node, "runAsGroup"),
                flagOrNull(node, "runAsNonRoot"),
                flag(node, "readOnlyRootFilesystem"),
                texts(capabilities, "add"),
                texts(capabilities, "drop"),
                textOrNull(node, "procMount"),
                seccomp(node.path("seccompProfile")),
                appArmor(node.path("appArmorProfile")));
    }

    private static Container.@Nullable Probe probe(JsonNode node) {
        var handler = handler(node);
        return handler.isEmpty()
                ? null
                : new Container.Probe(
                        handler.get(),
                        integer(node, "initialDelaySeconds", 0),
                        integer(node, "timeoutSeconds", 1),
                        integer(node, "periodSeconds", 10),
                        integer(node, "successThreshold", 1),
                        integer(node, "failureThreshold", 3),
                        numberOrNull(node, "terminationGracePeriodSeconds"));
    }

    private static Optional<Handler> handler(JsonNode node) {
        if (node.has("exec")) {
            return Optional.of(new Handler.Exec(texts(node.path("exec"), "command")));
        }
        if (node.has("httpGet")) {
            var http = node.path("httpGet");
            return Optional.of(
                    new Handler.HttpGet(
                            emptyAsNull(textOrNull(http, "host")),
                            text(http, "port"),
                            text(http, "path", "/"),
                            text(http, "scheme", "HTTP"),
                            list(
                                    http,
                                    "httpHeaders",
                                    header ->
                                            new Handler.Header(
                                                    text(header, "name"), text(header, "value")))));
        }
        if (node.has("tcpSocket")) {
            var tcp = node.path("tcpSocket");
            return Optional.of(
                    new Handler.TcpSocket(emptyAsNull(textOrNull(tcp, "host")), text(tcp, "port")));
        }
        if (node.has("grpc")) {
            var grpc = node.path("grpc");
            return Optional.of(new Handler.Grpc(integer(grpc, "port", 0), text(grpc, "service")));
        }
        if (node.has("sleep")) {
            return Optional.of(new Handler.Sleep(number(node.path("sleep"), "seconds", 0)));
        }
        return Optional.empty();
    }

    // ---- volumes --------------------------------------------------------------------------------

    private static Volume volume(JsonNode node) {
        for (var entry : node.properties()) {
            if (!entry.getKey().equals("name") && !entry.getValue().isNull()) {
                return new Volume(text(node, "name"), source(entry.getKey(), entry.getValue()));
            }
        }
        // The API's own default for a volume that says nothing.
        return new Volume(text(node, "name"), new Volume.Source.EmptyDir("", null));
    }

    private static Volume.Source source(String kind, JsonNode node) {
        return switch (kind) {
            case "emptyDir" -> new Volume.Source.EmptyDir(text(node, "medium"), bytes(node));
            case "configMap" ->
                    new Volume.Source.ConfigMap(
                            text(node, "name"), items(node), mode(node), flag(node, "optional"));
            case "secret" ->
                    new Volume.Source.Secret(
                            // The projected form says "name", the volume itself "secretName".
                            text(node, "secretName", text(node, "name")),
                            items(node),
                            mode(node),
                            flag(node, "optional"));
            case "downwardAPI" ->
                    new Volume.Source.DownwardApi(
                            list(node, "items", PodTranslation::fieldFile), mode(node));
            case "projected" -> new Volume.Source.Projected(parts(node), mode(node));
            case "serviceAccountToken" ->
                    new Volume.Source.Token(
                            emptyAsNull(textOrNull(node, "audience")),
                            number(node, "expirationSeconds", 3600),
                            text(node, "path"));
            case "persistentVolumeClaim" ->
                    new Volume.Source.Claim(text(node, "claimName"), flag(node, "readOnly"));
            case "hostPath" -> new Volume.Source.HostPath(text(node, "path"), text(node, "type"));
            case "image" ->
                    new Volume.Source.Image(text(node, "reference"), text(node, "pullPolicy"));
            default -> new Volume.Source.Other(kind);
        };
    }

    private static List<Volume.Source> parts(JsonNode projected) {
        var parts = new ArrayList<Volume.Source>();
        for (var part : projected.path("sources")) {
            for (var entry : part.properties()) {
                parts.add(source(entry.getKey(), entry.getValue()));
            }
        }
        return parts;
    }

    private static @Nullable Long bytes(JsonNode emptyDir) {
        return has(emptyDir, "sizeLimit")
                ? Quantity.of(text(emptyDir, "sizeLimit")).unitsRoundedUp()
                : null;
    }

    private static int mode(JsonNode node) {
        return integer(node, "defaultMode", DEFAULT_MODE);
    }

    private static List<Volume.Item> items(JsonNode node) {
        return list(
                node,
                "items",
                item -> new Volume.Item(text(item, "key"), text(item, "path"), modeOrNull(item)));
    }

    private static @Nullable Integer modeOrNull(JsonNode item) {
        return has(item, "mode") ? item.path("mode").asInt() : null;
    }

    private static Volume.FieldFile fieldFile(JsonNode item) {
        return new Volume.FieldFile(text(item, "path"), podField(item), modeOrNull(item));
    }

    // ---- status ---------------------------------------------------------------------------------

    private static PodStatus status(JsonNode node) {
        return new PodStatus(
                phase(text(node, "phase", "Pending")),
                list(
                        node,
                        "conditions",
                        condition ->
                                new PodStatus.Condition(
                                        text(condition, "type"),
                                        text(condition, "status"),
                                        emptyAsNull(textOrNull(condition, "reason")),
                                        emptyAsNull(textOrNull(condition, "message")),
                                        time(condition, "lastTransitionTime"),
                                        number(condition, "observedGeneration", 0))),
                emptyAsNull(textOrNull(node, "reason")),
                emptyAsNull(textOrNull(node, "message")),
                emptyAsNull(textOrNull(node, "podIP")),
                emptyAsNull(textOrNull(node, "hostIP")),
                timeOrNull(node, "startTime"),
                list(node, "initContainerStatuses", PodTranslation::containerStatus),
                list(node, "containerStatuses", PodTranslation::containerStatus),
                emptyAsNull(textOrNull(node, "qosClass")),
                number(node, "observedGeneration", 0),
                list(node, "ephemeralContainerStatuses", PodTranslation::containerStatus));
    }

    private static PodStatus.Phase phase(String text) {
        for (var phase : PodStatus.Phase.values()) {
            if (phase.text().equals(text)) {
                return phase;
            }
        }
        return PodStatus.Phase.UNKNOWN;
    }

    private static PodStatus.ContainerStatus containerStatus(JsonNode node) {
        var state = state(node.path("state"));
        return new PodStatus.ContainerStatus(
                text(node, "name"),
                // The API's own meaning of a state that says nothing.
                state == null ? new ContainerState.Waiting("", null) : state,
                state(node.path("lastState")),
                flag(node, "ready"),
                flagOrNull(node, "started"),
                integer(node, "restartCount", 0),
                text(node, "image"),
                text(node, "imageID"),
                emptyAsNull(textOrNull(node, "containerID")),
                sizes(node),
                list(
                        node,
                        "volumeMounts",
                        mount ->
                                new PodStatus.MountStatus(
                                        text(mount, "name"),
                                        text(mount, "mountPath"),
                                        flag(mount, "readOnly"),
                                        has(mount, "recursiveReadOnly")
                                                ? Boolean.valueOf(
                                                        text(mount, "recursiveReadOnly")
                                                                .equals("Enabled"))
                                                : null)),
                user(node.path("user").path("linux")));
    }

    private static @Nullable ProcessIdentity user(JsonNode node) {
        if (!node.isObject()) {
            return null;
        }
        var gid = number(node, "gid", 0);
        return new ProcessIdentity(
                number(node, "uid", 0),
                gid,
                node.path("supplementalGroups").values().stream()
                        .map(JsonNode::asLong)
                        .filter(group -> group != gid)
                        .toList());
    }

    /** The kind of AppArmor profile; a local one by {@code localhost/} and its name. */
    private static @Nullable String appArmor(JsonNode node) {
        var type = emptyAsNull(textOrNull(node, "type"));
        return "Localhost".equals(type)
                ? Privileges.LOCALHOST + text(node, "localhostProfile")
                : type;
    }

    private static PodStatus.@Nullable Sizes sizes(JsonNode node) {
        var resources = node.path("resources");
        return resources.isObject()
                ? new PodStatus.Sizes(
                        new Grant(
                                quantities(resources.path("requests")),
                                quantities(resources.path("limits"))),
                        quantities(node.path("allocatedResources")))
                : null;
    }

    private static @Nullable ContainerState state(JsonNode node) {
        if (node.has("running")) {
            return new ContainerState.Running(time(node.path("running"), "startedAt"));
        }
        if (node.has("terminated")) {
            var ended = node.path("terminated");
            return new ContainerState.Terminated(
                    integer(ended, "exitCode", 0),
                    integer(ended, "signal", 0),
                    text(ended, "reason"),
                    emptyAsNull(textOrNull(ended, "message")),
                    time(ended, "startedAt"),
                    time(ended, "finishedAt"),
                    emptyAsNull(textOrNull(ended, "containerID")));
        }
        if (node.has("waiting")) {
            var waiting = node.path("waiting");
            return new ContainerState.Waiting(
                    text(waiting, "reason"), emptyAsNull(textOrNull(waiting, "message")));
        }
        return null;
    }
}
