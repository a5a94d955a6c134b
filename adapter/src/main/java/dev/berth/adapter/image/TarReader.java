package dev.berth.adapter.image;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads tar archives in all the dialects that images come in: ustar, pax, GNU's long names, and
 * sparse files of all four kinds. Names and extended attributes are bytes here, as in the archive;
 * libraries make texts of them, which damages file capabilities and names in old encodings.
 */
final class TarReader {
    private static final int BLOCK = 512;

    /** The most bytes of one extended header; as Go's reader has it. */
    private static final int EXTENDED_BYTES_MAX = 1024 * 1024;

    private static final int SPARSE_PIECES_MAX = 100_000;

    private final InputStream in;
    private final byte[] header = new byte[BLOCK];
    private final Map<String, byte[]> global = new HashMap<>();
    private long unread;
    private int padding;

    TarReader(InputStream in) {
        this.in = in;
    }

    /**
     * One thing in the archive.
     *
     * @param name as written, with slashes
     * @param linkName what a link points to
     * @param type the archive's letter: {@code 0} file, {@code 1} hard link, {@code 2} symbolic
     *     link, {@code 3} and {@code 4} devices, {@code 5} folder, {@code 6} pipe
     * @param pieces where the data that follows belongs, or null for a plain file
     * @param dataBytes how much data follows
     * @param sizeBytes the file's length
     * @param attributes extended attributes by name
     */
    @SuppressWarnings("ArrayRecordComponent") // Carried, never compared.
    record Entry(
            byte[] name,
            byte[] linkName,
            char type,
            int mode,
            int uid,
            int gid,
            long mtimeSeconds,
            int mtimeNanos,
            int deviceMajor,
            int deviceMinor,
            @Nullable List<Piece> pieces,
            long dataBytes,
            long sizeBytes,
            Map<String, byte[]> attributes) {}

    /** Bytes of a sparse file that are not a hole. */
    record Piece(long offset, long length) {}

    /** The next entry, or null at the end. What was not read of the last one is skipped. */
    @Nullable Entry next() throws IOException {
        Map<String, byte[]> extended = new HashMap<>();
        List<Piece> oldPieces = null;
        byte[] longName = null;
        byte[] longLink = null;
        while (true) {
            skip(unread + padding);
            unread = 0;
            padding = 0;
            if (!readHeader()) {
                return null;
            }
            char type = (char) (header[156] & 0xff);
            long size = number(124, 12);
            if (size < 0) {
                throw new IOException("archive/tar: invalid tar header");
            }
            switch (type) {
                case 'x' -> oldPieces = parsePax(special(size), extended);
                case 'g' -> parsePax(special(size), global);
                case 'L' -> longName = untilZero(special(size));
                case 'K' -> longLink = untilZero(special(size));
                default -> {
                    return entry(type, size, extended, oldPieces, longName, longLink);
                }
            }
        }
    }

    /** Some of the current entry's data, or −1 at its end. */
    int read(byte[] buffer, int offset, int length) throws IOException {
        if (unread == 0) {
            return -1;
        }
        int count = in.read(buffer, offset, (int) Math.min(length, unread));
        if (count < 0) {
            throw new EOFException("unexpected EOF");
        }
        unread -= count;
        return count;
    }

    /** Reads to the end of the stream, whatever follows the archive. */
    void drain() throws IOException {
        // What follows the archive belongs to the digest, and to nothing else.
        in.transferTo(OutputStream.nullOutputStream());
    }

