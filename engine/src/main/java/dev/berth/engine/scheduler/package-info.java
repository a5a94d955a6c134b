/**
 * The fargate-scheduler of a cluster: what is claimed by a profile and can run gets a place, a Node
 * and a Binding; what cannot is told why, in AWS's words. Decisions are the core's and are made on
 * one thread; what needs the API server runs beside it.
 */
@NullMarked
package dev.berth.engine.scheduler;

import org.jspecify.annotations.NullMarked;
