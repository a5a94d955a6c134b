package dev.berth.adapter.probe;

import dev.berth.port.PodNetwork.Connection;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;

/** A connection as the socket that TLS is laid over. */
final class ConnectionSocket extends Socket {
    private final Connection connection;

    ConnectionSocket(Connection connection) {
        this.connection = connection;
    }

    @Override
    public boolean isConnected() {
        return true;
    }

    @Override
    public InetAddress getInetAddress() {
        return InetAddress.getLoopbackAddress();
    }

    @Override
    public InputStream getInputStream() {
        return connection.input();
    }

    @Override
    public OutputStream getOutputStream() {
        return connection.output();
    }

    @Override
    public void setSoTimeout(int timeout) {
        // The deadline closes the connection.
    }

    @Override
    public synchronized int getSoTimeout() {
        return 0;
    }

    @Override
    public synchronized void setSoLinger(boolean on, int linger) {
        // Nothing lingers here.
    }

    @Override
    public void setTcpNoDelay(boolean on) {
        // Nothing is delayed for long here.
    }

    @Override
    public synchronized void close() {
        connection.close();
    }
}
