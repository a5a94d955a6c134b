package dev.berth.adapter.image;

import org.jspecify.annotations.Nullable;

/**
 * What a manifest says of another piece of content.
 *
 * @param mediaType what it is, such as {@code application/vnd.oci.image.layer.v1.tar+gzip}
 * @param digest its name
 * @param sizeBytes its length, not negative
 * @param platform which machines it is for, or null when it does not say
 * @param referenceName the annotation that names it in an image layout, or null
 */
record Descriptor(
        String mediaType,
        Digest digest,
        long sizeBytes,
        @Nullable Platform platform,
        @Nullable String referenceName) {}
