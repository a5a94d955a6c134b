/**
 * How Berth's own commands speak to a running Berth: a loopback listener that answers those who can
 * read the data folder, since a secret from there opens it. Long answers come line by line as JSON
 * objects.
 */
@NullMarked
package dev.berth.edge.control;

import org.jspecify.annotations.NullMarked;
