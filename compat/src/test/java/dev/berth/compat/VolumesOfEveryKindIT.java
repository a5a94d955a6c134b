package dev.berth.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Every kind of volume and every way to mount one, as containers find them: on Fargate what it
 * takes, on an ordinary node what only such a node has.
 */
class VolumesOfEveryKindIT {
    private static final String CLUSTER = "kinds";

    /** On Fargate. */
    private static final String MADE =
            """
            apiVersion: v1
            kind: Namespace
            metadata: {name: away}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: words, namespace: away}
            data: {a: one, b: two}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: keys, namespace: away}
            stringData: {k: hush, l: hushed}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: made, namespace: away, labels: {tier: first}, annotations: {note: n1}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: main
                image: busybox
                command: [sleep, "3600"]
                resources: {limits: {memory: 64Mi}}
                env: [{name: WHO, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
                volumeMounts:
                - {name: all, mountPath: /all}
                - {name: items, mountPath: /items}
                - {name: hidden, mountPath: /hidden}
                - {name: whole, mountPath: /whole}
                - {name: whole, mountPath: /one-word, subPath: a}
                - {name: maybe, mountPath: /maybe}
                - {name: perhaps, mountPath: /perhaps}
                - {name: fields, mountPath: /fields}
                - {name: room, mountPath: /room}
                - {name: room, mountPath: /mine, subPathExpr: logs/$(WHO)}
                - {name: room, mountPath: /deep, subPath: logs/made/deep}
                - {name: room, mountPath: /still, readOnly: true}
                - {name: room, mountPath: /still-more, readOnly: true, recursiveReadOnly: Enabled}
                - {name: fast, mountPath: /fast}
              volumes:
              - name: all
                projected:
                  defaultMode: 0440
                  sources:
                  - serviceAccountToken: {path: token, expirationSeconds: 600, audience: shop}
                  - configMap: {name: words, items: [{key: a, path: config/a}]}
                  - secret: {name: keys, items: [{key: k, path: secret/k, mode: 0400}]}
                  - downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}
                  - configMap: {name: late, optional: true}
              - name: items
                configMap: {name: words, defaultMode: 0644, items: [{key: b, path: x/y, mode: 0755}, {key: a, path: z}]}
              - {name: hidden, secret: {secretName: keys, defaultMode: 0400}}
              - {name: whole, configMap: {name: words}}
              - {name: maybe, configMap: {name: late, optional: true, items: [{key: c, path: d}]}}
              - {name: perhaps, secret: {secretName: late, optional: true}}
              - name: fields
                downwardAPI:
                  items:
                  - {path: labels, fieldRef: {fieldPath: metadata.labels}}
                  - {path: notes, fieldRef: {fieldPath: metadata.annotations}}
                  - {path: memory, resourceFieldRef: {containerName: main, resource: limits.memory, divisor: 1Mi}}
              - {name: room, emptyDir: {}}
              - {name: fast, emptyDir: {medium: Memory, sizeLimit: 2Mi}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: grouped, namespace: away}
            spec:
              terminationGracePeriodSeconds: 1
              securityContext: {runAsUser: 1000, fsGroup: 2000, fsGroupChangePolicy: OnRootMismatch}
              containers:
              - name: main
                image: busybox
                command: [sleep, "3600"]
                volumeMounts:
                - {name: words, mountPath: /words}
                - {name: keys, mountPath: /keys}
                - {name: token, mountPath: /token}
                - {name: room, mountPath: /room}
                - {name: room, mountPath: /part, subPath: part}
                - {name: shared, mountPath: /shared}
              volumes:
              - {name: words, configMap: {name: words, defaultMode: 0400}}
              - {name: keys, secret: {secretName: keys, defaultMode: 0600}}
              - {name: token, projected: {sources: [{serviceAccountToken: {path: t}}, {secret: {name: keys}}]}}
              - {name: room, emptyDir: {}}
              - {name: shared, persistentVolumeClaim: {claimName: shared}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: passes-on, namespace: away}
            spec:
              containers:
              - name: main
                image: busybox
                securityContext: {privileged: true}
                volumeMounts: [{name: room, mountPath: /room, mountPropagation: Bidirectional}]
              volumes: [{name: room, emptyDir: {}}]
            ---
            apiVersion: v1
            kind: PersistentVolume
            metadata: {name: pv-shared}
            spec:
              capacity: {storage: 5Gi}
              accessModes: [ReadWriteMany]
              storageClassName: ""
              claimRef: {namespace: away, name: shared}
              csi: {driver: efs.csi.aws.com, volumeHandle: fs-7}
            ---
            apiVersion: v1
            kind: PersistentVolume
            metadata: {name: pv-way}
            spec:
              capacity: {storage: 5Gi}
              accessModes: [ReadWriteMany]
              storageClassName: ""
              claimRef: {namespace: away, name: way}
              csi: {driver: efs.csi.aws.com, volumeHandle: "fs-7::fsap-7"}
            ---
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: {name: way, namespace: away}
            spec:
              accessModes: [ReadWriteMany]
              storageClassName: ""
              volumeName: pv-way
              resources: {requests: {storage: 5Gi}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: through, namespace: away}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: root
                image: busybox
                command: [sleep, "3600"]
                volumeMounts: [{name: v, mountPath: /v}, {name: v, mountPath: /part, subPath: part}]
              - name: web
                image: busybox
                command: [sleep, "3600"]
                securityContext: {runAsUser: 33, runAsGroup: 34}
                volumeMounts: [{name: v, mountPath: /v}]
              volumes: [{name: v, persistentVolumeClaim: {claimName: way}}]
            ---
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: {name: shared, namespace: away}
            spec:
              accessModes: [ReadWriteMany]
              storageClassName: ""
              volumeName: pv-shared
              resources: {requests: {storage: 5Gi}}
            """;

