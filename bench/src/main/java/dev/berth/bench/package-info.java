/**
 * The benchmarks: a Berth of their own in a folder of their own, asked from outside as users ask
 * it. They print figures and judge nothing.
 */
@NullMarked
package dev.berth.bench;

import org.jspecify.annotations.NullMarked;
