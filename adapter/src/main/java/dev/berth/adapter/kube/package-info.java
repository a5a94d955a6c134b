/**
 * A cluster's API server, spoken to over HTTP with the JDK's own client and JSON trees. The objects
 * of the API are translated into Berth's records here and nowhere else. Every call of the port is
 * one request wherever the API allows it, because these requests are most of a pod's start.
 */
@NullMarked
package dev.berth.adapter.kube;

import org.jspecify.annotations.NullMarked;
