package dev.berth.edge.kubelet;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * Name/value blocks of SPDY/3.1 in one direction: each block continues one zlib stream that began
 * with the protocol's dictionary. Source: SPDY protocol draft 3.1, §2.6.10
 */
final class SpdyHeaders implements AutoCloseable {
    private static final byte[] DICTIONARY = dictionary();
    private static final int BLOCK_BYTES_MAX = 64 * 1024;
    private static final int NAMES_MAX = 100;

    private final Inflater inflater = new Inflater();
    private final Deflater deflater = new Deflater();

    SpdyHeaders() {
        deflater.setDictionary(DICTIONARY);
    }

    /** Reads the next block; names come in lower case. */
    Map<String, String> read(byte[] block) throws IOException {
        inflater.setInput(block);
        var plain = new ByteArrayOutputStream();
        var buffer = new byte[4096];
        try {
            while (true) {
                var count = inflater.inflate(buffer);
                if (count > 0) {
                    plain.write(buffer, 0, count);
                } else if (inflater.needsDictionary()) {
                    inflater.setDictionary(DICTIONARY);
                } else {
                    break;
                }
                if (plain.size() > BLOCK_BYTES_MAX) {
                    throw new IOException(
                            "SPDY header block larger than " + BLOCK_BYTES_MAX + " bytes");
                }
            }
        } catch (DataFormatException broken) {
            throw new IOException("SPDY header block cannot be read", broken);
        }
        var in = new DataInputStream(new java.io.ByteArrayInputStream(plain.toByteArray()));
        var names = in.readInt();
        if (names < 0 || names > NAMES_MAX) {
            throw new IOException("SPDY header block with " + names + " names");
        }
        var headers = new LinkedHashMap<String, String>();
        for (var i = 0; i < names; i++) {
            var name = text(in);
            headers.put(name.toLowerCase(Locale.ROOT), text(in));
        }
        return headers;
    }

    /** Writes the next block. */
    byte[] write(Map<String, String> headers) {
        var plain = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(plain)) {
            out.writeInt(headers.size());
            for (var header : headers.entrySet()) {
                text(out, header.getKey().toLowerCase(Locale.ROOT));
                text(out, header.getValue());
            }
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        deflater.setInput(plain.toByteArray());
        var block = new ByteArrayOutputStream();
        var buffer = new byte[4096];
        int count;
        while ((count = deflater.deflate(buffer, 0, buffer.length, Deflater.SYNC_FLUSH)) > 0) {
            block.write(buffer, 0, count);
        }
        return block.toByteArray();
    }

    @Override
    public void close() {
        inflater.end();
        deflater.end();
    }

    private static String text(DataInputStream in) throws IOException {
        var length = in.readInt();
        if (length < 0 || length > BLOCK_BYTES_MAX) {
            throw new IOException("SPDY header of " + length + " bytes");
        }
        return new String(in.readNBytes(length), StandardCharsets.UTF_8);
    }

    private static void text(DataOutputStream out, String text) throws IOException {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static byte[] dictionary() {
        try (var in = SpdyHeaders.class.getResourceAsStream("spdy3.dictionary")) {
            if (in == null) {
                throw new IllegalStateException("spdy3.dictionary is missing from the program");
            }
            return in.readAllBytes();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
