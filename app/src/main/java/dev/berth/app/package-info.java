/**
 * The program: what it is told, what it is made of, and the only place that says {@code new
 * Adapter}. Nothing here decides anything about pods or clusters.
 */
@NullMarked
package dev.berth.app;

import org.jspecify.annotations.NullMarked;
