/**
 * Living together on an ordinary node: which pods it takes on, what they may have of it, and which
 * it gives up when memory or disk runs out. Decides as a kubelet does and in its words.
 */
@NullMarked
package dev.berth.core.tenancy;

import org.jspecify.annotations.NullMarked;
