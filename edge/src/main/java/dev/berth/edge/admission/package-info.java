/**
 * The webhook that an API server asks about each new pod: AdmissionReview bytes in, AdmissionReview
 * bytes out. It translates; core decides. Answers come from memory, so that creating a pod waits
 * for nothing.
 */
@NullMarked
package dev.berth.edge.admission;

import org.jspecify.annotations.NullMarked;
