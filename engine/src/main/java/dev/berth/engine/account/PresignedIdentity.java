package dev.berth.engine.account;

import dev.berth.engine.account.signature.Verdict;

/**
 * Says who presigned the URL inside a cluster token. The URL is only read, never fetched; that its
 * host, path and parameters are welcome was checked before.
 */
@FunctionalInterface
public interface PresignedIdentity {
    /**
     * Checks the signature of a presigned {@code GetCallerIdentity} for a cluster.
     *
     * @param url as it was signed, percent-encoding and all
     * @param clusterName what the signed header {@code x-k8s-aws-id} has to say
     */
    Verdict verify(String url, String clusterName);
}
