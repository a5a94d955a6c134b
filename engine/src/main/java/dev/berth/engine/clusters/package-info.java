/**
 * EKS clusters: their records in the Store, their control planes, and who is told when one comes
 * and goes.
 */
@NullMarked
package dev.berth.engine.clusters;

import org.jspecify.annotations.NullMarked;
