/**
 * The VPCs' networks, as network namespaces of this machine that speak netlink: one for each VPC,
 * one for each pod, a veth pair between them, as the AWS VPC CNI lays it out. The host's own tables
 * get one link with one address and one route for each range of a VPC, and one table of packet
 * filters about these links, nothing else. All state is in the kernel and in small files beside the
 * namespaces, so a new life of Berth finds everything.
 */
@NullMarked
package dev.berth.adapter.net;

import org.jspecify.annotations.NullMarked;
