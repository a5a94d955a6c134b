package dev.berth.bench.soak;

import java.time.Duration;
import java.util.Random;

/**
 * {@code ./berth soak [--pods N] [--minutes N]}: see {@link Endurance}, 200 pods for 10 minutes if
 * not told otherwise. {@code ./berth soak --kill N [--seed N]}: see {@link KillRun}. Ends with 1
 * when something was not as it should be.
 */
public final class Soak {
    private static final String USAGE =
            "usage: berth soak [--pods N] [--minutes N]\n       berth soak --kill N [--seed N]";

    private Soak() {}

    /** Runs a trial and prints what came of it. */
    public static void main(String[] arguments) throws Exception {
        var kills = 0;
        var pods = 200;
        var minutes = 10;
        var seed = new Random().nextInt(1_000_000);
        for (var at = 0; at < arguments.length; at += 2) {
            if (at + 1 == arguments.length || !arguments[at + 1].matches("\\d{1,6}")) {
                usage();
            }
            var number = Integer.parseInt(arguments[at + 1]);
            switch (arguments[at]) {
                case "--kill" -> kills = number;
                case "--pods" -> pods = number;
                case "--minutes" -> minutes = number;
                case "--seed" -> seed = number;
                default -> usage();
            }
        }
        if (kills > 0) {
            System.out.println("seed " + seed);
            var faults = new KillRun(kills, seed, System.out::println).run();
            faults.forEach(fault -> System.out.println("WRONG: " + fault));
            System.out.println(
                    kills + " kills, " + faults.size() + " things not as they should be");
            System.exit(faults.isEmpty() ? 0 : 1);
        }
        var well =
                new Endurance(Math.max(20, pods), Duration.ofMinutes(minutes), System.out::println)
                        .run();
        System.exit(well ? 0 : 1);
    }

    private static void usage() {
        System.err.println(USAGE);
        System.exit(2);
    }
}
