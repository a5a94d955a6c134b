/**
 * One type per unit of measure, and the texts Kubernetes and AWS write them in. Everything that
 * counts cores, bytes or seconds says so in its type or in the last word of its name. Nothing here
 * rounds unless its name says which way.
 */
@NullMarked
package dev.berth.core.unit;

import org.jspecify.annotations.NullMarked;
