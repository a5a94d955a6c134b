package dev.berth.edge.kubelet;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.engine.podworker.PodStreams.Duplex;
import dev.berth.engine.podworker.PodStreams.StreamRefused;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ForwardedPortsTest {
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();
    private final ByteArrayOutputStream error = new ByteArrayOutputStream();

    /** A client's stream. */
    private record Client(InputStream input, OutputStream output, CountDownLatch ignored)
            implements Channel {
        static Client sending(InputStream input, OutputStream output) {
            return new Client(input, output, new CountDownLatch(1));
        }

        @Override
        public void ignoreInput() {
            try {
                input.close();
            } catch (IOException impossible) {
                throw new AssertionError(impossible);
            }
            ignored.countDown();
        }

        @Override
        public void forget() {
            ignored.countDown();
        }
    }

    /** Says nothing until it is closed; a reader that waits sees that, unlike with a pipe. */
    private static final class Silent extends InputStream {
        private final CountDownLatch closed = new CountDownLatch(1);

        @Override
        public int read() throws IOException {
            return read(new byte[1], 0, 1);
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            try {
                closed.await();
            } catch (InterruptedException stop) {
                throw new IOException(stop);
            }
            return -1;
        }

        @Override
        public void close() {
            closed.countDown();
        }
    }

    /** A server that answers with what it was told, in capitals, once its client has ended. */
    private static final class Shouting implements Duplex {
        private final ByteArrayOutputStream heard = new ByteArrayOutputStream();
        private final PipedOutputStream answering = new PipedOutputStream();
        private final PipedInputStream answer;

        Shouting() throws IOException {
            answer = new PipedInputStream(answering);
        }

        @Override
        public InputStream input() {
            return answer;
        }

        @Override
        public OutputStream output() {
            return heard;
        }

        @Override
        public void shutdownOutput() throws IOException {
            answering.write(
                    heard.toString(UTF_8).toUpperCase(java.util.Locale.ROOT).getBytes(UTF_8));
            answering.close();
        }

        @Override
        public void close() {
            try {
                answer.close();
            } catch (IOException impossible) {
                throw new AssertionError(impossible);
            }
        }
    }

    private static Client saying(String text, OutputStream to) {
        return Client.sending(new ByteArrayInputStream(text.getBytes(UTF_8)), to);
    }

    @Test
    void a_client_that_has_ended_its_half_still_gets_its_answer() throws Exception {
        var server = new Shouting();
        new Forwarding(port -> server).forward(saying("hello", data), saying("", error), 80);
        assertThat(data.toString(UTF_8)).isEqualTo("HELLO");
        assertThat(error.toString(UTF_8)).isEmpty();
    }

    @Test
    void why_there_is_no_connection_goes_to_the_stream_of_errors() {
        new Forwarding(
                        port -> {
                            throw new StreamRefused(500, "no port " + port);
                        })
                .forward(saying("hello", data), saying("", error), 81);
        assertThat(error.toString(UTF_8)).isEqualTo("no port 81");
        assertThat(data.toByteArray()).isEmpty();
    }

    @Test
    void a_server_that_closes_ends_the_stream_though_the_client_says_nothing() throws Exception {
        var silent = new Silent();
        var client = Client.sending(silent, data);
        new Forwarding(port ->
                new Duplex() {
                    @Override
                    public InputStream input() {
                        return new ByteArrayInputStream("bye".getBytes(UTF_8));
                    }

                    @Override
                    public OutputStream output() {
                        return OutputStream.nullOutputStream();
                    }

                    @Override
                    public void shutdownOutput() {
                        // Nobody minds.
                    }

                    @Override
                    public void close() {
                        // Nothing is open.
                    }
                })
                .forward(client, saying("", error), 80);
        assertThat(data.toString(UTF_8)).isEqualTo("bye");
        assertThat(client.ignored().await(10, TimeUnit.SECONDS)).isTrue();
    }

    private static StreamRequest asking(String query) {
        return StreamRequest.parse("/portForward/default/web", query).orElseThrow();
    }

    @Test
    void ports_over_a_web_socket_are_numbers_with_commas_or_parameters() throws Exception {
        assertThat(asking("port=80,81&port=82").ports()).isEqualTo(List.of(80, 81, 82));
        Map.of(
                        "", "query parameter \"port\" is required",
                        "port=", "query parameter \"port\" cannot be empty",
                        "port=0", "port \"0\" must be > 0",
                        "port=x",
                                "unable to parse \"x\" as a port: strconv.ParseUint: parsing \"x\": invalid"
                                        + " syntax",
                        "port=70000",
                                "unable to parse \"70000\" as a port: strconv.ParseUint: parsing \"70000\":"
                                        + " value out of range")
                .forEach((query, words) ->
                        assertThatThrownBy(() -> asking(query).ports()).hasMessage(words));
    }
}
