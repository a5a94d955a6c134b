/**
 * The few calls of the C library that Java lacks and that a process start would be too dear for:
 * mounts, namespaces, terminals, signals, starting programs with chosen descriptors. Nothing here
 * knows of containers or pods, and nothing keeps state; every call says what it tried and what the
 * kernel answered. It is a library for the other adapters, not an adapter of a port.
 */
@NullMarked
package dev.berth.adapter.libc;

import org.jspecify.annotations.NullMarked;
