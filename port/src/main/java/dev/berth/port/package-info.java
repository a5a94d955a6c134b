/**
 * The small interfaces through which the engine reaches the world. Each speaks in Berth's own
 * values and throws only its own kind of failure; no library's type appears in a signature. Every
 * port has a fake and a contract suite in testkit that the fake and the real adapter both pass.
 */
@NullMarked
package dev.berth.port;

import org.jspecify.annotations.NullMarked;
