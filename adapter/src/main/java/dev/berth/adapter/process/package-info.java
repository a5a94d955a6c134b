/**
 * Starts the programs that Berth runs beside itself: etcd and the control planes' components. Each
 * is tied to Berth's life by the kernel, so that nothing is left when Berth is killed. Containers
 * are not started here: they are meant to outlive Berth.
 */
@NullMarked
package dev.berth.adapter.process;

import org.jspecify.annotations.NullMarked;
