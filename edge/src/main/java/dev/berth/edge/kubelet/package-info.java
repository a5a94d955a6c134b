/**
 * The kubelet's HTTPS endpoint of every node, and the way the API server reaches it: logs, exec,
 * attach and port-forward. The API server dials a node through a Unix socket of Berth's, which
 * answers as that node. Streams run over SPDY/3.1, into which the API server translates its
 * clients' WebSockets.
 */
@NullMarked
package dev.berth.edge.kubelet;

import org.jspecify.annotations.NullMarked;
