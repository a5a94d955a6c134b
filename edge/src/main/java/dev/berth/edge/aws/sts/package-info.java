/**
 * STS: who a caller is, and credentials of roles for a while. One class for each operation; the
 * engine's account knows the rest. Texts are AWS's where a source is named.
 */
@NullMarked
package dev.berth.edge.aws.sts;

import org.jspecify.annotations.NullMarked;
