package dev.berth.adapter.files;

import dev.berth.adapter.libc.TreeSize;
import dev.berth.port.DiskUse;
import java.io.IOException;
import java.nio.file.Path;

/** What trees of files take, in the port's words. */
final class Trees {
    private Trees() {}

    static DiskUse use(Path folder) throws IOException {
        var size = TreeSize.of(folder.toString());
        return new DiskUse(size.bytes(), size.files());
    }
}
