/**
 * What a caller did wrong, as values with the platform's own codes. Engine and core make them,
 * edges turn them into bytes, and nobody parses their text. A failure of the world is never one of
 * these.
 */
@NullMarked
package dev.berth.core.fault;

import org.jspecify.annotations.NullMarked;
