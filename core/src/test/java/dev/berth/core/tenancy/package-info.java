/** Tests of living together on an ordinary node. */
@NullMarked
package dev.berth.core.tenancy;

import org.jspecify.annotations.NullMarked;
