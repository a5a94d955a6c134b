/**
 * Fargate profiles: their records in the Store, what is done in a cluster when one comes and goes,
 * and the view of the ACTIVE ones that admission asks for each pod. A profile is made and removed
 * by a thread of its own, and taken up again when its cluster comes back.
 */
@NullMarked
package dev.berth.engine.profiles;

import org.jspecify.annotations.NullMarked;
