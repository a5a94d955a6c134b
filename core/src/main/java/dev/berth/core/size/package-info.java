/**
 * From a pod's requests to the smallest Fargate size that holds it, and the text that tells it. All
 * of it from eks-fargate §3.
 */
@NullMarked
package dev.berth.core.size;

import org.jspecify.annotations.NullMarked;
