/** The machine's clock and timer as {@link dev.berth.port.Time}. */
@NullMarked
package dev.berth.adapter.time;

import org.jspecify.annotations.NullMarked;
