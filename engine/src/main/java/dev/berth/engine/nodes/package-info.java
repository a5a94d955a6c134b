/**
 * The Node objects that stand for pods' sandboxes, and what pods hold of this machine and of its
 * subnets. A node is made when its pod is placed, is kept alive by its lease, and goes with its
 * pod. The Node objects themselves remember where each pod was placed, so nothing is stored
 * elsewhere.
 */
@NullMarked
package dev.berth.engine.nodes;

import org.jspecify.annotations.NullMarked;
