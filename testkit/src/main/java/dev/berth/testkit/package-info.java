/**
 * Fakes of the ports with memory and one-shot faults, and the contract suites that fakes and real
 * adapters both pass. Tests of every room use it; nothing that is shipped does.
 */
@NullMarked
package dev.berth.testkit;

import org.jspecify.annotations.NullMarked;
