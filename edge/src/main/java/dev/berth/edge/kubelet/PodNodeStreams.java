package dev.berth.edge.kubelet;

import dev.berth.engine.podworker.PodStreams;
import dev.berth.engine.podworker.PodStreams.LogOptions;
import dev.berth.engine.podworker.PodStreams.PodRef;
import dev.berth.engine.podworker.PodStreams.StreamRefused;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.OptionalInt;

/** The pods of one cluster as its nodes' endpoints see them. */
public final class PodNodeStreams implements NodeStreams {
    private final PodStreams pods;

    /** Answers for these pods. */
    public PodNodeStreams(PodStreams pods) {
        this.pods = pods;
    }

    @Override
    public void logs(Target target, LogQuery query, OutputStream out)
            throws NotPossible, IOException, InterruptedException {
        var options =
                new LogOptions(
                        query.previous(),
                        query.follow(),
                        query.tailLines() == null ? -1 : query.tailLines(),
                        query.since(),
                        query.timestamps(),
                        query.limitBytes() == null ? -1 : query.limitBytes());
        try {
            pods.logs(pod(target.namespace(), target.pod()), target.container(), options, out);
        } catch (StreamRefused refused) {
            throw not(refused);
        }
    }

    @Override
    public Session exec(Target target, List<String> command, boolean terminal, boolean stdin)
            throws NotPossible, InterruptedException {
        try {
            return new Joined(
                    pods.exec(
                            pod(target.namespace(), target.pod()),
                            target.container(),
                            command,
                            terminal,
                            stdin));
        } catch (StreamRefused refused) {
            throw not(refused);
        }
    }

    @Override
    public Session attach(Target target) throws NotPossible, InterruptedException {
        try {
            return new Joined(
                    pods.attach(pod(target.namespace(), target.pod()), target.container()));
        } catch (StreamRefused refused) {
            throw not(refused);
        }
    }

    @Override
    public Tunnel portForward(String namespace, String pod, int port)
            throws NotPossible, IOException {
        try {
            return new Forwarded(pods.portForward(pod(namespace, pod), port));
        } catch (StreamRefused refused) {
            throw not(refused);
        }
    }

    @Override
    public void checkPod(String namespace, String pod, String nodeName) throws NotPossible {
        if (!pod(namespace, pod).nodeName().equals(nodeName)) {
            throw notFound(namespace, pod);
        }
    }

    private PodRef pod(String namespace, String name) throws NotPossible {
        var pod = pods.find(namespace, name);
        if (pod.isEmpty()) {
            throw notFound(namespace, name);
        }
        return pod.get();
    }

    private static NotPossible notFound(String namespace, String name) {
        return new NotPossible(
                404, "pod \"" + name + "\" not found in namespace \"" + namespace + "\"");
    }

    private static NotPossible not(StreamRefused refused) {
        return new NotPossible(refused.code(), String.valueOf(refused.getMessage()));
    }

    private record Joined(PodStreams.Session session) implements Session {
        @Override
        public OutputStream stdin() {
            return session.stdin();
        }

        @Override
        public InputStream stdout() {
            return session.stdout();
        }

        @Override
        public InputStream stderr() {
            return session.stderr();
        }

        @Override
        public void resize(int columns, int rows) throws IOException {
            session.resize(columns, rows);
        }

        @Override
        public OptionalInt await() throws InterruptedException {
            return session.await();
        }

        @Override
        public void close() {
            session.close();
        }
    }

    private record Forwarded(PodStreams.Duplex connection) implements Tunnel {
        @Override
        public InputStream input() {
            return connection.input();
        }

        @Override
        public OutputStream output() {
            return connection.output();
        }

        @Override
        public void shutdownOutput() throws IOException {
            connection.shutdownOutput();
        }

        @Override
        public void close() {
            connection.close();
        }
    }
}
