/**
 * Berth's own view of a pod: what was wished for, what is known of it, and the pure decisions of
 * its life. The records follow the Kubernetes API's names and hold what any part of Berth decides
 * on; a field that nobody decides on is left out. Nothing here knows a clock or a container.
 */
@NullMarked
package dev.berth.core.pod;

import org.jspecify.annotations.NullMarked;
