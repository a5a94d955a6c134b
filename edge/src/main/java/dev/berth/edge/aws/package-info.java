/**
 * The AWS APIs on one port: wire protocols, signatures, validation against the services' own
 * models, and one class per operation. It translates and decides nothing.
 */
@NullMarked
package dev.berth.edge.aws;

import org.jspecify.annotations.NullMarked;
