package dev.berth.engine.podworker;

import dev.berth.core.node.PodPlace;
import dev.berth.core.pod.Container;
import dev.berth.core.pod.Container.Handler;
import dev.berth.core.pod.Container.Probe;
import dev.berth.core.pod.PodWords;
import dev.berth.core.pod.ProbeAnswer;
import dev.berth.core.pod.ProbeTarget;
import dev.berth.core.pod.ProbeTarget.Unclear;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import dev.berth.port.ProbeNetwork.HttpAsk;
import dev.berth.port.ProbeNetwork.Unanswered;
import java.io.UncheckedIOException;
import java.time.Duration;

/** Runs the probes of one pod, once each. Any thread may call. */
final class ProbeRuns {
    private static final int TRIES = 3;

    private final Machine machine;
    private final PodPlace node;
    private final CommandRuns commands;

    ProbeRuns(Machine machine, PodPlace node) {
        this.machine = machine;
        this.node = node;
        commands = new CommandRuns(machine.runtime(), machine.time());
    }

    /** Asks; a probe that cannot be run is tried three times, as a kubelet does. */
    ProbeAnswer ask(Container container, String containerId, Probe probe)
            throws InterruptedException {
        var answer = once(container, containerId, probe);
        for (var tried = 1;
                tried < TRIES && answer.verdict() == ProbeAnswer.Verdict.ERROR;
                tried++) {
            answer = once(container, containerId, probe);
        }
        return answer;
    }

    private ProbeAnswer once(Container container, String containerId, Probe probe)
            throws InterruptedException {
        var timeout = Duration.ofSeconds(probe.timeoutSeconds());
        try {
            return switch (probe.handler()) {
                case Handler.Exec exec -> command(container, containerId, exec, timeout);
                case Handler.HttpGet http -> {
                    var ask = http(http, container, node.address(), "probe");
                    var reply = machine.probes().http(node.vpcId(), ask, timeout);
                    yield ProbeAnswer.http(reply.status(), reply.body());
                }
                case Handler.TcpSocket tcp -> {
                    var port = ProbeTarget.port(tcp.port(), container);
                    var host = tcp.host() == null ? node.address() : tcp.host();
                    machine.probes().tcp(node.vpcId(), host, port, timeout);
                    yield ProbeAnswer.connected();
                }
                case Handler.Grpc grpc ->
                        ProbeAnswer.health(
                                machine.probes()
                                        .health(
                                                node.vpcId(),
                                                node.address(),
                                                grpc.port(),
                                                grpc.service(),
                                                timeout));
                case Handler.Sleep _ ->
                        ProbeAnswer.error("missing probe handler for " + container.name());
            };
        } catch (Unanswered e) {
            return ProbeAnswer.failure(String.valueOf(e.getMessage()));
        } catch (RuntimeFailed | Unclear | UncheckedIOException e) {
            return ProbeAnswer.error(String.valueOf(e.getMessage()));
        }
    }

    private ProbeAnswer command(
            Container container, String containerId, Handler.Exec exec, Duration timeout)
            throws RuntimeFailed, InterruptedException {
        var command = ProbeTarget.command(exec.command(), container);
        return switch (commands.run(containerId, command, timeout)) {
            case CommandRuns.Outcome.Ended ended ->
                    ProbeAnswer.command(ended.exitCode(), ended.output());
            case CommandRuns.Outcome.TimedOut() ->
                    ProbeAnswer.failure(PodWords.commandTimedOut(command, timeout));
        };
    }

    /**
     * What is asked over HTTP.
     *
     * @param address the pod's
     * @param purpose {@code probe} or {@code lifecycle}
     */
    static HttpAsk http(Handler.HttpGet http, Container container, String address, String purpose)
            throws Unclear {
        return new HttpAsk(
                http.scheme().equals("HTTPS"),
                http.host() == null ? address : http.host(),
                ProbeTarget.port(http.port(), container),
                ProbeTarget.path(http.path()),
                ProbeTarget.hostHeader(http),
                ProbeTarget.headers(http, purpose));
    }
}
