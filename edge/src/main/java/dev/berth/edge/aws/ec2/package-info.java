/**
 * EC2's networking operations. The decisions are core.network's; here a call's members become
 * arguments and the account's networks become EC2's output members. Operations on one noun share a
 * class, since most are a single line and their output shapes are the same. A filter that is not
 * known is refused, never ignored (terraform-calls §6, trap 3).
 */
@NullMarked
package dev.berth.edge.aws.ec2;

import org.jspecify.annotations.NullMarked;
