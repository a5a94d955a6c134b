package dev.berth.adapter.oci;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.adapter.libc.Libc;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Starts conmon, which makes one container by crun and watches it to its end: it writes the log,
 * notes the exit code, serves the streams. It leaves its caller's session and process tree, so that
 * neither it nor the container ends with Berth.
 *
 * @param conmon its path
 * @param crun the runtime's path
 * @param crunRoot where crun keeps its state
 * @param exits where conmon writes exit codes, a file named by the container's id
 */
record Conmon(Path conmon, Path crun, Path crunRoot, Path exits, JsonMapper json) {
    /** A container that takes longer to be made than this hangs. Our choice. */
    private static final int CREATE_MILLIS = 60_000;

    private static final int SYNC_FD = 3;
    private static final int ANSWER_BYTES_MAX = 65_536;

    /** The container's first process and its conmon. */
    record Made(ProcessIdentity container, ProcessIdentity conmon) {}

    /**
     * Makes a container whose bundle is written. Blocks; runs on a starter thread.
     *
     * @throws RuntimeFailed with crun's own words
     */
    Made create(String id, ContainerFolder folder, ContainerFolder.Notes notes)
            throws IOException, RuntimeFailed {
        Files.createDirectories(folder.persisted());
        Files.write(folder.conmonOutput(), new byte[0]);
        var sync = Libc.pipe();
        var output = Libc.open(folder.conmonOutput().toString(), Libc.O_WRONLY);
        int first;
        try {
            first =
                    Libc.spawn(
                            command(id, folder, notes),
                            List.of("PATH=" + CrunRuntime.SEARCH_PATH, "_OCI_SYNCPIPE=" + SYNC_FD),
                            folder.folder().toString(),
                            new int[] {-1, output, output, sync[1]},
                            null);
        } catch (IOException failed) {
            Libc.close(sync[0]);
            throw failed;
        } finally {
            Libc.close(sync[1]);
            Libc.close(output);
        }
        String answer;
        try {
            answer = readLine(sync[0]);
        } finally {
            Libc.close(sync[0]);
            // The first conmon only leaves the second behind and ends at once.
            Libc.waitpid(first);
        }
        var pid = pidIn(answer, folder);
        return new Made(ProcessIdentity.of(pid), ProcessIdentity.of(number(folder.conmonPid())));
    }

    private List<String> command(String id, ContainerFolder folder, ContainerFolder.Notes notes) {
        var command = new ArrayList<String>();
        command.add(conmon.toString());
        command.addAll(List.of("--api-version", "1", "--cid", id, "--cuuid", id, "--name", id));
        command.addAll(List.of("--runtime", crun.toString()));
        command.addAll(List.of("--runtime-arg", "--root", "--runtime-arg", crunRoot.toString()));
        command.addAll(List.of("--runtime-arg", "--cgroup-manager", "--runtime-arg", "cgroupfs"));
        command.addAll(List.of("--bundle", folder.folder().toString()));
        command.addAll(List.of("--container-pidfile", folder.containerPid().toString()));
        command.addAll(List.of("--conmon-pidfile", folder.conmonPid().toString()));
        command.addAll(List.of("--exit-dir", exits.toString()));
        command.addAll(List.of("--persist-dir", folder.persisted().toString()));
        command.addAll(List.of("--log-path", "k8s-file:" + notes.logFile()));
        // The socket lies in the bundle; its length does not matter, see AttachedContainer.
        command.add("--full-attach");
        // A log need not survive the machine's fall; waiting for the disk costs each container.
        command.add("--no-sync-log");
        if (notes.terminal()) {
            command.add("--terminal");
        }
        if (notes.stdin()) {
            command.add("--stdin");
        }
        return command;
    }

    private int pidIn(String answer, ContainerFolder folder) throws IOException, RuntimeFailed {
        if (answer.isEmpty()) {
            var words = Files.readString(folder.conmonOutput()).strip();
            throw new RuntimeFailed(
                    words.isEmpty() ? "conmon ended without a word" : "conmon: " + words, null);
        }
        try {
            var node = json.readTree(answer);
            var pid = node.required("data").asInt();
            if (pid > 0) {
                return pid;
            }
            throw new RuntimeFailed(
                    node.path("message").asString("crun failed without a word").strip(), null);
        } catch (JacksonException broken) {
            throw new RuntimeFailed("conmon answered " + answer, broken);
        }
    }

    private static String readLine(int fd) throws IOException, RuntimeFailed {
        var line = new ByteArrayOutputStream();
        var buffer = new byte[8192];
        var deadline = System.nanoTime() + CREATE_MILLIS * 1_000_000L;
        while (line.size() < ANSWER_BYTES_MAX) {
            var left = (int) ((deadline - System.nanoTime()) / 1_000_000);
            if (left <= 0 || !Libc.awaitReadable(fd, left)) {
                throw new RuntimeFailed(
                        "the container was not made within " + CREATE_MILLIS + " ms", null);
            }
            var count = Libc.read(fd, buffer, 0, buffer.length);
            if (count == 0) {
                break;
            }
            line.write(buffer, 0, count);
            if (buffer[count - 1] == '\n') {
                break;
            }
        }
        return line.toString(UTF_8).strip();
    }

    static int number(Path file) throws IOException {
        try {
            return Integer.parseInt(Files.readString(file).strip());
        } catch (NoSuchFileException | NumberFormatException none) {
            return 0;
        }
    }
}
