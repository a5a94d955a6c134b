/**
 * Whether the log router serves a pod, and how that is told: the pod's annotation and the event.
 * All of it from eks-fargate §6.
 */
@NullMarked
package dev.berth.core.logs;

import org.jspecify.annotations.NullMarked;
