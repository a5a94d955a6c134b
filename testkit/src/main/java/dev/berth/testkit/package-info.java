/**
 * What Berth's tests stand on: one fake for each port, and the contract suites that the fakes and
 * the real adapters both pass. The fakes have memory, fail once when they are told to, and never
 * touch the machine. Nothing here is part of the product.
 */
@NullMarked
package dev.berth.testkit;

import org.jspecify.annotations.NullMarked;
