/**
 * The program from outside: what a user's own tools see of it. Everything here runs the packaged
 * program in a folder of its own and takes it down again.
 */
@NullMarked
package dev.berth.compat;

import org.jspecify.annotations.NullMarked;
