/**
 * Runs real Kubernetes: one etcd for all clusters, and for each cluster keys of its own, an API
 * server, controllers and the default scheduler. It writes their files, starts them in the order
 * that makes them ready soonest, starts again what dies, and says how they are. Every process is a
 * child of Berth and ends with it.
 */
@NullMarked
package dev.berth.adapter.controlplane;

import org.jspecify.annotations.NullMarked;