    private Entry entry(
            char type,
            long headerSize,
            Map<String, byte[]> extended,
            @Nullable List<Piece> paxPieces,
            byte @Nullable [] longName,
            byte @Nullable [] longLink)
            throws IOException {
        Map<String, byte[]> pax = new HashMap<>(global);
        pax.putAll(extended);
        byte[] name = name();
        if (longName != null) {
            name = longName;
        }
        if (pax.containsKey("path")) {
            name = pax.getOrDefault("path", name);
        }
        byte[] linkName = untilZero(slice(157, 100));
        if (longLink != null) {
            linkName = longLink;
        }
        linkName = pax.getOrDefault("linkpath", linkName);
        long size = headerSize;
        if (pax.containsKey("size")) {
            size = decimal(pax.getOrDefault("size", new byte[0]));
        }
        long mtime = number(136, 12);
        int nanos = 0;
        if (pax.containsKey("mtime")) {
            String text = text(pax.getOrDefault("mtime", new byte[0]));
            int dot = text.indexOf('.');
            mtime = decimal(NativeFiles.bytes(dot < 0 ? text : text.substring(0, dot)));
            if (dot >= 0) {
                String digits = (text.substring(dot + 1) + "000000000").substring(0, 9);
                nanos = (int) decimal(NativeFiles.bytes(digits));
            }
        }
        boolean data =
                type == '0'
                        || type == 0
                        || type == '7'
                        || type == 'S'
                        || !(type >= '1' && type <= '6');
        if (type == 0 && name.length > 0 && name[name.length - 1] == '/') {
            data = false;
            type = '5';
        }
        unread = data ? size : 0;
        padding = data ? (int) ((BLOCK - size % BLOCK) % BLOCK) : 0;
        long realSize = size;
        List<Piece> pieces = null;
        if (type == 'S') {
            realSize = number(483, 12);
            pieces = oldSparse();
            type = '0';
        } else if (paxPieces != null || pax.containsKey("GNU.sparse.major")) {
            name = pax.getOrDefault("GNU.sparse.name", name);
            byte[] real = pax.get("GNU.sparse.realsize");
            if (real == null) {
                real = pax.get("GNU.sparse.size");
            }
            if (real == null) {
                throw new IOException("archive/tar: invalid tar header");
            }
            realSize = decimal(real);
            pieces = paxPieces != null && !paxPieces.isEmpty() ? paxPieces : sparseInData();
        }
        if (pieces != null) {
            check(pieces, realSize);
        }
        Map<String, byte[]> attributes = new HashMap<>();
        for (Map.Entry<String, byte[]> each : pax.entrySet()) {
            if (each.getKey().startsWith("SCHILY.xattr.")) {
                attributes.put(each.getKey().substring("SCHILY.xattr.".length()), each.getValue());
            }
        }
        return new Entry(
                name,
                linkName,
                type == 0 || type == '7' ? '0' : type,
                (int) number(100, 8),
                id(pax.get("uid"), 108),
                id(pax.get("gid"), 116),
                mtime,
                nanos,
                (int) number(329, 8),
                (int) number(337, 8),
                pieces,
                unread,
                realSize,
                attributes);
    }

    private int id(byte @Nullable [] text, int offset) throws IOException {
        long id = text != null ? decimal(text) : number(offset, 8);
        if (id < 0 || id > 0xfffffffeL) {
            throw new IOException("archive/tar: invalid tar header");
        }
        return (int) id;
    }

    private byte[] name() {
        byte[] name = untilZero(slice(0, 100));
        boolean ustar =
                header[257] == 'u' && header[258] == 's' && header[259] == 't' && header[262] == 0;
        byte[] prefix = ustar ? untilZero(slice(345, 155)) : new byte[0];
        if (prefix.length == 0) {
            return name;
        }
        byte[] whole = new byte[prefix.length + 1 + name.length];
        System.arraycopy(prefix, 0, whole, 0, prefix.length);
        whole[prefix.length] = '/';
        System.arraycopy(name, 0, whole, prefix.length + 1, name.length);
        return whole;
    }

