package dev.berth.adapter.image;

import dev.berth.port.Images.PullFailed;
import dev.berth.port.Images.PullFailed.Why;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Layers as folders, each unpacked once whatever number of images and containers use it. A layer is
 * named by its chain: the digest over it and all layers below, because the same archive above other
 * layers may need other folder owners. A folder that is there is whole. Next to each stands a
 * record of what it was made of, for a later collection of garbage. Used by any thread.
 */
final class LayerStore {
    private final Path folder;
    private final ContentStore content;
    private final SharedWork<Path> unpacking = new SharedWork<>();

    LayerStore(Path folder, ContentStore content) {
        this.folder = folder;
        this.content = content;
    }

    /** The names of the chains of layers, lowest first. */
    static List<Digest> chains(List<Digest> diffIds) {
        List<Digest> chains = new ArrayList<>();
        for (Digest each : diffIds) {
            chains.add(
                    chains.isEmpty()
                            ? each
                            : Digest.sha256Of(NativeFiles.bytes(chains.getLast() + " " + each)));
        }
        return chains;
    }

    /** Where a layer is or would be. */
    Path path(Digest chain) {
        return folder.resolve(chain.hex());
    }

    boolean has(Digest chain) {
        return Files.isDirectory(path(chain));
    }

    /** The names of all layers here. */
    List<Digest> list() throws IOException {
        List<Digest> all = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> places = Files.newDirectoryStream(folder)) {
                for (Path each : places) {
                    String chain = "sha256:" + each.getFileName();
                    if (Digest.isOne(chain)) {
                        all.add(Digest.of(chain));
                    }
                }
            }
        }
        return all;
    }

    /** Takes a layer away that no layout has; nothing when it is not here. */
    void remove(Digest chain) throws IOException {
        Files.deleteIfExists(folder.resolve(chain.hex() + ".json"));
        if (has(chain)) {
            // Moved first: a folder that is there is whole.
            Path place = content.place();
            Files.move(path(chain), place);
            NativeFiles.deleteTree(place);
        }
    }

    /**
     * Unpacks one layer unless it is, or waits for another caller who does. The layers below must
     * be unpacked already.
     *
     * @param chains of the image, lowest first
     * @param at which of them
     */
    Path unpack(Descriptor layer, Digest diffId, List<Digest> chains, int at)
            throws PullFailed, InterruptedException {
        Digest chain = chains.get(at);
        if (has(chain)) {
            return path(chain);
        }
        List<Path> below = new ArrayList<>();
        for (int each = at - 1; each >= 0; each--) {
            below.add(path(chains.get(each)));
        }
        return unpacking.join(
                chain.toString(),
                () -> has(chain) ? path(chain) : doUnpack(layer, diffId, chain, below));
    }

    private Path doUnpack(Descriptor layer, Digest diffId, Digest chain, List<Path> below)
            throws PullFailed, InterruptedException {
        String doing = "failed to extract layer " + diffId;
        try {
            Files.createDirectories(folder);
            Path place = content.place();
            Files.createDirectory(place);
            try {
                Digest came = unpackInto(place, layer, diffId.algorithm(), below);
                if (!came.equals(diffId)) {
                    throw new PullFailed(
                            Why.CORRUPT,
                            doing + ": wrong diff id calculated on extraction \"" + came + "\"",
                            null);
                }
                Path record = content.place();
                Files.write(
                        record,
                        Json.write(
                                Map.of(
                                        "layer",
                                        layer.digest().toString(),
                                        "diffId",
                                        diffId.toString(),
                                        "chain",
                                        chain.toString(),
                                        "below",
                                        below.isEmpty()
                                                ? ""
                                                : below.getFirst().getFileName().toString())));
                Files.move(
                        record,
                        folder.resolve(chain.hex() + ".json"),
                        java.nio.file.StandardCopyOption.ATOMIC_MOVE);
                try {
                    Files.move(place, path(chain));
                } catch (IOException taken) {
                    // Another program was faster: its folder is as good as ours.
                    if (!has(chain)) {
                        throw taken;
                    }
                }
                return path(chain);
            } finally {
                NativeFiles.deleteTree(place);
            }
        } catch (ClosedByInterruptException stopped) {
            InterruptedException told = new InterruptedException("unpacking stopped");
            told.initCause(stopped);
            throw told;
        } catch (IOException failed) {
            throw ContentStore.failure(doing, failed);
        }
    }

    private Digest unpackInto(Path place, Descriptor layer, String algorithm, List<Path> below)
            throws IOException, InterruptedException {
        List<Integer> open = new ArrayList<>();
        try {
            int root = NativeFiles.openFolder(place);
            open.add(root);
            NativeFiles.permit(root, new byte[] {'.'}, 0755);
            List<Integer> lower = new ArrayList<>();
            for (Path each : below) {
                int layerBelow = NativeFiles.openFolder(each);
                open.add(layerBelow);
                lower.add(layerBelow);
            }
            try (InputStream in = Files.newInputStream(content.path(layer.digest()));
                    LayerUnpacker unpacker = new LayerUnpacker(root, lower)) {
                return unpacker.unpack(in, algorithm);
            }
        } finally {
            open.forEach(NativeFiles::close);
        }
    }
}
