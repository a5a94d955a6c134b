package dev.berth.engine.profiles;

/**
 * Where a cluster's API server finds Berth's admission of pods.
 *
 * @param url an {@code https} URL that the API server can reach
 * @param certificateAuthorityPem what its certificate is to be checked with
 */
public record WebhookEndpoint(String url, String certificateAuthorityPem) {}
