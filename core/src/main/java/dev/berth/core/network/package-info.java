/**
 * VPCs, subnets and routes as values: what makes a subnet public, which addresses exist and who
 * holds them. Names are EC2's. Nothing here knows a packet.
 */
@NullMarked
package dev.berth.core.network;

import org.jspecify.annotations.NullMarked;
