/**
 * What happens to a pod when it is created: a profile claims it, or nobody does. The verdict is a
 * value with the reason or with the patch, and the patch is a list of values too. How they travel
 * is the edge's business.
 */
@NullMarked
package dev.berth.core.admission;

import org.jspecify.annotations.NullMarked;
