package dev.berth.app.lab;

import java.util.List;
import java.util.Map;

/**
 * Pods that Fargate refuses, each with the words it says. Sources: eks-fargate §3.6, §4.2 to §4.5
 * (O)
 */
final class Refusals {
    private static final String UNSUPPORTED = "Pod not supported on Fargate: ";

    private Refusals() {}

    /**
     * A pod that is refused.
     *
     * @param name the pod's name
     * @param what it asks for, for people
     * @param spec what its spec holds besides the container's name and image, as YAML lines; {@code
     *     C:} lines belong to the container
     * @param words what Fargate says
     */
    record Refusal(String name, String what, List<String> spec, String words) {
        /** The pod as YAML. */
        String manifest(Map<String, String> labels) {
            var yaml =
                    new StringBuilder(
                            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: "
                                    + name
                                    + "\n  labels:\n");
            labels.forEach((key, value) ->
                    yaml.append("    ").append(key).append(": ").append(value).append('\n'));
            yaml.append("spec:\n  containers:\n  - name: main\n    image: nginx\n");
            spec.stream()
                    .filter(line -> line.startsWith("C:"))
                    .forEach(line -> yaml.append("    ").append(line.substring(2)).append('\n'));
            spec.stream()
                    .filter(line -> !line.startsWith("C:"))
                    .forEach(line -> yaml.append("  ").append(line).append('\n'));
            return yaml.toString();
        }
    }

    /** The table that the lab tries live. */
    static List<Refusal> all() {
        return List.of(
                new Refusal(
                        "privileged",
                        "a privileged container",
                        List.of("C:securityContext: {privileged: true}"),
                        UNSUPPORTED + "invalid SecurityContext fields: Privileged"),
                new Refusal(
                        "escalation",
                        "allowPrivilegeEscalation: true",
                        List.of("C:securityContext: {allowPrivilegeEscalation: true}"),
                        UNSUPPORTED + "invalid SecurityContext fields: AllowPrivilegeEscalation"),
                new Refusal(
                        "capability",
                        "an added capability",
                        List.of("C:securityContext: {capabilities: {add: [DAC_READ_SEARCH]}}"),
                        UNSUPPORTED
                                + "invalid SecurityContext fields: Capabilities added: DAC_READ_SEARCH"),
                new Refusal(
                        "host-namespaces",
                        "hostNetwork, hostPID and hostIPC",
                        List.of("hostNetwork: true", "hostPID: true", "hostIPC: true"),
                        UNSUPPORTED + "fields not supported: HostNetwork, HostPID, HostIPC"),
                new Refusal(
                        "host-port",
                        "a hostPort",
                        List.of("C:ports: [{containerPort: 80, hostPort: 8080}]"),
                        UNSUPPORTED + "port contains HostIP or HostPort"),
                new Refusal(
                        "host-path",
                        "a hostPath volume",
                        List.of("volumes: [{name: host, hostPath: {path: /var}}]"),
                        UNSUPPORTED
                                + "volumes not supported: host is of an unsupported volume Type"),
                new Refusal(
                        "no-claim",
                        "a claim that does not exist",
                        List.of(
                                "volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]"),
                        UNSUPPORTED
                                + "volumes not supported: data not supported because: persistentvolumeclaim"
                                + " \"data\" not found"),
                new Refusal(
                        "too-big",
                        "17 vCPU",
                        List.of("C:resources: {requests: {cpu: \"17\", memory: 1Gi}}"),
                        "Your pod's cpu/memory requirements exceed the max Fargate configuration"),
                new Refusal(
                        "wrong-node",
                        "a node selector that no Fargate node has",
                        List.of("nodeSelector: {disk: ssd}"),
                        "MatchNodeSelector failed: Fargate profile "
                                + Lab.PROFILE
                                + " cannot satisfy pod's node selector/affinity requirements"));
    }
}
