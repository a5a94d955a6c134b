/**
 * The wire protocols: how a call's bytes become a tree of members, and how an output or a fault
 * becomes bytes. One class for each of rest-json, AWS JSON, AWS query and EC2 query, all driven by
 * the service's model. No operation is known here by name.
 */
@NullMarked
package dev.berth.edge.aws.wire;

import org.jspecify.annotations.NullMarked;
