/**
 * Fargate profiles: what one is, which pods it matches, which of several wins, and the steps of its
 * own life. All of it from eks-fargate §2.
 */
@NullMarked
package dev.berth.core.profile;

import org.jspecify.annotations.NullMarked;
