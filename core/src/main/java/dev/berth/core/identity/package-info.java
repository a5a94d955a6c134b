/**
 * Who calls: ARNs, principals, roles and their trust, and how a caller of the AWS API becomes a
 * Kubernetes user. Decisions only; signatures are checked at the edge.
 */
@NullMarked
package dev.berth.core.identity;

import org.jspecify.annotations.NullMarked;
