/**
 * The loops that observe, ask the core, and act through ports. Each room below owns one of them;
 * what stands here is shared by several. Nothing here knows HTTP, a Kubernetes client or a
 * container runtime.
 */
@NullMarked
package dev.berth.engine;

import org.jspecify.annotations.NullMarked;
