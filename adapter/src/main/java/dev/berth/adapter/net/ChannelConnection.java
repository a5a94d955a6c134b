package dev.berth.adapter.net;

import dev.berth.port.PodNetwork.Connection;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.SocketChannel;

/** A connection over a socket that was made in another namespace. */
final class ChannelConnection implements Connection {
    private final SocketChannel channel;
    private final InputStream input;
    private final OutputStream output;

    ChannelConnection(SocketChannel channel) throws IOException {
        this.channel = channel;
        input = channel.socket().getInputStream();
        output = channel.socket().getOutputStream();
    }

    @Override
    public InputStream input() {
        return input;
    }

    @Override
    public OutputStream output() {
        return output;
    }

    @Override
    public void shutdownOutput() throws IOException {
        channel.shutdownOutput();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException ignored) {
            // It is closed for us all the same.
        }
    }
}