    /** The pieces in the header of GNU's old form, and in the blocks that may follow it. */
    private List<Piece> oldSparse() throws IOException {
        List<Piece> pieces = new ArrayList<>();
        int count = 4;
        int at = 386;
        boolean more = header[482] != 0;
        while (true) {
            for (int each = 0; each < count; each++, at += 24) {
                if (header[at] != 0) {
                    pieces.add(new Piece(number(at, 12), number(at + 12, 12)));
                }
            }
            if (!more) {
                return pieces;
            }
            if (pieces.size() > SPARSE_PIECES_MAX || in.readNBytes(header, 0, BLOCK) < BLOCK) {
                throw new IOException("archive/tar: invalid tar header");
            }
            more = header[504] != 0;
            count = 21;
            at = 0;
        }
    }

    /** The pieces at the beginning of the data, in decimal lines, of pax's form 1.0. */
    private List<Piece> sparseInData() throws IOException {
        StringBuilder line = new StringBuilder();
        List<Long> numbers = new ArrayList<>();
        long wanted = 1;
        byte[] block = new byte[BLOCK];
        while (numbers.size() < wanted) {
            for (int filled = 0; filled < BLOCK; ) {
                int count = read(block, filled, BLOCK - filled);
                if (count < 0) {
                    throw new IOException("archive/tar: invalid tar header");
                }
                filled += count;
            }
            for (byte each : block) {
                if (each != '\n') {
                    if (line.length() > 20) {
                        throw new IOException("archive/tar: invalid tar header");
                    }
                    line.append((char) each);
                    continue;
                }
                if (numbers.size() < wanted) {
                    numbers.add(decimal(NativeFiles.bytes(line.toString())));
                    if (numbers.size() == 1) {
                        wanted = 1 + 2 * numbers.getFirst();
                        if (numbers.getFirst() > SPARSE_PIECES_MAX) {
                            throw new IOException("archive/tar: invalid tar header");
                        }
                    }
                }
                line.setLength(0);
                if (numbers.size() == wanted) {
                    break;
                }
            }
        }
        List<Piece> pieces = new ArrayList<>();
        for (int at = 1; at + 1 < numbers.size(); at += 2) {
            pieces.add(new Piece(numbers.get(at), numbers.get(at + 1)));
        }
        return pieces;
    }

    private void check(List<Piece> pieces, long realSize) throws IOException {
        long end = 0;
        long total = 0;
        for (Piece each : pieces) {
            if (each.offset < end
                    || each.length < 0
                    || each.offset > realSize
                    || each.length > realSize - each.offset) {
                throw new IOException("archive/tar: invalid tar header");
            }
            end = each.offset + each.length;
            total += each.length;
        }
        if (total != unread) {
            throw new IOException("archive/tar: invalid tar header");
        }
    }

    /**
     * Reads the records of an extended header into a map.
     *
     * @return the pieces of a sparse file in pax's forms 0.0 and 0.1, or null
     */
    private static @Nullable List<Piece> parsePax(byte[] records, Map<String, byte[]> into)
            throws IOException {
        List<Piece> pieces = null;
        long offset = -1;
        int at = 0;
        while (at < records.length) {
            int space = at;
            while (space < records.length && records[space] != ' ') {
                space++;
            }
            long length = decimal(java.util.Arrays.copyOfRange(records, at, space));
            if (length < space - at + 3 || length > records.length - at) {
                throw new IOException("archive/tar: invalid tar header");
            }
            int end = at + (int) length - 1;
            int equals = space + 1;
            while (equals < end && records[equals] != '=') {
                equals++;
            }
            if (equals == end || records[end] != '\n') {
                throw new IOException("archive/tar: invalid tar header");
            }
            String key = new String(records, space + 1, equals - space - 1, StandardCharsets.UTF_8);
            byte[] value = java.util.Arrays.copyOfRange(records, equals + 1, end);
            at += (int) length;
            switch (key) {
                case "GNU.sparse.offset" -> offset = decimal(value);
                case "GNU.sparse.numbytes" -> {
                    pieces = pieces == null ? new ArrayList<>() : pieces;
                    pieces.add(new Piece(offset, decimal(value)));
                }
                case "GNU.sparse.map" -> {
                    pieces = pieces == null ? new ArrayList<>() : pieces;
                    String[] numbers = text(value).split(",", -1);
                    for (int each = 0; each + 1 < numbers.length; each += 2) {
                        pieces.add(
                                new Piece(
                                        decimal(NativeFiles.bytes(numbers[each])),
                                        decimal(NativeFiles.bytes(numbers[each + 1]))));
                    }
                }
                default -> {
                    if (value.length == 0) {
                        into.remove(key);
                    } else {
                        into.put(key, value);
                    }
                }
            }
        }
        return pieces;
    }

