package dev.berth.adapter.image;

import com.github.luben.zstd.ZstdInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/**
 * Packages of this machine's own Debian or Ubuntu, fetched by its apt and kept in a folder. Nothing
 * is installed, no rights are needed, and packages fetched once serve without a network.
 */
final class DebianPackages {
    private static final int APT_MINUTES_MAX = 5;

    private final Path cache;
    private final String architecture;
    private final Consumer<String> progress;

    /**
     * Packages kept in a folder, which need not exist.
     *
     * @param architecture in Debian's words, which are Go's for the usual machines
     */
    DebianPackages(Path cache, String architecture, Consumer<String> progress) {
        this.cache = cache;
        this.architecture = architecture;
        this.progress = progress;
    }

    /**
     * A package.
     *
     * @param name such as {@code libc6}
     * @param version with epoch and revision
     * @param control its description, a text of fields
     * @param depends the names it needs, the first of each choice
     * @param file the archive
     */
    record Package(String name, String version, String control, List<String> depends, Path file) {
        Package {
            depends = List.copyOf(depends);
        }

        /** The version that the program's own makers gave it, {@code 1.22.1}. */
        String upstreamVersion() {
            return version.replaceFirst("^[0-9]+:", "").replaceFirst("[-+~].*$", "");
        }
    }

    /** apt is missing or does not deliver. The message says what to do. */
    static final class PackagesFailed extends Exception {
        private static final long serialVersionUID = 1L;

        PackagesFailed(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /** One package. */
    Package get(String name) throws PackagesFailed, InterruptedException {
        return closure(List.of(name), List.of()).values().iterator().next();
    }

    /**
     * Packages and what they need, by name, the wanted ones first.
     *
     * @param follow beginnings of names; needs of other names are left out
     */
    Map<String, Package> closure(List<String> names, List<String> follow)
            throws PackagesFailed, InterruptedException {
        Map<String, Package> found = new LinkedHashMap<>();
        Set<String> wanted = new LinkedHashSet<>(names);
        while (!wanted.isEmpty()) {
            List<String> missing = new ArrayList<>();
            for (String each : wanted) {
                if (cached(each) == null) {
                    missing.add(each);
                }
            }
            download(missing);
            Set<String> next = new LinkedHashSet<>();
            for (String each : wanted) {
                Path file = cached(each);
                if (file == null) {
                    throw new PackagesFailed("apt-get download did not bring " + each, null);
                }
                Package known = read(each, file);
                found.put(each, known);
                next.addAll(known.depends());
            }
            next.removeIf(
                    each -> found.containsKey(each) || follow.stream().noneMatch(each::startsWith));
            wanted = next;
        }
        return found;
    }

    private @Nullable Path cached(String name) throws PackagesFailed {
        if (!Files.isDirectory(cache)) {
            return null;
        }
        Path newest = null;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(cache, name + "_*.deb")) {
            for (Path each : files) {
                String file = each.getFileName().toString();
                boolean fits =
                        file.endsWith("_" + architecture + ".deb") || file.endsWith("_all.deb");
                if (fits
                        && (newest == null
                                || Files.getLastModifiedTime(each)
                                                .compareTo(Files.getLastModifiedTime(newest))
                                        > 0)) {
                    newest = each;
                }
            }
        } catch (IOException failed) {
            throw new PackagesFailed("cannot read " + cache, failed);
        }
        return newest;
    }

    /** Fetches packages anew, whether they are here or not. */
    void download(List<String> names) throws PackagesFailed, InterruptedException {
        if (names.isEmpty()) {
            return;
        }
        progress.accept("fetching Debian packages: " + String.join(", ", names));
        Path place = cache.resolve("fetching-" + UUID.randomUUID());
        try {
            Files.createDirectories(place);
            try {
                Output first = apt(place, List.of(), "download", names);
                if (first.code != 0 && first.text.contains("Unable to locate package")) {
                    progress.accept("apt has no lists of packages; fetching some of our own");
                    Path own = cache.resolve("apt");
                    Files.createDirectories(own.resolve("lists/partial"));
                    Files.createDirectories(own.resolve("archives/partial"));
                    List<String> options =
                            List.of(
                                    "-o", "Dir::State::Lists=" + own.resolve("lists"),
                                    "-o", "Dir::Cache=" + own);
                    Output update = apt(place, options, "update", List.of());
                    if (update.code != 0) {
                        throw failed("apt-get update", update);
                    }
                    first = apt(place, options, "download", names);
                }
                if (first.code != 0) {
                    throw failed("apt-get download " + String.join(" ", names), first);
                }
                try (DirectoryStream<Path> files = Files.newDirectoryStream(place, "*.deb")) {
                    for (Path each : files) {
                        Files.move(
                                each,
                                cache.resolve(each.getFileName()),
                                StandardCopyOption.ATOMIC_MOVE,
                                StandardCopyOption.REPLACE_EXISTING);
                    }
                }
            } finally {
                NativeFiles.deleteTree(place);
            }
        } catch (IOException failed) {
            throw new PackagesFailed(
                    "cannot fetch Debian packages into " + cache + ": " + failed.getMessage(),
                    failed);
        }
    }

