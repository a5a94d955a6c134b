package dev.berth.engine.clusters;

import dev.berth.core.cluster.ClusterConfig;
import dev.berth.core.cluster.ServiceRange;

/**
 * The Kubernetes objects that EKS's control plane brings for Fargate, by EKS's names. Names,
 * subjects and role references are AWS's; the rules inside the roles are our choice, because they
 * are not published. Source: eks-fargate §1.1 (O)
 */
final class ControlPlaneObjects {
    private ControlPlaneObjects() {}

    /** The manifests, to be applied at each start. */
    static final String YAML =
            """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata:
              name: eks:fargate-manager
            rules:
            - apiGroups: [""]
              resources: ["nodes"]
              verbs: ["get", "list", "watch", "create", "update", "patch", "delete"]
            - apiGroups: [""]
              resources: ["nodes/status"]
              verbs: ["update", "patch"]
            - apiGroups: [""]
              resources: ["pods"]
              verbs: ["get", "list", "watch", "delete"]
            - apiGroups: ["admissionregistration.k8s.io"]
              resources: ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"]
              verbs: ["get", "list", "watch", "create", "update", "patch", "delete"]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata:
              name: eks:fargate-manager
            roleRef:
              apiGroup: rbac.authorization.k8s.io
              kind: ClusterRole
              name: eks:fargate-manager
            subjects:
            - apiGroup: rbac.authorization.k8s.io
              kind: User
              name: eks:fargate-manager
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata:
              name: eks:fargate-manager
              namespace: kube-system
            rules:
            - apiGroups: [""]
              resources: ["configmaps"]
              verbs: ["get", "create", "update", "patch"]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata:
              name: eks:fargate-manager
              namespace: kube-system
            roleRef:
              apiGroup: rbac.authorization.k8s.io
              kind: Role
              name: eks:fargate-manager
            subjects:
            - apiGroup: rbac.authorization.k8s.io
              kind: User
              name: eks:fargate-manager
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata:
              name: eks:fargate-scheduler
            rules:
            - apiGroups: [""]
              resources: ["nodes", "namespaces", "configmaps"]
              verbs: ["get", "list", "watch"]
            - apiGroups: [""]
              resources: ["pods"]
              verbs: ["get", "list", "watch", "patch", "update"]
            - apiGroups: [""]
              resources: ["pods/status"]
              verbs: ["patch", "update"]
            - apiGroups: [""]
              resources: ["pods/binding", "bindings"]
              verbs: ["create"]
            - apiGroups: ["", "events.k8s.io"]
              resources: ["events"]
              verbs: ["create", "patch", "update"]
            - apiGroups: [""]
              resources: ["persistentvolumes", "persistentvolumeclaims"]
              verbs: ["get", "list", "watch"]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata:
              name: eks:fargate-scheduler
            roleRef:
              apiGroup: rbac.authorization.k8s.io
              kind: ClusterRole
              name: eks:fargate-scheduler
            subjects:
            - apiGroup: rbac.authorization.k8s.io
              kind: User
              name: eks:fargate-scheduler
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata:
              name: eks:kube-proxy-fargate
            roleRef:
              apiGroup: rbac.authorization.k8s.io
              kind: ClusterRole
              name: system:node-proxier
            subjects:
            - apiGroup: rbac.authorization.k8s.io
              kind: Group
              name: system:node-proxier
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata:
              name: eks:node-bootstrapper
            rules:
            - apiGroups: ["certificates.k8s.io"]
              resources: ["certificatesigningrequests/selfnodeserver"]
              verbs: ["create"]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata:
              name: eks:node-bootstrapper
            roleRef:
              apiGroup: rbac.authorization.k8s.io
              kind: ClusterRole
              name: eks:node-bootstrapper
            subjects:
            - apiGroup: rbac.authorization.k8s.io
              kind: Group
              name: system:bootstrappers
            - apiGroup: rbac.authorization.k8s.io
              kind: Group
              name: system:nodes
            """;

    /**
     * What finds names: the Service {@code kube-dns} and CoreDNS's rights, as EKS has them. Beside
     * the pods that the Service selects, once there are some, Berth's own CoreDNS answers, at the
     * API server's address in the VPC. Empty while the cluster has no such address.
     */
    static String names(ClusterConfig config) {
        var address = config.apiAddress();
        var range = ServiceRange.parse(config.serviceIpv4Cidr());
        if (address == null || range.isEmpty()) {
            return "";
        }
        return NAMES.replace("DNS_ADDRESS", range.get().dnsAddress()) + ownAnswerer(address, true);
    }

    /** CoreDNS's place among pods, ready or not, as long as no pod answers. */
    static String ownAnswerer(String address, boolean ready) {
        return ANSWERER.replace("ANSWERER", address).replace("READY", Boolean.toString(ready));
    }

    /**
     * CoreDNS as EKS makes it with a cluster: a Deployment that stays Pending until a Fargate
     * profile takes its pods or there are nodes, and its ConfigMap. Source: eks-fargate §8 (D)
     *
     * @param image what its pods run
     */
    static String coreDns(String image) {
        return COREDNS.replace("IMAGE", image);
    }

