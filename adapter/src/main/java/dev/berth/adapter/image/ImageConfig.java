package dev.berth.adapter.image;

import dev.berth.port.Images;
import dev.berth.port.Images.PullFailed;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * An image's config document.
 *
 * @param process what it says of its process
 * @param platform which machine it is for; empty texts when it does not say
 * @param diffIds the digests of its layers' unpacked archives, lowest first
 */
record ImageConfig(Images.Config process, Platform platform, List<Digest> diffIds) {
    /** The most bytes that a config may have. Our choice. */
    static final int BYTES_MAX = 8 * 1024 * 1024;

    ImageConfig {
        diffIds = List.copyOf(diffIds);
    }

    /**
     * Reads a config.
     *
     * @throws PullFailed {@code CORRUPT} when it is not one
     */
    static ImageConfig parse(byte[] document) throws PullFailed {
        JsonNode root = Json.read(document);
        if (root == null || !root.isObject()) {
            throw corrupt("invalid image config: not a JSON object");
        }
        JsonNode rootfs = root.get("rootfs");
        List<Digest> diffIds = new ArrayList<>();
        if (rootfs != null && rootfs.isObject()) {
            for (String each : Json.texts(rootfs, "diff_ids")) {
                if (!Digest.isOne(each)) {
                    throw corrupt("invalid image config: invalid diff id \"" + each + "\"");
                }
                diffIds.add(Digest.of(each));
            }
        }
        JsonNode process = root.get("config");
        Images.Config config =
                process == null || !process.isObject()
                        ? new Images.Config(
                                List.of(), List.of(), List.of(), "", "", null, java.util.Map.of())
                        : new Images.Config(
                                Json.texts(process, "Entrypoint"),
                                Json.texts(process, "Cmd"),
                                Json.texts(process, "Env"),
                                Json.text(process, "WorkingDir"),
                                Json.text(process, "User"),
                                Json.text(process, "StopSignal").isEmpty()
                                        ? null
                                        : Json.text(process, "StopSignal"),
                                Json.map(process, "Labels"));
        return new ImageConfig(
                config,
                new Platform(
                        Json.text(root, "os"),
                        Json.text(root, "architecture"),
                        Json.text(root, "variant")),
                diffIds);
    }

    private static PullFailed corrupt(String message) {
        return new PullFailed(PullFailed.Why.CORRUPT, message, null);
    }
}
