/**
 * EKS clusters as values: what one is, which moves its life may take, which requests for one AWS
 * would refuse and with which words. Also the aws-auth text, because a cluster's owner reads it.
 * Source of it all: eks-fargate §12.
 */
@NullMarked
package dev.berth.core.cluster;

import org.jspecify.annotations.NullMarked;
