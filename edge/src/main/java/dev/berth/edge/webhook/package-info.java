/**
 * Where the API servers ask Berth: one HTTPS listener for the webhooks of all clusters. It knows
 * paths, sizes and certificates; what is asked and answered is the business of admission and authn,
 * handed in as functions.
 */
@NullMarked
package dev.berth.edge.webhook;

import org.jspecify.annotations.NullMarked;
