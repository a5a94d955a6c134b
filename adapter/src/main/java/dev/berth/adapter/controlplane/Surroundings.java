package dev.berth.adapter.controlplane;

import dev.berth.port.ControlPlanes.Plan;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * What control planes need of the rest of Berth.
 *
 * @param clustersFolder {@code DATA/clusters}; each cluster's files go into a folder by its name
 * @param egressSocket where a cluster's API server sends {@code CONNECT node:10250}: a Unix socket,
 *     at most 107 bytes; it need not be there yet
 * @param tokenWebhook where a cluster's API server asks who a bearer token belongs to, by https
 *     with Berth's own certificate; empty leaves that authentication out
 * @param vpcPlaces makes the API server be seen in the cluster's VPC
 * @param eraseKeys deletes all keys of etcd that begin so
 */
public record Surroundings(
        Path clustersFolder,
        Function<Plan, Path> egressSocket,
        Function<Plan, Optional<URI>> tokenWebhook,
        VpcPlaces vpcPlaces,
        Consumer<String> eraseKeys) {}
