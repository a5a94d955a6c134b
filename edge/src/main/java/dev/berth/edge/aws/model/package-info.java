/**
 * The AWS services' own models: operations, routes, shapes, constraints and errors, read from the
 * trimmed botocore files among the resources. The wire protocols and the validator are driven by
 * them. Nothing here knows a request.
 */
@NullMarked
package dev.berth.edge.aws.model;

import org.jspecify.annotations.NullMarked;
