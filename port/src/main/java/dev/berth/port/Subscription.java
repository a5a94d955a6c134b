package dev.berth.port;

/** Something that goes on until it is closed. Closing twice does nothing more. */
@FunctionalInterface
public interface Subscription extends AutoCloseable {
    /** Ends it; nothing is delivered after this returns. */
    @Override
    void close();
}
