package dev.berth.app;

import dev.berth.edge.cli.BerthCommand;

/** The program's entry. */
public final class Main {
    private Main() {}

    /** Runs a command and exits with its code: 0 done, 1 could not, 2 wrong use. */
    public static void main(String[] arguments) {
        // The log's own file is named by the data folder, which only the server knows: until then,
        // warnings
        // go to standard error.
        System.exit(BerthCommand.commandLine(new Commands()).execute(arguments));
    }
}
