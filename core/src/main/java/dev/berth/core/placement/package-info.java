/**
 * Where pods go: one round takes the pods that wait, the subnets with their addresses and what the
 * machine has left, and returns a place for each or the reason why it must wait. A round changes
 * nothing; whoever asked acts on it.
 */
@NullMarked
package dev.berth.core.placement;

import org.jspecify.annotations.NullMarked;
