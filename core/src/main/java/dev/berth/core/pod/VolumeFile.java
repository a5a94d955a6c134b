package dev.berth.core.pod;

import org.jspecify.annotations.Nullable;

/**
 * A file of a volume that is made from something else: a ConfigMap, a Secret, a token, a field.
 *
 * @param path relative, with {@code /} between folders
 * @param content what is in it; not changed by anyone
 * @param mode permission bits
 * @param owner the uid that owns it, or null for root
 */
@SuppressWarnings("ArrayRecordComponent") // A text of bytes; nobody compares these records.
public record VolumeFile(String path, byte[] content, int mode, @Nullable Long owner) {
    @Override
    public String toString() {
        return "VolumeFile[" + path + "]";
    }
}
