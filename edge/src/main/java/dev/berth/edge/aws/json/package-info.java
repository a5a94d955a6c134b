/**
 * JSON as plain trees: Map, List, String, Long, Double, Boolean and null. Requests, service models
 * and policy documents are read by it, answers are written by it. Nothing is bound to classes, so a
 * start pays for no reflection.
 */
@NullMarked
package dev.berth.edge.aws.json;

import org.jspecify.annotations.NullMarked;
