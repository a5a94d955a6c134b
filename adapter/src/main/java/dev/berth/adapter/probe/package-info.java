/**
 * Asks pods how they are, over the network: {@link dev.berth.port.ProbeNetwork} on connections from
 * the VPC. HTTP/1.1 is spoken by hand, since the JDK's client cannot use a socket of another
 * namespace; for gRPC's headers Helidon's HPACK is used. What goes wrong is said in Go's words,
 * which people know from a kubelet's events.
 */
@NullMarked
package dev.berth.adapter.probe;

import org.jspecify.annotations.NullMarked;
