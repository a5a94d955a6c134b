/**
 * The Node object that stands for one pod's sandbox: its name, labels, taint, capacity, conditions
 * and lease, field by field as eks-fargate §5 tells.
 */
@NullMarked
package dev.berth.core.node;

import org.jspecify.annotations.NullMarked;
