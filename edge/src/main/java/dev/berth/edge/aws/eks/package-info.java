/**
 * The operations of EKS: one class each, which reads the input's members, asks the engine, and
 * tells the answer with the model's member names. What a member means is decided in the engine.
 * Shapes: eks-fargate §12.3.
 */
@NullMarked
package dev.berth.edge.aws.eks;

import org.jspecify.annotations.NullMarked;
