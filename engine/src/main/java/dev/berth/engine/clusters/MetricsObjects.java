package dev.berth.engine.clusters;

import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeRefused;

/**
 * The objects by which a cluster's API server finds the resource metrics that Berth serves: {@code
 * kubectl top} and autoscalers work without any installation. They are made once in a cluster's
 * life. Whoever installs a metrics-server replaces the APIService and gets all requests; whoever
 * deletes it has none, and Berth does not bring it back.
 */
public final class MetricsObjects {
    /** The name that the API server asks for, which only Berth's egress knows. */
    public static final String HOST = "metrics.berth.internal";

    /** What the server's certificate has to name. */
    public static final String SERVER_NAME = "berth-metrics.kube-system.svc";

    private static final String SERVICE_NAME = "berth-metrics";

    /**
     * What is behind it needs no authority: the way there is a Unix socket of Berth's. And who
     * applies metrics-server's own manifest sets the same field, which may not stand beside an
     * authority.
     *
     * <p>The APIService looks as if a Helm release of metrics-server had made it, by the name and
     * place that are usual: Helm takes over only what looks so, and else refuses to install one.
     */
    private static final String API_SERVICE =
            """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata:
              name: system:aggregated-metrics-reader
              labels:
                rbac.authorization.k8s.io/aggregate-to-admin: "true"
                rbac.authorization.k8s.io/aggregate-to-edit: "true"
                rbac.authorization.k8s.io/aggregate-to-view: "true"
            rules:
            - apiGroups: ["metrics.k8s.io"]
              resources: ["pods", "nodes"]
              verbs: ["get", "list", "watch"]
            ---
            apiVersion: apiregistration.k8s.io/v1
            kind: APIService
            metadata:
              name: v1beta1.metrics.k8s.io
              labels:
                app.kubernetes.io/managed-by: Helm
              annotations:
                meta.helm.sh/release-name: metrics-server
                meta.helm.sh/release-namespace: kube-system
                berth.dev/served-by: berth
            spec:
              group: metrics.k8s.io
              version: v1beta1
              groupPriorityMinimum: 100
              versionPriority: 100
              insecureSkipTLSVerify: true
              service:
                namespace: kube-system
                name: berth-metrics
                port: 443
            """;

    /** Made last: where it is, the APIService is the users' business. */
    private static final String SERVICE =
            """
            apiVersion: v1
            kind: Service
            metadata:
              name: berth-metrics
              namespace: kube-system
            spec:
              type: ExternalName
              externalName: metrics.berth.internal
              ports:
              - {name: https, port: 443, protocol: TCP}
            """;

    private MetricsObjects() {}

    /** Makes the objects unless they were made before. */
    public static void ensure(KubeApi api) throws KubeRefused {
        var there =
                api.services("kube-system").stream()
                        .anyMatch(service -> service.name().equals(SERVICE_NAME));
        if (!there) {
            api.createAbsent(API_SERVICE);
            api.createAbsent(SERVICE);
        }
    }
}
