/**
 * Signature Version 4: the mathematics of making and checking signatures, without HTTP and without
 * a clock of its own. The AWS endpoint checks requests with it, the token authenticator checks
 * presigned URLs, and Berth's own client signs. Source: aws-apis-from-java §E
 */
@NullMarked
package dev.berth.engine.account.signature;

import org.jspecify.annotations.NullMarked;
