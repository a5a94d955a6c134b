/**
 * Trials of endurance: a Berth of their own that is killed again and again, or has much to do for
 * long. Unlike the benchmarks they judge: what should have happened is known beforehand, and what
 * did is asked from outside, of the API server, of the machine and of the containers themselves.
 */
@NullMarked
package dev.berth.bench.soak;

import org.jspecify.annotations.NullMarked;
