/**
 * The AWS account: its keys, roles and networks, kept in the Store. Other rooms of the engine see
 * it through the two views declared here.
 */
@NullMarked
package dev.berth.engine.account;

import org.jspecify.annotations.NullMarked;
