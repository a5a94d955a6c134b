package dev.berth.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Containers' lives and what Kubernetes' controllers build on them, as kubectl shows them. */
class LivesAndWorkloadsIT {
    private static final String CLUSTER = "lives";

    private static final String LIVES =
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: shared}
            spec:
              shareProcessNamespace: true
              terminationGracePeriodSeconds: 1
              hostname: myhost
              subdomain: sub
              hostAliases: [{ip: 10.1.2.3, hostnames: [foo, bar.example]}]
              containers:
              - {name: one, image: busybox, command: [sleep, "3600"]}
              - {name: two, image: busybox, command: [sleep, "3601"]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: named}
            spec:
              hostname: h
              subdomain: sub
              setHostnameAsFQDN: true
              terminationGracePeriodSeconds: 1
              dnsPolicy: None
              dnsConfig: {nameservers: [1.2.3.4], searches: [a.b], options: [{name: ndots, value: "3"}, {name: edns0}]}
              enableServiceLinks: false
              containers: [{name: main, image: busybox, command: [sleep, "3600"]}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: overridden}
            spec:
              hostnameOverride: any.thing.example
              terminationGracePeriodSeconds: 1
              containers: [{name: main, image: busybox, command: [sleep, "3600"]}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: together}
            spec:
              restartPolicy: Never
              terminationGracePeriodSeconds: 1
              initContainers: [{name: init, image: busybox, command: ["true"]}]
              containers:
              - name: source
                image: busybox
                command: [sh, -c, "sleep 2; [ $(cat /v/runs 2>/dev/null) ] && exec sleep 3600; echo 1 > /v/runs; exit 42"]
                restartPolicy: Never
                restartPolicyRules: [{action: RestartAllContainers, exitCodes: {operator: In, values: [42]}}]
                volumeMounts: [{name: v, mountPath: /v}]
              - {name: other, image: busybox, command: [sleep, "3600"]}
              volumes: [{name: v, emptyDir: {}}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: hungry}
            spec:
              restartPolicy: Never
              containers:
              - {name: main, image: busybox, command: [tail, /dev/zero], resources: {limits: {memory: 20Mi}}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: late}
            spec:
              activeDeadlineSeconds: 5
              terminationGracePeriodSeconds: 1
              containers: [{name: main, image: busybox, command: [sleep, "3600"]}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: quits}
            spec:
              activeDeadlineSeconds: 5
              containers: [{name: main, image: nginx}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: stubborn}
            spec:
              terminationGracePeriodSeconds: 300
              containers: [{name: main, image: busybox, command: [sh, -c, "trap '' TERM; sleep 471100"]}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: forced}
            spec:
              terminationGracePeriodSeconds: 300
              containers: [{name: main, image: busybox, command: [sh, -c, "trap '' TERM; sleep 471101"]}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: hooked}
            spec:
              terminationGracePeriodSeconds: 3
              containers:
              - name: begins
                image: busybox
                command: [sleep, "3600"]
                lifecycle: {postStart: {exec: {command: [sh, -c, "echo not so; exit 3"]}}}
              - name: ends
                image: busybox
                command: [sleep, "3600"]
                lifecycle: {preStop: {httpGet: {port: 1, path: /bye}}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: troubled}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - {name: never, image: "nothere:1", imagePullPolicy: Never}
              - {name: invalid, image: "BAD IMAGE:"}
              - {name: absent, image: "127.0.0.1:1/x:1"}
              - {name: unconfigured, image: busybox, env: [{name: A, valueFrom: {configMapKeyRef: {name: none, key: a}}}]}
              - {name: programless, image: busybox, command: [/no/such]}
              - {name: crash, image: busybox, command: [sh, -c, "echo last words; exit 3"], terminationMessagePolicy: FallbackToLogsOnError}
              - {name: message, image: busybox, command: [sh, -c, "echo bye > /tmp/m; exit 1"], terminationMessagePath: /tmp/m}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: sized}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: main
                image: busybox
                command: [sleep, "3600"]
                resources: {requests: {cpu: 100m, memory: 100Mi}, limits: {cpu: 200m, memory: 150Mi}}
            """;

    private static final String WORKLOADS =
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              replicas: 2
              strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers: [{name: main, image: busybox, command: [sh, -c, "exec sleep 3600"], env: [{name: V, value: one}]}]
            ---
            apiVersion: policy/v1
            kind: PodDisruptionBudget
            metadata: {name: web}
            spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: db}
            spec: {clusterIP: None, selector: {app: db}, ports: [{port: 8080}]}
            ---
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {name: db}
            spec:
              serviceName: db
              replicas: 2
              selector: {matchLabels: {app: db}}
              template:
                metadata: {labels: {app: db}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: main
                    image: busybox
                    command: [sh, -c, "mkdir /w; hostname -f > /w/index.html; exec httpd -f -p 8080 -h /w"]
                    readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: {name: indexed}
            spec:
              completions: 3
              parallelism: 3
              completionMode: Indexed
              template:
                spec:
                  restartPolicy: Never
                  containers: [{name: main, image: busybox, command: [sh, -c, "echo $JOB_COMPLETION_INDEX $(hostname)"]}]
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: {name: policy}
            spec:
              backoffLimit: 6
              podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {containerName: main, operator: In, values: [42]}}]}
              template:
                spec:
                  restartPolicy: Never
                  containers: [{name: main, image: busybox, command: [sh, -c, "exit 42"]}]
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: {name: leader}
            spec:
              completions: 2
              parallelism: 2
              completionMode: Indexed
              successPolicy: {rules: [{succeededIndexes: "0", succeededCount: 1}]}
              template:
                spec:
                  restartPolicy: Never
                  terminationGracePeriodSeconds: 1
                  containers: [{name: main, image: busybox, command: [sh, -c, "[ $JOB_COMPLETION_INDEX = 0 ] || exec sleep 3600"]}]
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: {name: backoff}
            spec:
              backoffLimit: 0
              template:
                spec:
                  restartPolicy: Never
                  containers: [{name: main, image: busybox, command: [sh, -c, "exit 1"]}]
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: {name: later}
            spec:
              suspend: true
              template:
                spec:
                  restartPolicy: Never
                  containers: [{name: main, image: busybox, command: ["true"]}]
            ---
            apiVersion: batch/v1
            kind: CronJob
            metadata: {name: tick}
            spec:
              schedule: "0 0 1 1 *"
              jobTemplate:
                spec:
                  template:
                    spec:
                      restartPolicy: Never
                      containers: [{name: main, image: busybox, command: ["true"]}]
            ---
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: {name: each}
            spec:
              selector: {matchLabels: {app: each}}
              template:
                metadata: {labels: {app: each}}
                spec:
                  containers: [{name: main, image: busybox, command: [sleep, "3600"]}]
            """;

    private static OneBerth berth;

    @BeforeAll
    static void pods_run() throws Exception {
        OneBerth.needs("kubectl");
        berth = OneBerth.inNewFolder().up();
        berth.berth("image", "build-demo").good();
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
        berth.apply(LIVES);
        berth.apply(WORKLOADS);
        berth.kubectl(
                "wait",
                "--for=condition=Ready",
                "pod/shared",
                "pod/named",
                "pod/overridden",
                "pod/sized",
                "pod/stubborn",
                "pod/forced",
                "--timeout=120s");
    }

    @AfterAll
    static void end() throws Exception {
        if (berth != null) {
            berth.close();
        }
    }

    // ---- lives

    @Test
    void containers_may_share_their_processes() throws Exception {
        assertThat(inPod("shared", "one", "ps")).contains("/pause", "sleep 3600", "sleep 3601");
        assertThat(inPod("shared", "one", "readlink /proc/1/exe")).isEqualTo("/pause");
        assertThat(inPod("shared", "one", "cat /sys/class/net/eth0/mtu")).isEqualTo("1500");
    }

    @Test
    void names_and_resolvers_are_as_the_pod_says() throws Exception {
        assertThat(inPod("shared", "one", "hostname; hostname -f; cat /etc/hosts"))
                .startsWith("myhost\nmyhost.sub.default.svc.cluster.local\n")
                .contains("10.1.2.3\tfoo\tbar.example");
        assertThat(inPod("named", "main", "hostname; cat /etc/resolv.conf; env"))
                .startsWith("h.sub.default.svc.cluster.local\n")
                .contains("search a.b\nnameserver 1.2.3.4\noptions ndots:3 edns0\n")
                .doesNotContain("DB_SERVICE_HOST");
        assertThat(inPod("overridden", "main", "hostname; cat /etc/hosts"))
                .startsWith("any.thing.example\n")
                .endsWith("\tany.thing.example");
    }

    @Test
    void a_debugger_sees_the_processes_of_its_target() throws Exception {
        berth.kubectl(
                "debug",
                "-q",
                "overridden",
                "--image=busybox",
                "--target=main",
                "--profile=general",
                "--attach=false",
                "-c",
                "debugger",
                "--",
                "sleep",
                "1000");
        OneBerth.until(
                "the debugger runs",
                () ->
                        field("pod/overridden", "{.status.ephemeralContainerStatuses[0].state}")
                                .contains("running"));
        assertThat(inPod("overridden", "debugger", "ps")).contains("1 root     sleep 3600");
    }

    @Test
    void resources_change_in_place_where_the_pods_size_allows_it() throws Exception {
        berth.kubectl(
                "patch", "pod", "sized", "--subresource=resize", "-p", resize("200m", "180Mi"));
        OneBerth.until(
                "it is done",
                () ->
                        field(
                                        "pod/sized",
                                        "{.status.containerStatuses[0].resources.limits['cpu','memory']}")
                                .equals("200m 180Mi"));
        assertThat(field("pod/sized", "{.status.containerStatuses[0]['restartCount','ready']}"))
                .isEqualTo("0 true");
        berth.kubectl("patch", "pod", "sized", "--subresource=resize", "-p", resize("200m", "1Gi"));
        OneBerth.until(
                "it is refused",
                () ->
                        field(
                                        "pod/sized",
                                        "{.status.conditions[?(@.type=='PodResizePending')].reason}")
                                .equals("Infeasible"));
        assertThat(field("pod/sized", "{.status.containerStatuses[0].allocatedResources.memory}"))
                .isEqualTo("180Mi");
    }

    private static String resize(String cpu, String memory) {
        return """
        {"spec":{"containers":[{"name":"main","resources":{
          "requests":{"cpu":"150m","memory":"%2$s"},"limits":{"cpu":"%1$s","memory":"%2$s"}}}]}}
        """
                .formatted(cpu, memory);
    }

    @Test
    void one_container_may_begin_all_of_its_pod_anew() throws Exception {
        OneBerth.until(
                "all began anew",
                () ->
                        field("pod/together", "{.status.containerStatuses[*].restartCount}")
                                        .equals("1 1")
                                && field("pod/together", "{.status.containerStatuses[*].ready}")
                                        .equals("true true"));
        assertThat(field("pod/together", "{.status.initContainerStatuses[0].restartCount}"))
                .isEqualTo("1");
        assertThat(
                        field(
                                "pod/together",
                                "{.status.containerStatuses[0].lastState.terminated.reason}"))
                .isEqualTo("RestartingAllContainers");
        assertThat(
                        field(
                                "pod/together",
                                "{.status.conditions[?(@.type=='AllContainersRestarting')].status}"))
                .isEqualTo("False");
    }

    @Test
    void a_container_is_told_that_memory_ran_out_and_a_pod_that_its_time_is_up() throws Exception {
        berth.kubectl("wait", "--for=jsonpath={.status.phase}=Failed", "pod/hungry", "pod/late");
        assertThat(
                        field(
                                "pod/hungry",
                                "{.status.containerStatuses[0].state.terminated['reason','exitCode']}"))
                .isEqualTo("OOMKilled 137");
        assertThat(field("pod/late", "{.status.reason}: {.status.message}"))
                .isEqualTo(
                        "DeadlineExceeded: Pod was active on the node longer than the specified"
                                + " deadline");
    }

    @Test
    void a_container_stops_by_its_images_signal_and_when_its_time_was_cut_short() throws Exception {
        berth.kubectl("wait", "--for=jsonpath={.status.phase}=Failed", "pod/quits");
        assertThat(berth.kubectl("logs", "quits")).contains("signal 3 (SIGQUIT) received");
        assertThat(field("pod/quits", "{.status.containerStatuses[0].imageID}"))
                .matches("docker.io/library/nginx@sha256:[0-9a-f]{64}");

        berth.kubectl("delete", "pod", "stubborn", "--wait=false");
        OneBerth.until(
                "it is asked to stop",
                () -> berth.kubectl("get", "events").contains("Stopping container main"));
        assertThat(runs("471100")).isTrue();
        assertThat(field("pod/stubborn", "{.metadata.deletionGracePeriodSeconds}"))
                .isEqualTo("300");
        berth.kubectl("delete", "pod", "stubborn", "--grace-period=2", "--timeout=30s");
        assertThat(runs("471100")).isFalse();

        berth.kubectl("delete", "pod", "forced", "--force", "--grace-period=0");
        OneBerth.until("it is gone from the machine too", () -> !runs("471101"));
    }

    @Test
    void hooks_that_fail_are_told() throws Exception {
        OneBerth.until(
                "the hook has failed",
                () ->
                        berth.kubectl(
                                        "get",
                                        "events",
                                        "--field-selector=involvedObject.name=hooked")
                                .contains("FailedPostStartHook"));
        assertThat(field("pod/hooked", "{.status.containerStatuses[?(@.name=='ends')].ready}"))
                .isEqualTo("true");
        berth.kubectl("delete", "pod", "hooked", "--timeout=30s");
        assertThat(
                        berth.kubectl(
                                "get",
                                "events",
                                "--field-selector=involvedObject.name=hooked",
                                "-o",
                                "jsonpath={range .items[*]}{.reason}: {.message}{'\\n'}{end}"))
                .contains(
                        "FailedPostStartHook: PostStartHook failed",
                        "Killing: FailedPostStartHook",
                        "FailedPreStopHook: PreStopHook failed");
    }

    private static boolean runs(String lastWord) {
        return ProcessHandle.allProcesses()
                .anyMatch(one -> one.info().commandLine().orElse("").endsWith(lastWord));
    }

    @Test
    void what_keeps_containers_from_running_is_told_as_a_kubelet_does() throws Exception {
        OneBerth.until(
                "all have been tried",
                () ->
                        waiting("crash").equals("CrashLoopBackOff")
                                && waiting("message").equals("CrashLoopBackOff")
                                && waiting("programless").equals("CrashLoopBackOff")
                                && waiting("absent").contains("mage"));
        assertThat(waiting("never")).isEqualTo("ErrImageNeverPull");
        assertThat(waiting("invalid")).isEqualTo("InvalidImageName");
        assertThat(waiting("absent")).isIn("ErrImagePull", "ImagePullBackOff");
        assertThat(waiting("unconfigured")).isEqualTo("CreateContainerConfigError");
        assertThat(troubled("unconfigured", ".state.waiting.message"))
                .isEqualTo("configmap \"none\" not found");
        assertThat(troubled("programless", ".lastState.terminated['exitCode','reason']"))
                .isEqualTo("128 StartError");
        assertThat(troubled("crash", ".lastState.terminated['exitCode','reason','message']"))
                .isEqualTo("3 Error last words");
        assertThat(troubled("message", ".lastState.terminated.message")).isEqualTo("bye");
        assertThat(field("pod/troubled", "{.status.observedGeneration} {.status.qosClass}"))
                .isEqualTo("1 BestEffort");
        assertThat(
                        berth.kubectl(
                                "get",
                                "events",
                                "--field-selector=involvedObject.name=troubled",
                                "-o",
                                "jsonpath={range .items[*]}{.reason}: {.message}{'\\n'}{end}"))
                .contains(
                        "ErrImageNeverPull: Container image \"nothere:1\" is not present with pull"
                                + " policy of Never",
                        "Failed: Error: ErrImageNeverPull",
                        "Failed: Error: InvalidImageName",
                        "Failed: Error: configmap \"none\" not found",
                        "BackOff: Back-off restarting failed container crash in pod"
                                + " troubled_default(");
    }

    // ---- workloads

    @Test
    void a_deployment_rolls_on_and_back_and_its_budget_holds_against_evictions() throws Exception {
        rolledOut("deployment/web");
        berth.kubectl("set", "env", "deployment/web", "V=two");
        rolledOut("deployment/web");
        berth.kubectl("rollout", "undo", "deployment/web");
        rolledOut("deployment/web");
        assertThat(field("deployment/web", "{.spec.template.spec.containers[0].env[0].value}"))
                .isEqualTo("one");
        assertThat(podsOf("web", "{.items[*].spec.priorityClassName}"))
                .contains("system-node-critical");
        OneBerth.until(
                "the replaced ones are gone",
                () -> podsOf("web", "{.items[*].metadata.name}").split(" ", -1).length == 2);
        var node = podsOf("web", "{.items[0].spec.nodeName}").split(" ", -1)[0];
        var pod =
                berth.kubectl(
                        "get",
                        "pods",
                        "--field-selector=spec.nodeName=" + node,
                        "-o",
                        "jsonpath={.items[0].metadata.name}");
        assertThat(berth.shell().run("", "kubectl", "drain", node, "--timeout=1s").toString())
                .contains("Cannot evict pod as it would violate the pod's disruption budget.");
        berth.kubectl("scale", "deployment/web", "--replicas=3");
        rolledOut("deployment/web");
        assertThat(berth.kubectl("drain", node, "--timeout=60s"))
                .contains("pod/" + pod + " evicted", "drained");
        rolledOut("deployment/web");
    }

    @Test
    void a_stateful_set_begins_in_order_and_keeps_its_names() throws Exception {
        rolledOut("statefulset/db");
        assertThat(inPod("db-0", "main", "wget -qO- http://db-1.db:8080"))
                .isEqualTo("db-1.db.default.svc.cluster.local");
        berth.kubectl("delete", "pod", "db-0");
        rolledOut("statefulset/db");
        assertThat(inPod("db-0", "main", "hostname")).isEqualTo("db-0");
    }

    @Test
    void jobs_end_as_they_are_meant_to() throws Exception {
        berth.kubectl("create", "job", "--from=cronjob/tick", "tick-now");
        berth.kubectl("patch", "job", "later", "-p", "{\"spec\":{\"suspend\":false}}");
        berth.kubectl(
                "wait",
                "--for=condition=Complete",
                "job/indexed",
                "job/leader",
                "job/later",
                "job/tick-now",
                "--timeout=90s");
        berth.kubectl(
                "wait", "--for=condition=Failed", "job/policy", "job/backoff", "--timeout=90s");
        assertThat(berth.kubectl("logs", "-l", "job-name=indexed", "--tail=-1").lines().sorted())
                .containsExactly("0 indexed-0", "1 indexed-1", "2 indexed-2");
        assertThat(field("job/policy", "{.status.conditions[?(@.type=='Failed')].reason}"))
                .isEqualTo("PodFailurePolicy");
        assertThat(field("job/policy", "{.status.failed}")).isEqualTo("1");
        assertThat(field("job/backoff", "{.status.conditions[?(@.type=='Failed')].reason}"))
                .isEqualTo("BackoffLimitExceeded");
        assertThat(field("job/leader", "{.status.conditions[?(@.type=='Complete')].reason}"))
                .isEqualTo("SuccessPolicy");
    }

    @Test
    void a_daemon_set_has_no_place_on_fargate() throws Exception {
        rolledOut("statefulset/db");
        assertThat(field("daemonset/each", "{.status.desiredNumberScheduled}")).isEqualTo("0");
    }

    @Test
    void limits_and_quotas_of_a_namespace_hold() throws Exception {
        berth.apply(
                """
                apiVersion: v1
                kind: Namespace
                metadata: {name: bounded}
                ---
                apiVersion: v1
                kind: LimitRange
                metadata: {name: usual, namespace: bounded}
                spec: {limits: [{type: Container, defaultRequest: {cpu: 300m, memory: 200Mi}}]}
                ---
                apiVersion: v1
                kind: ResourceQuota
                metadata: {name: most, namespace: bounded}
                spec: {hard: {pods: "1"}}
                """);
        OneBerth.until(
                "the quota is counted",
                () -> !field("-n=bounded", "resourcequota/most", "{.status.used.pods}").isEmpty());
        berth.kubectl("run", "-n=bounded", "one", "--image=busybox", "--", "sleep", "1");
        assertThat(field("-n=bounded", "pod/one", "{.spec.containers[0].resources.requests.cpu}"))
                .isEqualTo("300m");
        assertThat(
                        berth.shell()
                                .run("", "kubectl", "run", "-n=bounded", "two", "--image=busybox")
                                .toString())
                .contains("exceeded quota: most");
    }

    // ---- asking

    private static void rolledOut(String what) throws Exception {
        berth.kubectl("rollout", "status", what, "--timeout=90s");
    }

    private static String field(String... what) throws Exception {
        var path = what[what.length - 1];
        var command = new java.util.ArrayList<>(List.of("get"));
        command.addAll(List.of(what).subList(0, what.length - 1));
        command.addAll(List.of("-o", "jsonpath=" + path));
        return berth.kubectl(command.toArray(String[]::new));
    }

    private static String podsOf(String app, String path) throws Exception {
        return berth.kubectl("get", "pods", "-l", "app=" + app, "-o", "jsonpath=" + path);
    }

    private static String troubled(String container, String path) throws Exception {
        return field(
                "pod/troubled",
                "{.status.containerStatuses[?(@.name=='" + container + "')]" + path + "}");
    }

    private static String waiting(String container) throws Exception {
        return troubled(container, ".state.waiting.reason");
    }

    private static String inPod(String pod, String container, String command) throws Exception {
        return berth.kubectl("exec", pod, "-c", container, "--", "sh", "-c", command);
    }
}
