package dev.berth.compat;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * An ordinary node, from its making to its end, with real kubectl. One after another: the last ones
 * kill Berth and remove the node.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class OrdinaryNodesIT {
    private static final String CLUSTER = "ordinary";

    private static final String PODS =
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: host}
            spec:
              hostNetwork: true
              hostIPC: true
              terminationGracePeriodSeconds: 1
              containers:
              - name: main
                image: busybox
                command: [sleep, "3600"]
                securityContext: {privileged: true}
                volumeMounts:
                - {name: files, mountPath: /files, subPath: below}
                - {name: null-device, mountPath: /other-null}
              volumes:
              - {name: files, hostPath: {path: /var/lib/files, type: DirectoryOrCreate}}
              - {name: null-device, hostPath: {path: /dev/null, type: CharDevice}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: processes}
            spec:
              hostPID: true
              terminationGracePeriodSeconds: 1
              containers: [{name: main, image: busybox, command: [sleep, "3600"]}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: web, labels: {app: web}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: main
                image: busybox
                command: [sh, -c, "mkdir /w; hostname > /w/index.html; exec httpd -f -p 8080 -h /w"]
                ports: [{containerPort: 8080, hostPort: 8081}]
                readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
            """;

    private static final String SERVICES =
            """
            apiVersion: v1
            kind: Service
            metadata: {name: open}
            spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: open-near}
            spec: {type: NodePort, externalTrafficPolicy: Local, selector: {app: web}, ports: [{port: 80, targetPort: 8080, nodePort: 30081}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: nobody}
            spec: {type: NodePort, selector: {app: nobody}, ports: [{port: 80, targetPort: 8080, nodePort: 30082}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: near}
            spec: {internalTrafficPolicy: Local, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
            """;

    private static final String REFUSED =
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: clash}
            spec:
              nodeName: one
              containers: [{name: main, image: busybox, ports: [{containerPort: 80, hostPort: 8081}]}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: big}
            spec:
              nodeName: one
              containers: [{name: main, image: busybox, resources: {requests: {cpu: "5"}}}]
            """;

    /** The node has 512 MiB, of which pods may have 412. */
    private static final String CROWD =
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: modest}
            spec:
              nodeName: small
              terminationGracePeriodSeconds: 1
              containers:
              - name: main
                image: busybox
                command: [sleep, "3600"]
                resources: {requests: {memory: 64Mi}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: hog}
            spec:
              nodeName: small
              terminationGracePeriodSeconds: 1
              containers:
              - name: main
                image: busybox
                command: [sh, -c, "dd if=/dev/zero of=/held/bytes bs=1M count=430; exec sleep 3600"]
                volumeMounts: [{name: held, mountPath: /held}]
              volumes:
              - {name: held, emptyDir: {medium: Memory, sizeLimit: 500Mi}}
            """;

    /** The node has 1 CPU. */
    private static final String URGENT =
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: urgent, namespace: kube-system}
            spec:
              nodeName: narrow
              priorityClassName: system-node-critical
              terminationGracePeriodSeconds: 1
              containers:
              - name: main
                image: busybox
                command: [sleep, "3600"]
                resources: {requests: {cpu: 550m}}
            """;

    /** The one's container may use what its pod may, the other's more later, and its pod too. */
    private static final String LIMITED =
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: whole}
            spec:
              nodeName: narrow
              terminationGracePeriodSeconds: 1
              resources: {requests: {cpu: 10m, memory: 64Mi}, limits: {cpu: 200m, memory: 64Mi}}
              containers:
              - name: main
                image: busybox
                command: [dd, if=/dev/zero, of=/held/bytes, bs=1M, count=100]
                volumeMounts: [{name: held, mountPath: /held}]
              restartPolicy: Never
              volumes:
              - {name: held, emptyDir: {medium: Memory, sizeLimit: 500Mi}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: limited}
            spec:
              nodeName: narrow
              terminationGracePeriodSeconds: 1
              containers:
              - name: main
                image: busybox
                command: [sleep, "3600"]
                resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {cpu: 100m, memory: 32Mi}}
            """;

    private static OneBerth berth;

    @BeforeAll
    static void a_node_is_ready() throws Exception {
        OneBerth.needs("kubectl", "nft", "aws");
        berth = OneBerth.inNewFolder().up();
        berth.berth("image", "build-demo").good();
        var subnets = berth.network("172.26.0.0/16", "172.26.1.0/24", "172.26.2.0/24");
        berth.cluster(
                CLUSTER,
                berth.role("cluster", "eks.amazonaws.com", "AmazonEKSClusterPolicy"),
                subnets);
        berth.berth("node", "add", "one", "--cluster", CLUSTER, "--subnet", subnets.getFirst())
                .good();
        berth.kubectl("wait", "--for=create", "node/one", "--timeout=60s");
        berth.kubectl("wait", "--for=condition=Ready", "node/one", "--timeout=60s");
        berth.apply(PODS);
        berth.kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s");
    }

    @AfterAll
    static void end() throws Exception {
        if (berth != null) {
            berth.close();
        }
    }

    @Test
    @Order(1)
    void its_pods_have_addresses_of_its_subnet_and_see_the_host_where_they_ask_for_it()
            throws Exception {
        var node = of("node/one", "{.status.addresses[0].address}");
        assertThat(node).startsWith("172.26.1.");
        assertThat(of("pod/host", "{.status.podIP} {.status.hostIP}")).isEqualTo(node + " " + node);
        assertThat(of("pod/web", "{.status.hostIP}")).isEqualTo(node);
        assertThat(of("pod/web", "{.status.podIP}")).startsWith("172.26.1.").isNotEqualTo(node);
        assertThat(inPod("host", "hostname").strip()).isEqualTo("one");
        assertThat(inPod("host", "cat /etc/hosts")).contains("(host network)", node + "\tone");
        assertThat(inPod("host", "ls -l /other-null")).startsWith("crw");
        assertThat(inPod("host", "mkdir /m && mount -t tmpfs x /m && echo mounted"))
                .contains("mounted");
        inPod("host", "echo kept > /files/word");
        assertThat(berth.data().resolve("node-roots"))
                .isDirectoryRecursivelyContaining("glob:**/var/lib/files/below/word");
        assertThat(inPod("processes", "ls /proc").lines().filter(line -> line.matches("\\d+")))
                .hasSizeGreaterThan(5);
    }

    @Test
    @Order(2)
    void a_port_of_the_node_leads_to_its_pod_from_everywhere() throws Exception {
        var node = of("node/one", "{.status.addresses[0].address}");
        for (var pod : new String[] {"host", "processes", "web"}) {
            assertThat(inPod(pod, "wget -qO- http://" + node + ":8081").strip()).isEqualTo("web");
        }
        assertThat(inPod("host", "wget -qO- http://127.0.0.1:8081").strip()).isEqualTo("web");
    }

    /** The rules are written a moment after a Service comes. */
    @Test
    @Order(2)
    void services_have_ports_at_the_node_and_may_lead_to_its_own_pods_only() throws Exception {
        berth.apply(SERVICES);
        var node = of("node/one", "{.status.addresses[0].address}");
        var near = of("service/near", "{.spec.clusterIP}");
        for (var asked : new String[] {node + ":30080", node + ":30081", near}) {
            for (var pod : new String[] {"host", "processes", "web"}) {
                OneBerth.until(
                        pod + " reaches " + asked,
                        () ->
                                inPod(pod, "timeout 2 wget -qO- http://" + asked + " || echo no")
                                        .strip()
                                        .equals("web"));
            }
        }
        assertThat(inPod("processes", "wget -qO- http://" + node + ":30082 2>&1 || echo"))
                .contains("Connection refused");
    }

    @Test
    @Order(3)
    void what_it_cannot_take_fails_in_a_kubelets_words() throws Exception {
        berth.apply(REFUSED);
        for (var pod : new String[] {"clash", "big"}) {
            berth.kubectl(
                    "wait", "--for=jsonpath={.status.phase}=Failed", "pod/" + pod, "--timeout=60s");
        }
        assertThat(of("pod/clash", "{.status.reason}: {.status.message}"))
                .isEqualTo(
                        "NodePorts: Pod was rejected: Predicate NodePorts failed: node(s) didn't"
                                + " have free ports for the requested pod ports");
        assertThat(of("pod/big", "{.status.reason}")).isEqualTo("OutOfcpu");
        assertThat(berth.berth("node", "add", "one", "--cluster", CLUSTER).error())
                .contains("has a node one already");
    }

    @Test
    @Order(4)
    void who_takes_the_last_memory_is_sent_away() throws Exception {
        berth.berth("node", "add", "small", "--cluster", CLUSTER, "--memory", "512Mi").good();
        berth.kubectl("wait", "--for=create", "node/small", "--timeout=60s");
        berth.kubectl("wait", "--for=condition=Ready", "node/small", "--timeout=60s");
        berth.apply(CROWD);
        berth.kubectl(
                "wait", "--for=jsonpath={.status.reason}=Evicted", "pod/hog", "--timeout=60s");
        assertThat(of("pod/hog", "{.status.phase} {.status.message}"))
                .startsWith(
                        "Failed The node was low on resource: memory. Threshold quantity: 100Mi,"
                                + " available: ")
                .contains(
                        "Container main was using ",
                        "request is 0, has larger consumption of memory.");
        berth.kubectl("wait", "--for=condition=MemoryPressure", "node/small", "--timeout=60s");
        assertThat(of("pod/modest", "{.status.phase}")).isEqualTo("Running");
        berth.berth("node", "remove", "small", "--cluster", CLUSTER).good();
        berth.kubectl("delete", "pod", "hog", "modest", "--ignore-not-found", "--now");
    }

    @Test
    @Order(4)
    void a_resize_waits_for_room_and_a_critical_pod_makes_its_own() throws Exception {
        berth.berth("node", "add", "narrow", "--cluster", CLUSTER, "--cpu", "1").good();
        berth.kubectl("wait", "--for=create", "node/narrow", "--timeout=60s");
        berth.kubectl("wait", "--for=condition=Ready", "node/narrow", "--timeout=60s");
        berth.apply(asking("grows", "300m") + "---\n" + asking("stays", "600m"));
        berth.kubectl("wait", "--for=condition=Ready", "pod/grows", "pod/stays", "--timeout=60s");
        resize("grows", "requests", "500m");
        berth.kubectl("wait", "--for=condition=PodResizePending", "pod/grows", "--timeout=60s");
        var pending = "{.status.conditions[?(@.type=='PodResizePending')]";
        assertThat(of("pod/grows", pending + ".reason}: " + pending + ".message}"))
                .isEqualTo(
                        "Deferred: Node didn't have enough resource: cpu, requested: 500, used:"
                                + " 600, capacity: 1000");
        resize("stays", "requests", "360m");
        berth.kubectl(
                "wait",
                "--for=jsonpath={.status.containerStatuses[0].resources.requests.cpu}=500m",
                "pod/grows",
                "--timeout=60s");
        assertThat(of("pod/grows", pending + ".reason}")).isEmpty();
        berth.apply(LIMITED);
        berth.kubectl("wait", "--for=condition=Ready", "pod/limited", "--timeout=60s");
        resize("limited", "limits", "300m");
        berth.kubectl(
                "wait",
                "--for=jsonpath={.status.containerStatuses[0].resources.limits.cpu}=300m",
                "pod/limited",
                "--timeout=60s");
        var state = "{.status.containerStatuses[0].state.";
        berth.kubectl(
                "wait",
                "--for=jsonpath=" + state + "terminated.reason}=OOMKilled",
                "pod/whole",
                "--timeout=60s");
        berth.apply(URGENT);
        berth.kubectl(
                "wait",
                "--for=condition=Ready",
                "pod/urgent",
                "--namespace=kube-system",
                "--timeout=60s");
        assertThat(of("pod/stays", "{.status.phase}")).isEqualTo("Running");
        assertThat(of("pod/grows", "{.status.phase} {.status.reason}: {.status.message}"))
                .isEqualTo("Failed Preempting: Preempted in order to admit critical pod");
        berth.kubectl("delete", "pod", "grows", "stays", "whole", "limited", "--now");
        berth.kubectl("delete", "pod", "urgent", "--namespace=kube-system", "--now");
        berth.berth("node", "remove", "narrow", "--cluster", CLUSTER).good();
    }

    private static String asking(String name, String cpu) {
        return """
        apiVersion: v1
        kind: Pod
        metadata: {name: %s}
        spec:
          nodeName: narrow
          terminationGracePeriodSeconds: 1
          containers:
          - name: main
            image: busybox
            command: [sleep, "3600"]
            resources: {requests: {cpu: %s}}
        """
                .formatted(name, cpu);
    }

    private static void resize(String name, String kind, String cpu) throws Exception {
        berth.kubectl(
                "patch",
                "pod",
                name,
                "--subresource=resize",
                "--patch",
                "{\"spec\":{\"containers\":[{\"name\":\"main\",\"resources\":{\""
                        + kind
                        + "\":{\"cpu\":\""
                        + cpu
                        + "\"}}}]}}");
    }

    @Test
    @Order(5)
    void a_taint_drives_its_pods_out() throws Exception {
        berth.kubectl("taint", "node", "one", "maintenance=now:NoExecute");
        berth.kubectl(
                "wait", "--for=delete", "pod/processes", "pod/host", "pod/web", "--timeout=60s");
        berth.kubectl("taint", "node", "one", "maintenance-");
        berth.apply(PODS);
        berth.kubectl("wait", "--for=condition=Ready", "pod/host", "pod/web", "--timeout=120s");
    }

    @Test
    @Order(6)
    void it_and_its_pods_outlive_a_killed_berth() throws Exception {
        var uids = "{.items[*].metadata.uid} {.items[*].status.containerStatuses[0].containerID}";
        var before = berth.kubectl("get", "pods", "host", "web", "-o", "jsonpath=" + uids);
        var node = of("node/one", "{.metadata.uid}");
        berth.killHard();
        berth.up();
        berth.kubectlGoesTo(CLUSTER);
        berth.kubectl("wait", "--for=condition=Ready", "node/one", "--timeout=60s");
        assertThat(of("node/one", "{.metadata.uid}")).isEqualTo(node);
        assertThat(berth.kubectl("get", "pods", "host", "web", "-o", "jsonpath=" + uids))
                .isEqualTo(before);
        assertThat(inPod("host", "wget -qO- http://127.0.0.1:8081").strip()).isEqualTo("web");
    }

    @Test
    @Order(7)
    void nothing_is_left_of_a_removed_node() throws Exception {
        berth.berth("node", "remove", "one", "--cluster", CLUSTER).good();
        berth.kubectl("wait", "--for=delete", "pod/host", "pod/web", "--timeout=60s");
        assertThat(berth.kubectl("get", "nodes", "-o", "name")).isEmpty();
        assertThat(berth.berth("node", "remove", "one", "--cluster", CLUSTER).error())
                .contains("has no node one");
    }

    @Test
    @Order(8)
    void a_deleted_cluster_takes_its_nodes_and_their_pods_along() throws Exception {
        berth.berth("node", "add", "two", "--cluster", CLUSTER, "--cpu", "500m", "--pods", "9")
                .good();
        berth.kubectl("wait", "--for=create", "node/two", "--timeout=60s");
        berth.kubectl("wait", "--for=condition=Ready", "node/two", "--timeout=60s");
        berth.apply(PODS);
        berth.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=120s");
        berth.shell().run("", "aws", "eks", "delete-cluster", "--name", CLUSTER).good();
        var gone = "while aws eks describe-cluster --name " + CLUSTER + "; do :; done";
        berth.shell().run("", "timeout", "60", "sh", "-c", gone).good();
        assertThat(berth.data().resolve("node-roots")).isEmptyDirectory();
        assertThat(berth.data().resolve("pods")).isEmptyDirectory();
    }

    private static String of(String object, String path) throws Exception {
        return berth.kubectl("get", object, "-o", "jsonpath=" + path);
    }

    private static String inPod(String pod, String script) throws Exception {
        return berth.kubectl("exec", pod, "--", "sh", "-c", script);
    }
}
