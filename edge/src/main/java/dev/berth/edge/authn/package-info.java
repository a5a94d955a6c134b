/**
 * Who a bearer token belongs to: the webhook that API servers ask. It reads tokens as {@code aws
 * eks get-token} and aws-iam-authenticator make them, checks their form with
 * aws-iam-authenticator's words, and has the signature judged by the engine and the user by the
 * core. A token is never logged and the URL in it never fetched.
 */
@NullMarked
package dev.berth.edge.authn;

import org.jspecify.annotations.NullMarked;
