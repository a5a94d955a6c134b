/**
 * What pods, containers and nodes use of the machine, as values: counters that only grow since a
 * container began, amounts at one moment, and the rates between two readings. Reading them is other
 * rooms' work.
 */
@NullMarked
package dev.berth.core.usage;

import org.jspecify.annotations.NullMarked;
