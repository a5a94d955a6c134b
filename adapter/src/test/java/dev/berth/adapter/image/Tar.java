package dev.berth.adapter.image;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;

/**
 * Writes archives byte by byte, so that tests can say what libraries refuse to write: names that
 * lead out, binary attributes, broken sizes.
 */
final class Tar {
    private static final int OWNER =
            "root".equals(System.getProperty("user.name"))
                    ? 0
                    : Integer.parseInt(System.getProperty("berth.test.uid", "1000"));

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    static Tar archive() {
        return new Tar();
    }

    Tar file(String name, String content) {
        return file(name, 0644, content);
    }

    Tar file(String name, int mode, String content) {
        return entry(name, '0', mode, OWNER, OWNER, "", content.getBytes(StandardCharsets.UTF_8));
    }

    Tar folder(String name, int mode) {
        return entry(name, '5', mode, OWNER, OWNER, "", new byte[0]);
    }

    Tar link(String name, String target) {
        return entry(name, '2', 0777, OWNER, OWNER, target, new byte[0]);
    }

    Tar hardLink(String name, String target) {
        return entry(name, '1', 0644, OWNER, OWNER, target, new byte[0]);
    }

    /** Puts records of an extended header before the next entry. */
    Tar pax(Map<String, byte[]> records) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        records.forEach((key, value) -> {
            int rest = key.getBytes(StandardCharsets.UTF_8).length + value.length + 3;
            int length = rest + 1;
            while (Integer.toString(length).length() + rest != length) {
                length++;
            }
            body.writeBytes(TestImage.utf8(length + " " + key + "="));
            body.writeBytes(value);
            body.write('\n');
        });
        return entry("pax", 'x', 0644, 0, 0, "", body.toByteArray());
    }

    Tar entry(String name, char type, int mode, int uid, int gid, String link, byte[] content) {
        return entry(TestImage.utf8(name), type, mode, uid, gid, link, content);
    }

    Tar entry(byte[] name, char type, int mode, int uid, int gid, String link, byte[] content) {
        byte[] header = header(name, type, mode, uid, gid, link, content.length);
        return raw(header, content);
    }

    Tar device(String name, char type, int major, int minor) {
        byte[] header = header(TestImage.utf8(name), type, 0600, 0, 0, "", 0);
        octal(header, 329, 8, major);
        octal(header, 337, 8, minor);
        return raw(header, new byte[0]);
    }

    /** A header to be changed and given to {@link #raw}. */
    static byte[] header(
            byte[] name, char type, int mode, int uid, int gid, String link, long size) {
        byte[] header = new byte[512];
        System.arraycopy(name, 0, header, 0, Math.min(100, name.length));
        octal(header, 100, 8, mode);
        octal(header, 108, 8, uid);
        octal(header, 116, 8, gid);
        octal(header, 124, 12, size);
        octal(header, 136, 12, 1_600_000_000L);
        header[156] = (byte) type;
        byte[] target = TestImage.utf8(link);
        System.arraycopy(target, 0, header, 157, Math.min(100, target.length));
        System.arraycopy(TestImage.utf8("ustar"), 0, header, 257, 5);
        header[263] = '0';
        header[264] = '0';
        return header;
    }

    /** Writes a header, its sum computed, and what follows. */
    Tar raw(byte[] header, byte[] content) {
        java.util.Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte each : header) {
            sum += each & 0xff;
        }
        octal(header, 148, 7, sum);
        out.writeBytes(header);
        out.writeBytes(content);
        out.writeBytes(new byte[(512 - content.length % 512) % 512]);
        return this;
    }

    static void octal(byte[] header, int offset, int length, long value) {
        String text = String.format(Locale.ROOT, "%0" + (length - 1) + "o", value);
        System.arraycopy(TestImage.utf8(text), 0, header, offset, text.length());
        header[offset + length - 1] = 0;
    }

    byte[] bytes() {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        whole.writeBytes(out.toByteArray());
        whole.writeBytes(new byte[1024]);
        return whole.toByteArray();
    }

    byte[] withoutEnd() {
        return out.toByteArray();
    }
}
