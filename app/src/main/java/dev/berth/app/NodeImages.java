package dev.berth.app;

import dev.berth.adapter.image.OciImages;
import dev.berth.core.node.NodeView.NodeImage;
import java.util.List;
import java.util.stream.Stream;

/** The machine's images as nodes tell them. */
final class NodeImages {
    private NodeImages() {}

    static List<NodeImage> of(OciImages images) {
        return images.list().stream()
                .map(image ->
                        new NodeImage(
                                Stream.of(image.repoDigest(), image.reference())
                                        .filter(name -> !name.isEmpty())
                                        .distinct()
                                        .toList(),
                                image.sizeBytes()))
                .toList();
    }
}
