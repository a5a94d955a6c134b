package dev.berth.app;

import dev.berth.edge.cli.BerthCommand;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** The program's entry. */
public final class Main {
    private Main() {}

    /** Runs a command and exits with its code: 0 done, 1 could not, 2 wrong use. */
    public static void main(String[] arguments) {
        // Libraries that log by the JDK's own means obey the same levels as everybody else.
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
        System.exit(BerthCommand.commandLine(new Commands()).execute(arguments));
    }
}
