package dev.berth.adapter.controlplane;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The few facts that a cluster's folder keeps, one small file each.
 *
 * @param folder the cluster's folder
 */
record ClusterFiles(Path folder) {
    /** Whose folder this is. */
    Optional<String> id() throws IOException {
        return read("id");
    }

    void writeId(String id) throws IOException {
        Pem.write(folder.resolve("id"), id + "\n");
    }

    /** Where its API server listens, so that kubeconfigs outlive a restart. */
    OptionalInt port() throws IOException {
        var text = read("port");
        return text.isPresent()
                ? OptionalInt.of(Integer.parseInt(text.get()))
                : OptionalInt.empty();
    }

    void writePort(int port) throws IOException {
        Pem.write(folder.resolve("port"), port + "\n");
    }

    /**
     * Whether this version's API server has once written all that it writes at its first start: its
     * own roles and priority classes.
     */
    boolean settled(String version) throws IOException {
        return read("settled").equals(Optional.of(version));
    }

    void writeSettled(String version) throws IOException {
        Pem.write(folder.resolve("settled"), version + "\n");
    }

    private Optional<String> read(String name) throws IOException {
        var file = folder.resolve(name);
        return Files.exists(file) ? Optional.of(Files.readString(file).strip()) : Optional.empty();
    }
}