    private boolean readHeader() throws IOException {
        int count = in.readNBytes(header, 0, BLOCK);
        if (count == 0) {
            return false;
        }
        if (count < BLOCK) {
            throw new EOFException("unexpected EOF");
        }
        int unsigned = 0;
        int signed = 0;
        boolean zero = true;
        for (int at = 0; at < BLOCK; at++) {
            byte each = at >= 148 && at < 156 ? (byte) ' ' : header[at];
            unsigned += each & 0xff;
            signed += each;
            zero &= header[at] == 0;
        }
        if (zero) {
            return false;
        }
        long sum = number(148, 8);
        if (sum != unsigned && sum != signed) {
            throw new IOException("archive/tar: invalid tar header");
        }
        return true;
    }

    /** A number of the header: octal digits, or binary when the first bit is set. */
    private long number(int offset, int length) throws IOException {
        if ((header[offset] & 0x80) != 0) {
            long value = (header[offset] & 0x40) != 0 ? -1 : 0;
            for (int at = 0; at < length; at++) {
                int each = header[offset + at] & 0xff;
                if (at == 0) {
                    each = (header[offset] & 0x40) != 0 ? each | 0x80 : each & 0x7f;
                }
                if (at < length - 8 && each != (int) (value & 0xff)) {
                    throw new IOException("archive/tar: invalid tar header");
                }
                value = value << 8 | each;
            }
            return value;
        }
        long value = 0;
        boolean begun = false;
        for (int at = offset; at < offset + length; at++) {
            byte each = header[at];
            if (each >= '0' && each <= '7') {
                value = value << 3 | (each - '0');
                begun = true;
            } else if (each == 0 || each == ' ') {
                if (begun) {
                    return value;
                }
            } else {
                throw new IOException("archive/tar: invalid tar header");
            }
        }
        return value;
    }

    private static long decimal(byte[] text) throws IOException {
        try {
            return Long.parseLong(text(text));
        } catch (NumberFormatException bad) {
            throw new IOException("archive/tar: invalid tar header", bad);
        }
    }

    private byte[] special(long size) throws IOException {
        if (size > EXTENDED_BYTES_MAX) {
            throw new IOException("archive/tar: header field too long");
        }
        byte[] content = in.readNBytes((int) size);
        if (content.length < size) {
            throw new EOFException("unexpected EOF");
        }
        padding = (int) ((BLOCK - size % BLOCK) % BLOCK);
        return content;
    }

    /** Reads and forgets; a skip of the stream would pass by the digest that is computed of it. */
    private void skip(long count) throws IOException {
        byte[] buffer = new byte[(int) Math.min(count, 64 * 1024)];
        for (long left = count; left > 0; ) {
            int read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
            if (read < 0) {
                throw new EOFException("unexpected EOF");
            }
            left -= read;
        }
    }

    private byte[] slice(int offset, int length) {
        return java.util.Arrays.copyOfRange(header, offset, offset + length);
    }

    private static byte[] untilZero(byte[] text) {
        int end = 0;
        while (end < text.length && text[end] != 0) {
            end++;
        }
        return java.util.Arrays.copyOf(text, end);
    }

    private static String text(byte[] text) {
        return new String(text, StandardCharsets.UTF_8);
    }
}
