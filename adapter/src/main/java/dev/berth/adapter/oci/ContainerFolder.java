package dev.berth.adapter.oci;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.port.ContainerRuntime.ContainerPlan;
import dev.berth.port.ContainerRuntime.User;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A container's files: the OCI bundle, conmon's FIFOs and files in it, and our own notes, which a
 * later life of Berth reads.
 *
 * @param folder {@code <state>/containers/<id>}
 */
record ContainerFolder(Path folder) {
    /** What is noted when a container is made. */
    record Notes(
            String podUid,
            String podNamespace,
            String podName,
            String name,
            int attempt,
            String image,
            boolean terminal,
            boolean stdin,
            Path logFile,
            Instant createdAt,
            @Nullable User user) {
        static Notes of(ContainerPlan plan, Instant createdAt) {
            return new Notes(
                    plan.podUid(),
                    plan.podNamespace(),
                    plan.podName(),
                    plan.name(),
                    plan.attempt(),
                    plan.image(),
                    plan.terminal(),
                    plan.stdin(),
                    plan.logFile(),
                    createdAt,
                    plan.user());
        }
    }

    Path config() {
        return folder.resolve("config.json");
    }

    /** What conmon says before it has let go of its caller. */
    Path conmonOutput() {
        return folder.resolve("conmon.log");
    }

    Path conmonPid() {
        return folder.resolve("conmon.pid");
    }

    Path containerPid() {
        return folder.resolve("container.pid");
    }

    /** Where conmon takes orders. */
    Path control() {
        return folder.resolve("ctl");
    }

    /** Where conmon serves the container's streams. */
    Path attachSocket() {
        return folder.resolve("attach");
    }

    /** Where conmon notes the end, and that memory ran out. */
    Path persisted() {
        return folder.resolve("persist");
    }

    void writeNotes(JsonMapper json, Notes notes) throws IOException {
        var node = json.createObjectNode();
        node.put("podUid", notes.podUid());
        node.put("podNamespace", notes.podNamespace());
        node.put("podName", notes.podName());
        node.put("name", notes.name());
        node.put("attempt", notes.attempt());
        node.put("image", notes.image());
        node.put("terminal", notes.terminal());
        node.put("stdin", notes.stdin());
        node.put("logFile", notes.logFile().toString());
        node.put("createdAt", notes.createdAt().toString());
        var user = notes.user();
        if (user != null) {
            var groups =
                    node.putObject("user")
                            .put("uid", user.uid())
                            .put("gid", user.gid())
                            .putArray("groups");
            user.additionalGids().forEach(groups::add);
        }
        replace("notes.json", json.writeValueAsString(node));
    }

    /** Empty when the container was never made completely. */
    Optional<Notes> readNotes(JsonMapper json) throws IOException {
        try {
            var node = json.readTree(Files.readAllBytes(folder.resolve("notes.json")));
            return Optional.of(
                    new Notes(
                            text(node, "podUid"),
                            text(node, "podNamespace"),
                            text(node, "podName"),
                            text(node, "name"),
                            node.required("attempt").asInt(),
                            node.path("image").asString(""),
                            node.required("terminal").asBoolean(),
                            node.required("stdin").asBoolean(),
                            Path.of(text(node, "logFile")),
                            Instant.parse(text(node, "createdAt")),
                            user(node.path("user"))));
        } catch (NoSuchFileException | JacksonException | DateTimeException incomplete) {
            return Optional.empty();
        }
    }

    private static @Nullable User user(JsonNode node) {
        return node.isObject()
                ? new User(
                        node.required("uid").asLong(),
                        node.required("gid").asLong(),
                        node.path("groups").values().stream().map(JsonNode::asLong).toList())
                : null;
    }

    void writeProcesses(ProcessIdentity container, ProcessIdentity conmon) throws IOException {
        replace("processes", container.text() + "\n" + conmon.text() + "\n");
    }

    /** The container's first process, then its conmon; empty before it was made completely. */
    Optional<ProcessIdentity[]> readProcesses() throws IOException {
        try {
            var lines = Files.readAllLines(folder.resolve("processes"));
            return lines.size() < 2
                    ? Optional.empty()
                    : Optional.of(
                            new ProcessIdentity[] {
                                ProcessIdentity.parse(lines.get(0)),
                                ProcessIdentity.parse(lines.get(1))
                            });
        } catch (NoSuchFileException none) {
            return Optional.empty();
        }
    }

    void writeStarted(Instant when) throws IOException {
        replace("started", when.toString());
    }

    @Nullable Instant readStarted() throws IOException {
        try {
            return Instant.parse(Files.readString(folder.resolve("started")).strip());
        } catch (NoSuchFileException | DateTimeException none) {
            return null;
        }
    }

    private void replace(String name, String text) throws IOException {
        var fresh = folder.resolve(name + ".new");
        Files.writeString(fresh, text, UTF_8);
        Files.move(fresh, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }

    private static String text(JsonNode node, String name) {
        return node.required(name).asString();
    }
}
