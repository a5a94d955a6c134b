package dev.berth.engine.podworker;

import dev.berth.core.node.PodPlace;
import dev.berth.core.pod.Container;
import dev.berth.core.pod.Container.Handler;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodWords;
import dev.berth.core.pod.ProbeTarget.Unclear;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import dev.berth.port.ProbeNetwork;
import dev.berth.port.ProbeNetwork.HttpAsk;
import dev.berth.port.ProbeNetwork.Unanswered;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Runs the hooks of one pod's containers: after a start, before a stop. A hook takes as long as it
 * takes; an interruption cuts it. Any thread may call that counts as busy.
 */
final class LifecycleHooks {
    private final Surroundings around;
    private final PodPlace node;
    private final CommandRuns commands;

    LifecycleHooks(Surroundings around, PodPlace node) {
        this.around = around;
        this.node = node;
        commands = new CommandRuns(around.machine().runtime(), around.machine().time());
    }

    /** A hook that did not end well; the message is for the container's status only. */
    static final class HookFailed extends Exception {
        private static final long serialVersionUID = 1L;

        HookFailed(String message) {
            super(message);
        }
    }

    /** Runs a hook to its end. */
    void run(Pod pod, Container container, String containerId, Handler hook)
            throws HookFailed, InterruptedException {
        switch (hook) {
            case Handler.Exec exec -> command(pod, container, containerId, exec);
            case Handler.HttpGet http -> http(pod, container, http);
            case Handler.Sleep(long seconds) -> sleep(Duration.ofSeconds(seconds));
            case Handler.TcpSocket _, Handler.Grpc _ ->
                    throw new HookFailed("Cannot run handler: invalid handler");
        }
    }

    private void command(Pod pod, Container container, String containerId, Handler.Exec exec)
            throws HookFailed, InterruptedException {
        String error;
        var output = "";
        try {
            switch (commands.run(containerId, exec.command(), null)) {
                case CommandRuns.Outcome.Ended ended -> {
                    if (ended.exitCode() == 0) {
                        return;
                    }
                    error =
                            PodWords.commandFailed(
                                    exec.command(), ended.exitCode(), ended.stderr());
                    output = ended.output();
                }
                case CommandRuns.Outcome.TimedOut() ->
                        throw new IllegalStateException("no time was set");
            }
        } catch (RuntimeFailed | UncheckedIOException e) {
            error = String.valueOf(e.getMessage());
        }
        throw new HookFailed(
                PodWords.execHookFailed(exec.command(), container.name(), pod, error, output));
    }

    /** Any answer is a good one; a server that does not speak TLS is asked without it. */
    private void http(Pod pod, Container container, Handler.HttpGet http)
            throws HookFailed, InterruptedException {
        try {
            var ask = ProbeRuns.http(http, container, node.address(), "lifecycle");
            try {
                ask(ask);
            } catch (Unanswered e) {
                if (!e.plain()) {
                    throw e;
                }
                ask(plain(ask));
                around.event(
                        pod,
                        null,
                        true,
                        "LifecycleHTTPFallback",
                        PodWords.httpsHookFellBack(ask.host() + ":" + ask.port()));
            }
        } catch (Unanswered | Unclear | UncheckedIOException e) {
            throw new HookFailed(
                    PodWords.httpHookFailed(
                            http.path(), container.name(), pod, String.valueOf(e.getMessage())));
        }
    }

    private void ask(HttpAsk ask) throws Unanswered, InterruptedException {
        var _ = around.machine().probes().http(node.vpcId(), ask, ProbeNetwork.LONGEST);
    }

    private static HttpAsk plain(HttpAsk ask) {
        return new HttpAsk(
                false,
                ask.host(),
                ask.port(),
                ask.target(),
                ask.hostHeader(),
                ask.headers().stream()
                        .filter(header -> !header.name().equalsIgnoreCase("Authorization"))
                        .toList());
    }

    private void sleep(Duration duration) throws InterruptedException {
        var over = new CountDownLatch(1);
        var woken = new AtomicBoolean();
        // Nothing is under way while it sleeps.
        Runnable wake =
                () -> {
                    if (woken.compareAndSet(false, true)) {
                        around.busy().begin();
                        over.countDown();
                    }
                };
        var timer = around.machine().time().after(duration, wake);
        around.busy().end();
        try {
            over.await();
        } finally {
            timer.close();
            wake.run();
        }
    }
}
