/**
 * Runs the pods that were placed on this machine: one virtual thread and one mailbox for each, from
 * the binding to the last clean-up. What exists of a pod outlives Berth; whoever starts again
 * adopts what runs, reports what ended meanwhile and removes what nobody wants any more. The
 * decisions are core.pod's.
 */
@NullMarked
package dev.berth.engine.podworker;

import org.jspecify.annotations.NullMarked;
