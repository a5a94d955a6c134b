package dev.berth.bench;

import java.io.IOException;

/** Something that runs pods, by its name and its memory. */
interface PodHost {
    String name();

    /**
     * What its processes hold, in MiB: of pages that several share, each counts its part. Neither
     * the control plane nor what runs inside the pods belongs to it.
     */
    double memory() throws IOException;
}