    /** On an ordinary node. */
    private static final String MOUNTED =
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: nested}
            spec:
              terminationGracePeriodSeconds: 1
              initContainers:
              - name: mounts
                image: busybox
                command: [sh, -c, "mkdir /d/below && mount -t tmpfs below /d/below && echo deep > /d/below/x"]
                securityContext: {privileged: true}
                volumeMounts: [{name: d, mountPath: /d, mountPropagation: Bidirectional}]
              containers:
              - name: main
                image: busybox
                command: [sleep, "3600"]
                volumeMounts:
                - {name: d, mountPath: /open}
                - {name: d, mountPath: /still, readOnly: true}
                - {name: d, mountPath: /if, readOnly: true, recursiveReadOnly: IfPossible}
                - {name: d, mountPath: /all, readOnly: true, recursiveReadOnly: Enabled}
                - {name: d, mountPath: /sees, mountPropagation: HostToContainer}
              - name: passes
                image: busybox
                command: [sleep, "3600"]
                securityContext: {privileged: true}
                volumeMounts: [{name: d, mountPath: /d, mountPropagation: Bidirectional}]
              volumes: [{name: d, emptyDir: {}}]
            """;

    private static final String FORBIDDEN =
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: forbidden}
            spec:
              containers:
              - name: main
                image: busybox
                volumeMounts: [{name: d, mountPath: /d, mountPropagation: Bidirectional}]
              volumes: [{name: d, emptyDir: {}}]
            """;

    private static final String IMAGE =
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/library/model:1";

    /** On an ordinary node; one of them is refused on Fargate. */
    private static final String PICTURED =
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: pictured}
            spec:
              terminationGracePeriodSeconds: 1
              imagePullSecrets: [{name: login}]
              containers:
              - name: main
                image: busybox
                command: [sleep, "3600"]
                volumeMounts:
                - {name: model, mountPath: /model}
                - {name: tools, mountPath: /tools, readOnly: true, recursiveReadOnly: IfPossible}
                - {name: tools, mountPath: /part, subPath: etc}
              volumes:
              - {name: model, image: {reference: "%s", pullPolicy: IfNotPresent}}
              - {name: tools, image: {reference: busybox, pullPolicy: Never}}
            """;

    private static final String LACKING =
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: lacking}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: mounts
                image: busybox
                command: [sleep, "3600"]
                volumeMounts: [{name: none, mountPath: /none}]
              - name: part
                image: busybox
                command: [sleep, "3600"]
                volumeMounts: [{name: tools, mountPath: /part, subPath: no/such}]
              - {name: free, image: busybox, command: [sleep, "3600"]}
              volumes:
              - {name: none, image: {reference: "absent.invalid/none:1"}}
              - {name: tools, image: {reference: busybox, pullPolicy: IfNotPresent}}
            """;

    private static OneBerth berth;
    private static SmallRegistry registry;
    private static Path shared;

    @BeforeAll
    static void pods_begin() throws Exception {
        OneBerth.needs("kubectl", "nft");
        shared = Files.createTempDirectory("berth-compat-kinds").toRealPath();
        Files.setAttribute(shared, "unix:mode", 0755);
        Files.writeString(shared.resolve("roots"), "of root");
        registry = SmallRegistry.start();
        registry.put("model", "1", SmallImage.of("amd64", 1000));
        registry.wants("me", "secret");
        berth =
                OneBerth.inNewFolder()
                        .up(
                                "--efs",
                                "fs-7=" + shared,
                                "--efs-access-point",
                                "fsap-7=fs-7:/app,uid=1000,gid=1001,owner-uid=1000,owner-gid=1001,permissions=0750",
                                "--mirror",
                                "*.dkr.ecr.*.amazonaws.com=" + registry.address());
        berth.berth("image", "build-demo").good();
        var subnets = berth.network("172.25.0.0/16", "172.25.1.0/24", "172.25.2.0/24");
        berth.cluster(
                CLUSTER,
                berth.role("cluster", "eks.amazonaws.com", "AmazonEKSClusterPolicy"),
                subnets);
        berth.profile(
                CLUSTER,
                "away",
                berth.role(
                        "pods",
                        "eks-fargate-pods.amazonaws.com",
                        "AmazonEKSFargatePodExecutionRolePolicy"),
                subnets,
                Map.of("namespace", "away"));
        berth.berth("node", "add", "one", "--cluster", CLUSTER, "--subnet", subnets.getFirst())
                .good();
        berth.apply(MADE);
        berth.kubectl("wait", "--for=create", "node/one", "--timeout=60s");
        berth.kubectl("wait", "--for=condition=Ready", "node/one", "--timeout=60s");
        berth.apply(MOUNTED);
        berth.kubectl(
                "wait",
                "-n",
                "away",
                "--for=condition=Ready",
                "pod/made",
                "pod/grouped",
                "pod/through",
                "--timeout=60s");
        berth.kubectl("wait", "--for=condition=Ready", "pod/nested", "--timeout=60s");
    }

    @AfterAll
    static void end() throws Exception {
        if (berth != null) {
            berth.close();
            assertThat(shared.resolve("roots")).hasContent("of root");
            OneBerth.removeTree(shared);
        }
        if (registry != null) {
            registry.close();
        }
    }

    private static String made(String command) throws Exception {
        return away("made", command);
    }

    private static String away(String pod, String command) throws Exception {
        return berth.kubectl("exec", "-n", "away", pod, "--", "sh", "-c", command).strip();
    }

    private static String nested(String container, String command) throws Exception {
        return berth.kubectl("exec", "nested", "-c", container, "--", "sh", "-c", command).strip();
    }

    @Test
    void one_folder_holds_tokens_config_maps_secrets_and_fields() throws Exception {
        assertThat(made("cd /all; cat config/a; echo; cat secret/k; echo; cat name"))
                .isEqualTo("one\nhush\nmade");
        assertThat(made("cd /all; stat -Lc %a token config/a secret/k name"))
                .isEqualTo("440\n440\n400\n440");
        assertThat(made("cut -d. -f2 /all/token | tr _- /+ | base64 -d 2>/dev/null || true"))
                .contains("\"aud\":[\"shop\"]", "\"name\":\"made\"");
        assertThat(made("touch /all/x 2>&1 || true")).contains("Read-only file system");
    }

    @Test
    void items_choose_keys_paths_and_modes() throws Exception {
        assertThat(made("cd /items; cat x/y z; ls; stat -Lc %a x/y z"))
                .isEqualTo("twoonex\nz\n755\n644");
        assertThat(made("cd /hidden; cat k l; stat -Lc %a k l")).isEqualTo("hushhushed400\n400");
        assertThat(made("stat -fc %T /hidden")).isEqualTo("tmpfs");
        assertThat(made("cd /whole; ls; stat -Lc %a a; cat /one-word")).isEqualTo("a\nb\n644\none");
    }

    @Test
    void what_changes_is_seen_all_at_once_and_what_was_missing_appears() throws Exception {
        assertThat(made("cat /fields/labels; echo; cat /fields/notes; echo; cat /fields/memory"))
                .contains("tier=\"first\"\n", "note=\"n1\"")
                .endsWith("\n64");
        assertThat(made("ls /maybe /perhaps")).isEqualTo("/maybe:\n\n/perhaps:");
        var before =
                made("readlink /fields/..data; readlink /whole/..data; readlink /fields/labels");
        assertThat(before).matches("\\.\\.\\S+\n\\.\\.\\S+\n\\.\\.data/labels");
        berth.kubectl("label", "-n", "away", "pod/made", "tier=second", "--overwrite");
        berth.kubectl("annotate", "-n", "away", "pod/made", "note=n2", "--overwrite");
        berth.kubectl(
                "patch",
                "-n",
                "away",
                "configmap/words",
                "--type=merge",
                "-p",
                "{\"data\":{\"a\":\"eins\",\"c\":\"drei\",\"b\":null}}");
        berth.kubectl("create", "-n", "away", "configmap", "late", "--from-literal=c=come");
        berth.kubectl("create", "-n", "away", "secret", "generic", "late", "--from-literal=s=come");
        // The chosen key "b" is gone, so the volume of items stays as it was, and so the others do
        // not have to wait for it.
        OneBerth.until(
                "the changes are seen",
                () ->
                        made("cat /fields/labels /fields/notes /whole/a /maybe/d /perhaps/s /all/c /all/config/a"
                                        + " 2>/dev/null || true")
                                .matches(
                                        "(?s).*tier=\"second\".*note=\"n2\".*einscomecomecomeeins"));
        assertThat(made("ls /whole; cat /whole/c /items/x/y")).isEqualTo("a\nc\ndreitwo");
        assertThat(made("cat /one-word")).as("a sub path stays what it was").isEqualTo("one");
        assertThat(made("ls -a /whole | grep -c '^\\.\\.[0-9]'")).isEqualTo("1");
        assertThat(made("readlink /fields/..data; readlink /whole/..data; readlink /fields/labels"))
                .isNotEqualTo(before);
    }

    @Test
    void parts_of_a_volume_are_made_where_they_are_missing() throws Exception {
        made("echo here > /mine/x; echo deeper > /deep/y");
        assertThat(made("cat /room/logs/made/x /room/logs/made/deep/y; stat -c %a /room/logs/made"))
                .isEqualTo("here\ndeeper\n777");
        assertThat(made("touch /still/x 2>&1 || true; touch /still-more/x 2>&1 || true"))
                .isEqualTo(
                        "touch: /still/x: Read-only file system\n"
                                + "touch: /still-more/x: Read-only file system");
        assertThat(made("dd if=/dev/zero of=/fast/x bs=1M count=3 2>&1 || true; stat -fc %T /fast"))
                .contains("No space left on device", "tmpfs");
    }

    @Test
    void the_group_of_a_pod_may_use_its_volumes() throws Exception {
        assertThat(away("grouped", "id -G")).isEqualTo("0 2000");
        assertThat(away("grouped", "stat -Lc %g:%a /words/a /keys/k /token/t /token/k /room /part"))
                .isEqualTo("2000:440\n2000:640\n2000:640\n2000:644\n2000:2777\n2000:2777");
        assertThat(
                        away(
                                "grouped",
                                "cat /words/a /keys/k; touch /room/x /part/y && stat -c %u:%g /room/x /part/y"))
                .endsWith("hush1000:2000\n1000:2000");
        // The driver of EFS says nothing of groups, and then a kubelet leaves such volumes alone.
        assertThat(away("grouped", "stat -c %u:%g /shared /shared/roots")).isEqualTo("0:0\n0:0");
    }

    @Test
    void whoever_comes_by_an_access_point_is_its_user() throws Exception {
        var root = "echo a > /v/by-root && echo b > /part/x && stat -c %u:%g:%a /v /v/by-root";
        assertThat(
                        berth.kubectl(
                                "exec", "-n", "away", "through", "-c", "root", "--", "sh", "-c",
                                root))
                .isEqualTo("0:0:750\n0:0:644");
        var web =
                "echo c >> /v/by-root && mkdir /v/mine && touch /v/mine/x && stat -c %u:%g /v /v/mine/x";
        assertThat(
                        berth.kubectl(
                                "exec", "-n", "away", "through", "-c", "web", "--", "sh", "-c",
                                web))
                .isEqualTo("33:34\n33:34");
        for (var file : new String[] {"app", "app/by-root", "app/part/x", "app/mine/x"}) {
            var path = shared.resolve(file);
            assertThat(
                            Files.getAttribute(path, "unix:uid")
                                    + ":"
                                    + Files.getAttribute(path, "unix:gid"))
                    .as(file)
                    .isEqualTo("1000:1001");
        }
        assertThat(shared.resolve("app/by-root")).hasContent("a\nc\n");
    }

    @Test
    void mounts_below_a_volume_are_read_only_where_that_is_asked_for() throws Exception {
        assertThat(nested("main", "cd /; cat open/below/x still/below/x if/below/x all/below/x"))
                .isEqualTo("deep\ndeep\ndeep\ndeep");
        assertThat(
                        nested(
                                "main",
                                "for d in open still if all; do touch /$d/y 2>/dev/null && echo $d;"
                                        + " touch /$d/below/y 2>/dev/null && echo $d/below; done; true"))
                .isEqualTo("open\nopen/below\nstill/below");
        assertThat(
                        berth.kubectl(
                                "get",
                                "pod/nested",
                                "-o",
                                "jsonpath={range .status.containerStatuses[?(@.name=='main')].volumeMounts[*]}{.mountPath}"
                                        + " {.readOnly} {.recursiveReadOnly},{end}"))
                .startsWith(
                        "/open  ,/still true Disabled,/if true Enabled,/all true Enabled,/sees  ,");
    }

    @Test
    void what_a_container_mounts_is_seen_where_that_is_asked_for() throws Exception {
        nested(
                "passes",
                "mkdir /d/later && mount -t tmpfs later /d/later && echo new > /d/later/z");
        assertThat(nested("main", "cat /sees/later/z; ls /open/later")).isEqualTo("new");
        nested("passes", "umount /d/later");
        assertThat(nested("main", "ls /sees/later")).isEmpty();
        var refused = berth.shell().run(FORBIDDEN, "kubectl", "apply", "-f", "-");
        assertThat(refused.error())
                .contains(
                        "Bidirectional mount propagation is available only to privileged containers");
        OneBerth.until(
                "Fargate refuses it",
                () ->
                        berth.kubectl(
                                        "get",
                                        "events",
                                        "-n",
                                        "away",
                                        "-o",
                                        "jsonpath={.items[*].message}")
                                .contains("invalid SecurityContext fields: Privileged"));
    }

    private static String waiting(String container) throws Exception {
        return berth.kubectl(
                "get",
                "pod/lacking",
                "-o",
                "jsonpath={.status.containerStatuses[?(@.name=='%s')].state.waiting}"
                        .formatted(container));
    }

    @Test
    void an_image_is_a_volume_that_can_only_be_read() throws Exception {
        berth.kubectl(
                "create",
                "secret",
                "docker-registry",
                "login",
                "--docker-server=111122223333.dkr.ecr.eu-west-1.amazonaws.com",
                "--docker-username=me",
                "--docker-password=secret");
        berth.apply(PICTURED.formatted(IMAGE));
        berth.kubectl("wait", "--for=condition=Ready", "pod/pictured", "--timeout=60s");
        var in = new String[] {"exec", "pictured", "--", "sh", "-c", ""};
        in[5] = "wc -c < /model/file; cat /tools/etc/passwd /part/passwd | grep -c ^root";
        assertThat(berth.kubectl(in)).isEqualTo("1000\n2");
        in[5] =
                "touch /model/x 2>&1; /tools/bin/busybox true 2>&1; grep -E ' /(model|tools|part) ' /proc/mounts; true";
        assertThat(berth.kubectl(in))
                .contains(
                        "touch: /model/x: Read-only file system",
                        "/tools/bin/busybox: Permission denied")
                .containsPattern("/model overlay ro,\\S*nosuid,nodev,noexec")
                .containsPattern("/part overlay ro,\\S*nosuid,nodev,noexec");
        assertThat(
                        berth.kubectl(
                                "get",
                                "pod/pictured",
                                "-o",
                                "jsonpath={.status.containerStatuses[0].volumeMounts}"))
                .startsWith(
                        "[{\"mountPath\":\"/model\",\"name\":\"model\"},"
                                + "{\"mountPath\":\"/tools\",\"name\":\"tools\",\"readOnly\":true,\"recursiveReadOnly\":\"Enabled\"},"
                                + "{\"mountPath\":\"/part\",\"name\":\"tools\"},");
        var events =
                berth.kubectl(
                        "get",
                        "events",
                        "--field-selector",
                        "involvedObject.name=pictured",
                        "-o",
                        "jsonpath={range .items[*]}{.involvedObject.fieldPath} {.reason} {.message}{'\\n'}{end}");
        assertThat(events)
                .containsPattern("(?m)^ ?Pulling Pulling image \"" + IMAGE)
                .containsPattern("(?m)^ ?Pulled Successfully pulled image \"" + IMAGE);
        assertThat(berth.berth("image", "gc").good()).startsWith("removed 0 images");
        assertThat(berth.berth("image", "list").good()).contains(IMAGE);
        berth.kubectl("delete", "pod/pictured", "--wait=true");
        OneBerth.until(
                "the image is used no longer",
                () -> berth.berth("image", "gc").good().startsWith("removed 1 images"));
    }

    @Test
    void only_those_wait_that_mount_an_image_that_cannot_be_had() throws Exception {
        berth.apply(LACKING);
        OneBerth.until("the pull fails", () -> waiting("mounts").contains("ImagePullBackOff"));
        assertThat(waiting("mounts"))
                .contains("Back-off pulling image \\\"absent.invalid/none:1\\\": ErrImagePull: ");
        OneBerth.until(
                "the folder is missing", () -> waiting("part").contains("CreateContainerError"));
        assertThat(waiting("part"))
                .contains("ImageVolumeMountFailed: failed to ensure image subpath \\\"no/such\\\"");
        assertThat(
                        berth.kubectl(
                                "get",
                                "pod/lacking",
                                "-o",
                                "jsonpath={.status.containerStatuses[?(@.name=='free')].ready}"))
                .isEqualTo("true");
        assertThat(
                        berth.kubectl(
                                "get",
                                "events",
                                "--field-selector",
                                "involvedObject.name=lacking",
                                "-o",
                                "jsonpath={range .items[*]}{.involvedObject.fieldPath} {.reason} {.message}{'\\n'}{end}"))
                .contains(
                        "spec.containers{mounts} Failed Error: ErrImagePull",
                        " Failed Failed to pull image \"absent.invalid/none:1\": ",
                        " BackOff Back-off pulling image \"absent.invalid/none:1\"");
        berth.shell()
                .run(PICTURED.formatted("busybox"), "kubectl", "apply", "-n", "away", "-f", "-")
                .good();
        OneBerth.until(
                "Fargate refuses it",
                () ->
                        berth.kubectl(
                                        "get",
                                        "events",
                                        "-n",
                                        "away",
                                        "-o",
                                        "jsonpath={.items[*].message}")
                                .contains(
                                        "volumes not supported: model is of an unsupported volume Type"));
    }
}