    private static final String NAMES =
            """
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata:
              name: coredns
              namespace: kube-system
              labels: {eks.amazonaws.com/component: coredns, k8s-app: kube-dns}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata:
              name: system:coredns
              labels: {eks.amazonaws.com/component: coredns, k8s-app: kube-dns}
            rules:
            - apiGroups: [""]
              resources: ["endpoints", "services", "pods", "namespaces"]
              verbs: ["list", "watch"]
            - apiGroups: [""]
              resources: ["nodes"]
              verbs: ["get"]
            - apiGroups: ["discovery.k8s.io"]
              resources: ["endpointslices"]
              verbs: ["list", "watch"]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata:
              name: system:coredns
              labels: {eks.amazonaws.com/component: coredns, k8s-app: kube-dns}
            roleRef:
              apiGroup: rbac.authorization.k8s.io
              kind: ClusterRole
              name: system:coredns
            subjects:
            - kind: ServiceAccount
              name: coredns
              namespace: kube-system
            ---
            apiVersion: v1
            kind: Service
            metadata:
              name: kube-dns
              namespace: kube-system
              labels:
                eks.amazonaws.com/component: kube-dns
                k8s-app: kube-dns
                kubernetes.io/cluster-service: "true"
                kubernetes.io/name: CoreDNS
            spec:
              clusterIP: DNS_ADDRESS
              selector: {k8s-app: kube-dns}
              ports:
              - {name: dns, port: 53, protocol: UDP, targetPort: 53}
              - {name: dns-tcp, port: 53, protocol: TCP, targetPort: 53}
              - {name: metrics, port: 9153, protocol: TCP, targetPort: 9153}
            """;

    private static final String ANSWERER =
            """
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata:
              name: kube-dns-berth
              namespace: kube-system
              labels:
                kubernetes.io/service-name: kube-dns
                endpointslice.kubernetes.io/managed-by: berth.dev
            addressType: IPv4
            endpoints:
            - addresses: ["ANSWERER"]
              conditions: {ready: READY, serving: READY, terminating: false}
            ports:
            - {name: dns, port: 53, protocol: UDP}
            - {name: dns-tcp, port: 53, protocol: TCP}
            - {name: metrics, port: 9153, protocol: TCP}
            """;

    private static final String COREDNS =
            """
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: coredns
              namespace: kube-system
              labels: {eks.amazonaws.com/component: coredns, k8s-app: kube-dns}
            data:
              Corefile: |
                .:53 {
                    errors
                    health {
                        lameduck 5s
                      }
                    ready
                    kubernetes cluster.local in-addr.arpa ip6.arpa {
                      pods insecure
                      fallthrough in-addr.arpa ip6.arpa
                    }
                    prometheus :9153
                    forward . /etc/resolv.conf
                    cache 30
                    loop
                    reload
                    loadbalance
                }
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: coredns
              namespace: kube-system
              labels:
                eks.amazonaws.com/component: coredns
                k8s-app: kube-dns
                kubernetes.io/name: CoreDNS
            spec:
              replicas: 2
              strategy:
                type: RollingUpdate
                rollingUpdate: {maxUnavailable: 1}
              selector:
                matchLabels: {eks.amazonaws.com/component: coredns, k8s-app: kube-dns}
              template:
                metadata:
                  labels: {eks.amazonaws.com/component: coredns, k8s-app: kube-dns}
                  annotations: {eks.amazonaws.com/compute-type: ec2}
                spec:
                  serviceAccountName: coredns
                  priorityClassName: system-cluster-critical
                  dnsPolicy: Default
                  tolerations:
                  - {key: node-role.kubernetes.io/control-plane, effect: NoSchedule}
                  - {key: CriticalAddonsOnly, operator: Exists}
                  affinity:
                    nodeAffinity:
                      requiredDuringSchedulingIgnoredDuringExecution:
                        nodeSelectorTerms:
                        - matchExpressions:
                          - {key: kubernetes.io/os, operator: In, values: [linux]}
                          - {key: kubernetes.io/arch, operator: In, values: [amd64, arm64]}
                  containers:
                  - name: coredns
                    image: IMAGE
                    imagePullPolicy: IfNotPresent
                    args: [-conf, /etc/coredns/Corefile]
                    resources:
                      limits: {memory: 170Mi}
                      requests: {cpu: 100m, memory: 70Mi}
                    ports:
                    - {name: dns, containerPort: 53, protocol: UDP}
                    - {name: dns-tcp, containerPort: 53, protocol: TCP}
                    - {name: metrics, containerPort: 9153, protocol: TCP}
                    livenessProbe:
                      httpGet: {path: /health, port: 8080, scheme: HTTP}
                      initialDelaySeconds: 60
                      timeoutSeconds: 5
                      successThreshold: 1
                      failureThreshold: 5
                    readinessProbe:
                      httpGet: {path: /ready, port: 8181, scheme: HTTP}
                    securityContext:
                      allowPrivilegeEscalation: false
                      readOnlyRootFilesystem: true
                      capabilities: {add: [NET_BIND_SERVICE], drop: [ALL]}
                    volumeMounts:
                    - {name: config-volume, mountPath: /etc/coredns, readOnly: true}
                  volumes:
                  - name: config-volume
                    configMap:
                      name: coredns
                      items:
                      - {key: Corefile, path: Corefile}
            ---
            apiVersion: policy/v1
            kind: PodDisruptionBudget
            metadata:
              name: coredns
              namespace: kube-system
              labels: {eks.amazonaws.com/component: coredns, k8s-app: kube-dns}
            spec:
              maxUnavailable: 1
              selector:
                matchLabels: {eks.amazonaws.com/component: coredns, k8s-app: kube-dns}
            """;
}
