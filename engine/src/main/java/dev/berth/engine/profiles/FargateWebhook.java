package dev.berth.engine.profiles;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * The object that makes a cluster's API server ask Berth about each new pod. Name and settings are
 * AWS's, but for URL and certificate, and for the review version, where {@code v1beta1} no longer
 * exists. Source: eks-fargate §1.1 (O)
 */
final class FargateWebhook {
    /** The object's name, and its one webhook's. */
    static final String NAME = "0500-amazon-eks-fargate-mutation.amazonaws.com";

    private FargateWebhook() {}

    /** The manifest. */
    static String yaml(WebhookEndpoint endpoint) {
        var authority =
                Base64.getEncoder()
                        .encodeToString(
                                endpoint.certificateAuthorityPem()
                                        .getBytes(StandardCharsets.UTF_8));
        return """
        apiVersion: admissionregistration.k8s.io/v1
        kind: MutatingWebhookConfiguration
        metadata:
          name: %1$s
        webhooks:
        - name: %1$s
          admissionReviewVersions: ["v1"]
          clientConfig:
            url: "%2$s"
            caBundle: %3$s
          failurePolicy: Ignore
          matchPolicy: Equivalent
          namespaceSelector: {}
          objectSelector: {}
          reinvocationPolicy: Never
          rules:
          - apiGroups: ["*"]
            apiVersions: ["*"]
            operations: ["CREATE"]
            resources: ["pods"]
            scope: "*"
          sideEffects: None
          timeoutSeconds: 5
        """
                .formatted(NAME, endpoint.url(), authority);
    }
}
