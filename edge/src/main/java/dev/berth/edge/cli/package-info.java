/**
 * The command line: what can be asked, how it is spelled, and what the answer's exit code is. The
 * work itself is handed in by app as {@link dev.berth.edge.cli.Actions}. Texts for people go to
 * standard error while something runs and to standard output when they are the answer.
 */
@NullMarked
package dev.berth.edge.cli;

import org.jspecify.annotations.NullMarked;
