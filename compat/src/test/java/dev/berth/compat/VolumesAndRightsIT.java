package dev.berth.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What pods find in their volumes, and as whom and with what they run, as users see it. */
class VolumesAndRightsIT {
    private static final String CLUSTER = "volumes";

    /** The pods that only need to be asked; all start at once. */
    private static final String WORLD =
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: too-much}
            spec:
              containers:
              - name: main
                image: busybox
                command: [sh, -c, "dd if=/dev/zero of=/d/x bs=1M count=3; sleep 3600"]
                volumeMounts: [{name: d, mountPath: /d}]
              volumes: [{name: d, emptyDir: {sizeLimit: 1Mi}}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: escapes}
            spec:
              initContainers:
              - name: link
                image: busybox
                command: [ln, -s, /etc, /d/out]
                volumeMounts: [{name: d, mountPath: /d}]
              containers:
              - name: main
                image: busybox
                command: [sleep, "3600"]
                volumeMounts: [{name: d, mountPath: /d, subPath: out}]
              volumes: [{name: d, emptyDir: {}}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: waits}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: main
                image: busybox
                command: [sleep, "3600"]
                env: [{name: A, valueFrom: {configMapKeyRef: {name: later, key: a}}}]
                volumeMounts: [{name: c, mountPath: /c}, {name: c, mountPath: /one, subPath: a}]
              volumes: [{name: c, configMap: {name: later, defaultMode: 0400}}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: narrow}
            spec:
              terminationGracePeriodSeconds: 1
              securityContext:
                runAsUser: 1001
                runAsGroup: 1002
                supplementalGroups: [1003]
                supplementalGroupsPolicy: Strict
                fsGroup: 1004
                sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: "80"}]
              containers:
              - name: main
                image: busybox
                command: [sleep, "3600"]
                securityContext:
                  readOnlyRootFilesystem: true
                  allowPrivilegeEscalation: false
                  capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}
                volumeMounts: [{name: d, mountPath: /d}, {name: m, mountPath: /m}]
              - name: quiet
                image: busybox
                command: [sleep, "3600"]
                securityContext: {seccompProfile: {type: Localhost, localhostProfile: no-mkdir.json}}
              - name: lost
                image: busybox
                command: [sleep, "3600"]
                securityContext: {seccompProfile: {type: Localhost, localhostProfile: none.json}}
              - name: rooted
                image: busybox
                command: [sleep, "3600"]
                securityContext: {runAsNonRoot: true, runAsUser: 0}
              volumes: [{name: d, emptyDir: {}}, {name: m, emptyDir: {medium: Memory, sizeLimit: 1Mi}}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: armoured}
            spec:
              securityContext: {appArmorProfile: {type: RuntimeDefault}}
              containers: [{name: main, image: busybox, command: [sleep, "3600"]}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: unsafe}
            spec:
              securityContext: {sysctls: [{name: kernel.msgmax, value: "65536"}]}
              containers: [{name: main, image: busybox, command: [sleep, "3600"]}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: own-users}
            spec:
              hostUsers: false
              shareProcessNamespace: true
              terminationGracePeriodSeconds: 1
              securityContext:
                fsGroup: 4000
                sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: "80"}]
              containers:
              - name: main
                image: busybox
                command: [sh, -c, "test -f /d/again || { touch /d/again; echo words > /dev/termination-log; sleep 3; exit 3; }; sleep 3600"]
                securityContext: {procMount: Unmasked}
                volumeMounts: [{name: d, mountPath: /d}, {name: m, mountPath: /m}, {name: c, mountPath: /c}]
              - name: user
                image: busybox
                command: [sleep, "3600"]
                securityContext: {runAsUser: 1001, runAsGroup: 1002}
                volumeMounts: [{name: d, mountPath: /d}, {name: m, mountPath: /m}, {name: c, mountPath: /c}, {name: d, mountPath: /sub, subPath: x/y}]
              volumes:
              - {name: d, emptyDir: {}}
              - {name: m, emptyDir: {medium: Memory}}
              - {name: c, secret: {secretName: hidden, defaultMode: 0440}}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: hidden}
            stringData: {s: from-secret}
            """;

    private static final String CLAIM =
            """
            apiVersion: v1
            kind: PersistentVolume
            metadata: {name: pv-%1$s}
            spec:
              capacity: {storage: 5Gi}
              accessModes: [ReadWriteMany]
              storageClassName: ""
              claimRef: {namespace: default, name: %1$s}
              csi: {driver: efs.csi.aws.com, volumeHandle: "%2$s"}
            ---
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: {name: %1$s}
            spec:
              accessModes: [ReadWriteMany]
              storageClassName: ""
              volumeName: pv-%1$s
              resources: {requests: {storage: 5Gi}}
            ---
            """;

    private static final String USER =
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: %1$s}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: main
                image: busybox
                command: [sleep, "3600"]
                volumeMounts: [{name: v, mountPath: /v}, {name: v, mountPath: /ro, readOnly: true}]
              volumes: [{name: v, persistentVolumeClaim: {claimName: %2$s}}]
            ---
            """;

    private static OneBerth berth;
    private static Path shared;

    @BeforeAll
    static void pods_begin() throws Exception {
        OneBerth.needs("kubectl");
        shared = Files.createTempDirectory("berth-compat-efs").toRealPath();
        berth =
                OneBerth.inNewFolder()
                        .up(
                                "--efs",
                                "fs-1=" + shared,
                                "--efs-access-point",
                                "fsap-1=fs-1:/app,1000,1000");
        berth.berth("image", "build-demo").good();
        Files.createDirectories(berth.data().resolve("seccomp"));
        Files.writeString(
                berth.data().resolve("seccomp/no-mkdir.json"),
                """
                {"defaultAction": "SCMP_ACT_ALLOW",
                 "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}
                """);
        var subnets = berth.network("172.28.0.0/16", "172.28.1.0/24", "172.28.2.0/24");
        berth.cluster(
                CLUSTER,
                berth.role("cluster", "eks.amazonaws.com", "AmazonEKSClusterPolicy"),
                subnets);
        berth.profile(
                CLUSTER,
                "default",
                berth.role(
                        "pods",
                        "eks-fargate-pods.amazonaws.com",
                        "AmazonEKSFargatePodExecutionRolePolicy"),
                subnets,
                Map.of("namespace", "default"));
        berth.apply(
                WORLD
                        + "---\n"
                        + CLAIM.formatted("all", "fs-1")
                        + CLAIM.formatted("app", "fs-1::fsap-1")
                        + CLAIM.formatted("absent", "fs-9")
                        + USER.formatted("one", "all")
                        + USER.formatted("two", "app")
                        + USER.formatted("nowhere", "absent"));
    }

    @AfterAll
    static void end() throws Exception {
        if (berth != null) {
            // The hardest way for a folder of the user's: mounted, nobody there, and all is purged.
            berth.killHard();
            berth.close();
            assertThat(shared.resolve("app/x")).hasContent("of one\n");
            OneBerth.removeTree(shared);
        }
    }

    private static String in(String pod, String container, String command) throws Exception {
        return berth.kubectl("exec", pod, "-c", container, "--", "sh", "-c", command).strip();
    }

    private static String field(String pod, String path) throws Exception {
        return berth.kubectl("get", "pod", pod, "-o", "jsonpath={" + path + "}");
    }

    private static void tells(String pod, String reason, String message) throws Exception {
        OneBerth.until(
                pod + " tells " + reason,
                () ->
                        berth.kubectl(
                                        "get",
                                        "events",
                                        "--field-selector",
                                        "involvedObject.name=" + pod + ",reason=" + reason,
                                        "-o",
                                        "jsonpath={.items[*].message}")
                                .contains(message));
    }

    @Test
    void a_volume_over_its_limit_evicts_its_pod() throws Exception {
        tells("too-much", "Evicted", "Usage of EmptyDir volume \"d\" exceeds the limit \"1Mi\".");
        berth.kubectl(
                "wait", "--for=jsonpath={.status.phase}=Failed", "pod/too-much", "--timeout=20s");
        assertThat(field("too-much", ".status.reason")).isEqualTo("Evicted");
    }

    @Test
    void a_link_does_not_lead_a_sub_path_out_of_its_volume() throws Exception {
        OneBerth.until(
                "the link is refused",
                () ->
                        field("escapes", ".status.containerStatuses[0].state.waiting.message")
                                .equals(
                                        "failed to prepare subPath for volumeMount \"d\" of container"
                                                + " \"main\""));
    }

    @Test
    void a_pod_starts_when_the_config_map_comes_that_it_waits_for() throws Exception {
        tells(
                "waits",
                "FailedMount",
                "MountVolume.SetUp failed for volume \"c\" : configmap \"later\" not found");
        berth.kubectl("create", "configmap", "later", "--from-literal=a=b");
        berth.kubectl("wait", "--for=condition=Ready", "pod/waits", "--timeout=20s");
        assertThat(in("waits", "main", "echo $A; cat /c/a /one; stat -Lc %a /c/a"))
                .isEqualTo("b\nbb400");
    }

    @Test
    void a_pod_starts_as_soon_as_its_claim_is_bound() throws Exception {
        var parts = CLAIM.formatted("late", "fs-1").split("---\n", -1);
        berth.apply(parts[1] + "---\n" + USER.formatted("tardy", "late"));
        tells(
                "tardy",
                "FailedScheduling",
                "Pod not supported on Fargate: volumes not supported: v not supported because: PVC"
                        + " late not bound");
        berth.apply(parts[0]);
        berth.kubectl("wait", "--for=condition=Ready", "pod/tardy", "--timeout=25s");
    }

    @Test
    void pods_on_different_nodes_share_a_file_system() throws Exception {
        berth.kubectl("wait", "--for=condition=Ready", "pod/one", "pod/two", "--timeout=60s");
        in("one", "main", "echo of one > /v/app/x");
        assertThat(in("two", "main", "cat /v/x; stat -c %u:%g /v; touch /ro/y 2>&1 || true"))
                .contains("of one", "1000:1000", "Read-only file system");
        assertThat(field("one", ".status.containerStatuses[0].volumeMounts[?(@.mountPath=='/ro')]"))
                .isEqualTo(
                        "{\"mountPath\":\"/ro\",\"name\":\"v\",\"readOnly\":true,\"recursiveReadOnly\":\"Disabled\"}");
        assertThat(field("one", ".spec.nodeName")).isNotEqualTo(field("two", ".spec.nodeName"));
        tells(
                "nowhere",
                "FailedMount",
                "MountVolume.SetUp failed for volume \"pv-absent\" : file system fs-9 is not served"
                        + " here");
    }

    @Test
    void a_container_runs_as_whom_and_with_what_it_says() throws Exception {
        OneBerth.until(
                "main runs",
                () ->
                        !field(
                                        "narrow",
                                        ".status.containerStatuses[?(@.name=='main')].state.running")
                                .isEmpty());
        assertThat(in("narrow", "main", "id -u; id -g; id -G"))
                .isEqualTo("1001\n1002\n1002 1003 1004");
        assertThat(in("narrow", "main", "grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status"))
                .matches("(?s).*CapEff:\\s+0+(400)?\\b.*NoNewPrivs:\\s+1.*Seccomp:\\s+2.*");
        assertThat(in("narrow", "main", "grep CapBnd /proc/self/status")).endsWith("0000000400");
        assertThat(in("narrow", "main", "touch /x 2>&1 || true")).contains("Read-only file system");
        assertThat(in("narrow", "main", "stat -c %g:%a /d /m")).isEqualTo("1004:2777\n1004:3777");
        assertThat(in("narrow", "main", "dd if=/dev/zero of=/m/x bs=1M count=2 2>&1 || true"))
                .contains("No space left");
        assertThat(in("narrow", "main", "cat /proc/sys/net/ipv4/ip_unprivileged_port_start"))
                .isEqualTo("80");
        assertThat(in("narrow", "main", "ulimit -Sn; ulimit -Hn"))
                .isEqualTo("1024\n" + Math.min(65_535, here("open files")));
        assertThat(in("narrow", "main", "grep 'Max processes' /proc/self/limits").split(" +", -1))
                .containsSequence(
                        "processes", "1024", Long.toString(Math.min(65_535, here("processes"))));
        assertThat(in("narrow", "main", "head -c 1 /proc/kcore | wc -c; ls /sys/firmware | wc -l"))
                .isEqualTo("0\n0");
        assertThat(in("narrow", "main", "ls /dev"))
                .isEqualTo(
                        "core\nfd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\n"
                                + "stdout\ntermination-log\ntty\nurandom\nzero");
        assertThat(field("narrow", ".status.containerStatuses[?(@.name=='main')].user.linux"))
                .isEqualTo("{\"gid\":1002,\"supplementalGroups\":[1002,1003,1004],\"uid\":1001}");
        assertThat(
                        in(
                                "narrow",
                                "quiet",
                                "mkdir /tmp/x 2>&1 || true; echo hi > /dev/null && echo ok"))
                .contains("Operation not permitted", "ok");
    }

    /** Without the right to, nobody can give more than he has. */
    private static long here(String what) throws Exception {
        for (var line : Files.readAllLines(Path.of("/proc/self/limits"))) {
            if (line.startsWith("Max " + what)) {
                var hard = line.substring(("Max " + what).length()).strip().split("\\s+", -1)[1];
                return hard.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(hard);
            }
        }
        throw new AssertionError("no limit of " + what);
    }

    @Test
    void what_cannot_be_kept_is_refused() throws Exception {
        var waiting = ".status.containerStatuses[?(@.name=='%s')].state.waiting.message";
        OneBerth.until(
                "a missing profile is told",
                () ->
                        field("narrow", waiting.formatted("lost"))
                                .contains("none.json\": no such file or directory"));
        assertThat(field("narrow", waiting.formatted("rooted")))
                .startsWith("container's runAsUser breaks non-root policy (pod: \"narrow_default(");
        OneBerth.until("armoured", () -> field("armoured", ".status.phase").equals("Failed"));
        assertThat(field("armoured", ".status.reason")).isEqualTo("AppArmor");
        assertThat(field("armoured", ".status.message"))
                .isEqualTo(
                        "Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the"
                                + " host");
        OneBerth.until("unsafe", () -> field("unsafe", ".status.phase").equals("Failed"));
        assertThat(field("unsafe", ".status.reason")).isEqualTo("SysctlForbidden");
        assertThat(field("unsafe", ".status.message"))
                .isEqualTo("Pod was rejected: forbidden sysctl: \"kernel.msgmax\" not allowlisted");
    }

    @Test
    void a_pod_with_users_of_its_own_is_as_any_other_inside() throws Exception {
        OneBerth.until(
                "it runs again after its first end",
                () ->
                        field(
                                                "own-users",
                                                ".status.containerStatuses[?(@.name=='main')].restartCount")
                                        .equals("1")
                                && field("own-users", ".status.containerStatuses[*].ready")
                                        .equals("true true"));
        assertThat(
                        field(
                                "own-users",
                                ".status.containerStatuses[?(@.name=='main')].lastState.terminated.message"))
                .isEqualTo("words");
        var map = in("own-users", "main", "cat /proc/self/uid_map").split(" +", -1);
        assertThat(map[0]).isEqualTo("0");
        assertThat(Long.parseLong(map[1])).isPositive().matches(first -> first % 65_536 == 0);
        assertThat(map[2]).isEqualTo("65536");
        in("own-users", "main", "echo of root > /d/f; echo of root > /m/f");
        assertThat(
                        in(
                                "own-users",
                                "user",
                                "id -u; id -g; id -G; cat /d/f /m/f /c/s; echo; echo x > /sub/g;"
                                        + " stat -c %u:%g /d/f /sub/g; stat -Lc %u:%g:%a /c/s"))
                .isEqualTo(
                        "1001\n1002\n1002 4000\nof root\nof root\nfrom-secret\n"
                                + "0:4000\n1001:4000\n0:4000:440");
        assertThat(in("own-users", "main", "ps -o args")).contains("/pause", "sleep 3600");
        assertThat(
                        berth.kubectl(
                                "get",
                                "node",
                                field("own-users", ".spec.nodeName"),
                                "-o",
                                "jsonpath={.status.runtimeHandlers[0].features.userNamespaces}"
                                        + " {.status.features.supplementalGroupsPolicy}"))
                .isEqualTo("true true");
        // Unmasked for one, masked for the other.
        assertThat(in("own-users", "main", "grep -c ' /proc/' /proc/mounts || true"))
                .isEqualTo("0");
        assertThat(in("own-users", "user", "grep -c ' /proc/' /proc/mounts")).isNotEqualTo("0");
        assertThat(in("own-users", "main", "cat /proc/sys/net/ipv4/ip_unprivileged_port_start"))
                .isEqualTo("80");
        berth.kubectl(
                "debug",
                "own-users",
                "--image=busybox",
                "--target=user",
                "-c",
                "look",
                "--attach=false",
                "--profile=general",
                "--",
                "sleep",
                "3600");
        berth.kubectl(
                "wait",
                "--for=jsonpath={.status.ephemeralContainerStatuses[0].state.running}",
                "pod/own-users",
                "--timeout=20s");
        assertThat(in("own-users", "look", "cat /proc/self/uid_map").split(" +", -1)[1])
                .isEqualTo(map[1]);
        assertThat(in("own-users", "look", "ps -o args")).contains("sleep 3600");
    }
}
