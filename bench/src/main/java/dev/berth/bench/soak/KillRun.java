package dev.berth.bench.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Kills Berth with SIGKILL at random moments of pods' lives and starts it again; in the end every
 * life must have come to where it should, nothing may have run more often than it may, and nothing
 * may be left on the machine. What is chosen follows from the seed; when exactly a kill meets Berth
 * does not, since the machine has its own pace.
 */
public final class KillRun {
    private static final String PODS = "/api/v1/namespaces/default/pods";
    private static final Duration SETTLES = Duration.ofMinutes(4);
    private static final int NEW_AT_ONCE = 3;

    private final int kills;
    private final Random random;
    private final Consumer<String> out;
    private final List<Life> lives = new ArrayList<>();
    private final List<String> faults = new ArrayList<>();
    private int made;

    /**
     * Plans a run.
     *
     * @param kills how often Berth is killed, at least once
     * @param seed of all that is chosen
     * @param out hears what happens, line by line
     */
    public KillRun(int kills, long seed, Consumer<String> out) {
        this.kills = kills;
        this.random = new Random(seed);
        this.out = out;
    }

    /** Does it; what was not as it should be. */
    public List<String> run() throws IOException, InterruptedException {
        var trial = new Trial(List.of("--memory-overcommit", "8"));
        var name = "";
        try {
            trial.begin();
            name = trial.name();
            try (var witness = new Witness(trial.vpc())) {
                for (var moment = 1; moment <= kills; moment++) {
                    kill(trial, moment);
                }
                out.accept("waiting for " + lives.size() + " lives to come to their ends");
                judge(trial.cluster(), witness);
                clear(trial, name);
            }
            trial.down();
            Leftovers.of(trial.data(), name).forEach(left -> faults.add("left by down: " + left));
        } catch (IOException failed) {
            faults.add(String.valueOf(failed.getMessage()));
            dump(trial);
        }
        if (faults.isEmpty()) {
            trial.close();
        } else {
            keep(trial);
        }
        return List.copyOf(faults);
    }

    /** One moment: new lives begin, some are told to end, and Berth is killed meanwhile. */
    private void kill(Trial trial, int moment) throws IOException, InterruptedException {
        var early = moment > 1 && random.nextInt(4) == 0;
        if (!early) {
            // Else the kill meets a Berth that has just begun to take over what runs.
            var kube = trial.cluster();
            for (var more = 1 + random.nextInt(NEW_AT_ONCE); more > 0; more--) {
                begin(kube);
            }
            for (var life : lives) {
                if (life.kind() == Life.Kind.LEAVES && random.nextBoolean()) {
                    kube.delete(life.path() + "/" + life.name());
                }
            }
        }
        var wait = random.nextInt(early ? 4000 : 2500);
        Thread.sleep(wait);
        trial.killHard();
        var began = System.nanoTime();
        if (random.nextInt(5) == 0) {
            // It does not even come to listen.
            var half = trial.upWithoutWaiting();
            Thread.sleep(random.nextInt(2500));
            trial.killHard();
            half.waitFor(10, TimeUnit.SECONDS);
        }
        trial.up();
        out.accept(
                "kill %d of %d: %d ms %s; up again after %.1f s; %d lives"
                        .formatted(
                                moment,
                                kills,
                                wait,
                                early ? "after its start" : "after new pods were asked for",
                                (System.nanoTime() - began) / 1e9,
                                lives.size()));
    }

    private void begin(Kube kube) throws IOException, InterruptedException {
        // One of each kind first, then whatever comes.
        var kinds = Life.Kind.values();
        var kind = kinds[made < kinds.length ? made : random.nextInt(kinds.length)];
        var life = new Life(kind.name().toLowerCase(Locale.ROOT) + "-" + ++made, kind);
        lives.add(life);
        kube.create(life.path(), life.object());
    }

    private void judge(Kube kube, Witness witness) throws IOException, InterruptedException {
        for (var life : lives) {
            if (life.kind() == Life.Kind.LEAVES) {
                kube.delete(life.path() + "/" + life.name());
            }
        }
        var end = Instant.now().plus(SETTLES);
        var left = new ArrayList<>(lives);
        while (true) {
            var wrong = new ArrayList<String>();
            var there = new ArrayList<Life>();
            for (var life : left) {
                life.wrong(kube, witness).ifPresentOrElse(wrong::add, () -> there.add(life));
            }
            left.removeAll(there);
            if (left.isEmpty()) {
                return;
            }
            if (Instant.now().isAfter(end)) {
                faults.addAll(wrong);
                return;
            }
            Thread.sleep(250);
        }
    }

    /** Deletes everything, and looks whether anything is left while Berth still runs. */
    private void clear(Trial trial, String name) throws IOException, InterruptedException {
        var kube = trial.cluster();
        kube.delete("/apis/apps/v1/namespaces/default/deployments");
        kube.delete("/apis/batch/v1/namespaces/default/jobs");
        kube.delete(PODS);
        try {
            Trial.until("all pods are gone", () -> kube.list(PODS).isEmpty());
            Trial.until(
                    "all their nodes are gone",
                    () ->
                            kube.list("/api/v1/nodes").stream()
                                    .noneMatch(node ->
                                            node.at("/metadata/name")
                                                    .asString()
                                                    .startsWith("fargate-172.29.")));
        } catch (IOException left) {
            faults.add(left.getMessage());
        }
        var strays = new Strays(trial.data(), name);
        var others =
                kube.list("/api/v1/pods").stream()
                        .map(pod -> pod.at("/metadata/uid").asString())
                        .toList();
        try {
            Trial.until("nothing of them is left", () -> strays.beyond(others).isEmpty());
        } catch (IOException left) {
            strays.beyond(others).forEach(one -> faults.add("left of a pod: " + one));
        }
    }

    /** Notes what Berth's threads do, when it still runs. */
    private void dump(Trial trial) {
        try {
            var file = trial.data().resolve("threads.txt");
            new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                            String.valueOf(trial.pid()),
                            "Thread.dump_to_file",
                            "-format=text",
                            "-overwrite",
                            file.toString())
                    .inheritIO()
                    .start()
                    .waitFor(20, TimeUnit.SECONDS);
        } catch (IOException e) {
            out.accept("no dump of threads: " + e.getMessage());
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends Berth and leaves its data and logs to be looked at. */
    private void keep(Trial trial) {
        out.accept("the data folder stays, to be looked at: " + trial.data());
        try {
            if (Files.exists(trial.data())) {
                trial.down();
            }
        } catch (IOException e) {
            out.accept("not ended: " + e.getMessage());
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }
}
