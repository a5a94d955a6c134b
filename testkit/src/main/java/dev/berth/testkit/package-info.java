/**
 * What tests of every room share: one fake with a memory for each port, and for each port a
 * contract suite that the fake and the real adapter both pass. Fakes fail on demand, once, and keep
 * what was asked of them. Nothing here knows an adapter, an edge or the app.
 */
@NullMarked
package dev.berth.testkit;

import org.jspecify.annotations.NullMarked;
