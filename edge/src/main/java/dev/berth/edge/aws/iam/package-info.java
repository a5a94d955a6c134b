/**
 * IAM as far as clusters and profiles need it: roles with trust policies, and AWS's own managed
 * policies attached to them. One class for each operation; the engine's account keeps the state.
 * Permissions are not evaluated anywhere.
 */
@NullMarked
package dev.berth.edge.aws.iam;

import org.jspecify.annotations.NullMarked;
