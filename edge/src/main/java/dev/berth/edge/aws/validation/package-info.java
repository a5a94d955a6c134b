/**
 * Checks an input against the constraints of the service's model and says what is wrong in AWS's
 * classic words, all faults at once. A table holds where a service is known to behave otherwise.
 * The operations check what no model can say.
 */
@NullMarked
package dev.berth.edge.aws.validation;

import org.jspecify.annotations.NullMarked;
