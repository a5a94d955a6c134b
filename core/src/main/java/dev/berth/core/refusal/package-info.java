/**
 * What cannot run on Fargate, in AWS's exact words, all reasons at once. A reason knows whether
 * looking again can ever help. All of it from eks-fargate §4; codes that §16 leaves open are our
 * own.
 */
@NullMarked
package dev.berth.core.refusal;

import org.jspecify.annotations.NullMarked;
