/**
 * Containers by crun, each watched by a conmon that outlives Berth: no daemon, two short processes
 * to start one. What is known of a container lies in files beside its bundle, so that a new life of
 * Berth adopts what an earlier one started, and the end of Berth ends no container. Pods' limits
 * are cgroups of ours, in the first or the second version.
 */
@NullMarked
package dev.berth.adapter.oci;

import org.jspecify.annotations.NullMarked;
