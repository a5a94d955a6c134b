package dev.berth.edge.kubelet;

import java.io.InputStream;
import java.io.OutputStream;

/** One of the streams that share a connection. */
interface Channel {
    /** What the other side sends, until it ends the stream. */
    InputStream input();

    /** Goes to the other side; closing it ends our half of the stream. */
    OutputStream output();

    /** Nobody will read what comes: it is dropped from now on, and input that waits ends. */
    void ignoreInput();

    /** The stream is of no more use: what is known of it is forgotten. */
    void forget();
}
