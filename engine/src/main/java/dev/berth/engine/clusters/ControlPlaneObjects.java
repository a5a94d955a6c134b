package dev.berth.engine.clusters;

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
}