    private static PackagesFailed failed(String command, Output output) {
        String text = output.text.strip();
        return new PackagesFailed(
                command + " failed: " + text.substring(text.lastIndexOf('\n') + 1), null);
    }

    private record Output(int code, String text) {}

    private static Output apt(Path folder, List<String> options, String verb, List<String> names)
            throws PackagesFailed, IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("apt-get", "-q"));
        if ("root".equals(System.getProperty("user.name"))) {
            // apt would go down to a user of its own, who may not write here.
            command.addAll(List.of("-o", "APT::Sandbox::User=root"));
        }
        command.addAll(options);
        command.add(verb);
        command.addAll(names);
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        Path log = folder.resolve("apt.log");
        builder.redirectOutput(log.toFile());
        Process process;
        try {
            process = builder.start();
        } catch (IOException absent) {
            throw new PackagesFailed(
                    "demo images are made of Debian packages, and this machine has no apt-get; take"
                            + " images from a registry, or import them: berth image import FILE",
                    absent);
        }
        try {
            if (!process.waitFor(APT_MINUTES_MAX, TimeUnit.MINUTES)) {
                throw new PackagesFailed(
                        "apt-get " + verb + " takes more than " + APT_MINUTES_MAX + " minutes",
                        null);
            }
        } finally {
            process.destroyForcibly();
        }
        return new Output(process.exitValue(), Files.readString(log, StandardCharsets.UTF_8));
    }

    private static Package read(String name, Path file) throws PackagesFailed {
        try (InputStream in = member(file, "control.tar")) {
            TarReader tar = new TarReader(in);
            for (TarReader.Entry entry = tar.next(); entry != null; entry = tar.next()) {
                if (NativeFiles.show(entry.name()).replaceFirst("^\\./", "").equals("control")) {
                    ByteArrayOutputStream text = new ByteArrayOutputStream();
                    byte[] buffer = new byte[8192];
                    for (int count = tar.read(buffer, 0, buffer.length);
                            count >= 0;
                            count = tar.read(buffer, 0, buffer.length)) {
                        text.write(buffer, 0, count);
                    }
                    String control = text.toString(StandardCharsets.UTF_8);
                    List<String> depends = new ArrayList<>();
                    for (String each : field(control, "Depends").split(",", -1)) {
                        String first = each.split("[|(:]", -1)[0].strip();
                        if (!first.isEmpty() && !depends.contains(first)) {
                            depends.add(first);
                        }
                    }
                    return new Package(name, field(control, "Version"), control, depends, file);
                }
            }
            throw new IOException("no control file");
        } catch (IOException failed) {
            throw new PackagesFailed(
                    "not a Debian package: " + file + ": " + failed.getMessage(), failed);
        }
    }

    private static String field(String control, String name) {
        for (String line : control.split("\n", -1)) {
            if (line.startsWith(name + ": ")) {
                return line.substring(name.length() + 2).strip();
            }
        }
        return "";
    }

    /** Adds a package's files to a root file system; its scripts are not run. */
    static void unpack(Package from, RootfsBuilder into, boolean mergedUsr) throws PackagesFailed {
        try (InputStream in = member(from.file(), "data.tar")) {
            into.unpack(new TarReader(in), mergedUsr);
        } catch (IOException failed) {
            throw new PackagesFailed(
                    "not a Debian package: " + from.file() + ": " + failed.getMessage(), failed);
        }
    }

    /** Opens one of the archives in a package, whatever its compression. */
    private static InputStream member(Path file, String name) throws IOException {
        ArArchiveInputStream ar = new ArArchiveInputStream(Files.newInputStream(file));
        try {
            for (ArArchiveEntry entry = ar.getNextEntry();
                    entry != null;
                    entry = ar.getNextEntry()) {
                String is = entry.getName();
                if (is.startsWith(name)) {
                    return switch (is.substring(name.length())) {
                        case "" -> ar;
                        case ".gz" -> new GZIPInputStream(ar);
                        case ".xz" -> new XZInputStream(ar);
                        case ".zst" -> new ZstdInputStream(ar);
                        default -> throw new IOException("unknown compression: " + is);
                    };
                }
            }
            throw new IOException("no " + name);
        } catch (IOException failed) {
            ar.close();
            throw failed;
        }
    }
}
