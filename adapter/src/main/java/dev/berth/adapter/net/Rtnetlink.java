package dev.berth.adapter.net;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.adapter.libc.Errno;
import dev.berth.adapter.libc.Libc;
import dev.berth.core.usage.LinkUse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A conversation with the kernel about links, addresses, routes and neighbours of one network
 * namespace: the one of the thread that opens it, whoever uses it later. One request at a time.
 * Each takes some 20 microseconds, where starting {@code ip} takes 4 milliseconds.
 */
final class Rtnetlink implements AutoCloseable {
    /** The index of a namespace's loopback. */
    static final int LOOPBACK = 1;

    private static final int BUFFER_BYTES = 32768;

    private static final short NEW_LINK = 16;
    private static final short DEL_LINK = 17;
    private static final short GET_LINK = 18;
    private static final short NEW_ADDRESS = 20;
    private static final short DEL_ADDRESS = 21;
    private static final short GET_ADDRESS = 22;
    private static final short NEW_ROUTE = 24;
    private static final short DEL_ROUTE = 25;
    private static final short GET_ROUTE = 26;
    private static final short NEW_NEIGHBOUR = 28;

    private static final int STATS64 = 23;

    private static final short ERROR = 2;
    private static final short DONE = 3;

    private static final short REQUEST = 0x1;
    private static final short ACKNOWLEDGE = 0x4;
    private static final short DUMP = 0x300;
    private static final short REPLACE = 0x100;
    private static final short EXCLUSIVE = 0x200;
    private static final short CREATE = 0x400;

    private static final byte INET = 2;
    private static final int UP = 1;
    private static final byte SCOPE_UNIVERSE = 0;
    private static final byte SCOPE_LINK = (byte) 253;

    /** In a wish to remove a route: whatever its scope is. */
    private static final byte SCOPE_NOWHERE = (byte) 255;

    private static final byte SCOPE_HOST = (byte) 254;
    private static final byte TABLE_LOCAL = (byte) 255;
    private static final byte LOCAL = 2;
    private static final byte TABLE_MAIN = (byte) 254;
    private static final byte PROTOCOL_STATIC = 4;
    private static final byte UNICAST = 1;
    private static final int ON_LINK = 4;
    private static final short PERMANENT = 0x80;

    private final int fd;
    private int sequence;

    /** Opens it in the calling thread's network namespace. */
    Rtnetlink() throws Errno {
        fd = Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW, 0);
    }

    @Override
    public void close() {
        Libc.close(fd);
    }

    /**
     * Makes a veth pair, this side here, the other in another namespace; both down.
     *
     * @param name 1 to 15 bytes, unused here
     * @param mac six bytes
     * @param peerNamespace an open descriptor of the other namespace
     */
    synchronized void addVeth(
            String name, byte[] mac, String peerName, byte[] peerMac, int peerNamespace, int mtu)
            throws IOException {
        var message = begin(NEW_LINK, (short) (ACKNOWLEDGE | CREATE | EXCLUSIVE));
        link(message, 0, 0);
        text(message, 3, name);
        bytes(message, 1, mac);
        number(message, 4, mtu);
        var info = nest(message, 18);
        text(message, 1, "veth");
        var data = nest(message, 2);
        var peer = nest(message, 1);
        link(message, 0, 0);
        text(message, 3, peerName);
        bytes(message, 1, peerMac);
        number(message, 4, mtu);
        number(message, 28, peerNamespace);
        endNest(message, peer);
        endNest(message, data);
        endNest(message, info);
        ask("add link " + name, message);
    }

    /** A link's index, or empty when there is none of that name. */
    synchronized OptionalInt index(String name) throws IOException {
        var message = begin(GET_LINK, (short) 0);
        link(message, 0, 0);
        text(message, 3, name);
        try {
            var answers = ask("look for link " + name, message);
            return answers.isEmpty()
                    ? OptionalInt.empty()
                    : OptionalInt.of(answers.getFirst().getInt(20));
        } catch (Errno failed) {
            if (failed.number() == Errno.ENODEV) {
                return OptionalInt.empty();
            }
            throw failed;
        }
    }

    /** What passed a link, as seen from here; empty when there is none of that name. */
    synchronized Optional<LinkUse> traffic(String name) throws IOException {
        var message = begin(GET_LINK, (short) 0);
        link(message, 0, 0);
        text(message, 3, name);
        try {
            var answers = ask("read the counters of link " + name, message);
            // IFLA_STATS64: packets, bytes, errors, dropped, each received and sent.
            var counts =
                    answers.isEmpty()
                            ? ByteBuffer.allocate(0)
                            : attribute(answers.getFirst(), 32, STATS64);
            if (counts.remaining() < 64) {
                return Optional.empty();
            }
            return Optional.of(new LinkUse(name, traffic(counts, 0), traffic(counts, 8)));
        } catch (Errno failed) {
            if (failed.number() == Errno.ENODEV) {
                return Optional.empty();
            }
            throw failed;
        }
    }

    private static LinkUse.Traffic traffic(ByteBuffer counts, int at) {
        return new LinkUse.Traffic(
                counts.getLong(16 + at),
                counts.getLong(at),
                counts.getLong(32 + at),
                counts.getLong(48 + at));
    }

    /** The names of all links. */
    synchronized List<String> links() throws IOException {
        var message = begin(GET_LINK, DUMP);
        link(message, 0, 0);
        var names = new ArrayList<String>();
        for (var answer : ask("list links", message)) {
            var name = attribute(answer, 32, 3);
            if (name.hasRemaining()) {
                var bytes = new byte[name.remaining() - 1];
                name.get(bytes);
                names.add(new String(bytes, UTF_8));
            }
        }
        return names;
    }

    /** Sets a link up. */
    synchronized void up(int index) throws IOException {
        var message = begin(NEW_LINK, ACKNOWLEDGE);
        link(message, index, UP);
        ask("set link up", message);
    }

    /** Removes a link, and its other side with it; nothing when there is none. */
    synchronized void removeLink(String name) throws IOException {
        var message = begin(DEL_LINK, ACKNOWLEDGE);
        link(message, 0, 0);
        text(message, 3, name);
        try {
            ask("remove link " + name, message);
        } catch (Errno failed) {
            if (failed.number() != Errno.ENODEV) {
                throw failed;
            }
        }
    }

    /** Gives a link an address of its own, without a range; nothing when it has it. */
    synchronized void addAddress(int index, int address) throws IOException {
        var message = begin(NEW_ADDRESS, (short) (ACKNOWLEDGE | CREATE | REPLACE));
        address(message, index, address);
        ask("add address " + Cidr.text(address), message);
    }

    /** Takes an address away. */
    synchronized void removeAddress(int index, int address) throws IOException {
        var message = begin(DEL_ADDRESS, ACKNOWLEDGE);
        address(message, index, address);
        ask("remove address " + Cidr.text(address), message);
    }

    /** The addresses of a link. */
    synchronized List<Integer> addresses(int index) throws IOException {
        var message = begin(GET_ADDRESS, DUMP);
        message.put(INET).put((byte) 0).put((byte) 0).put((byte) 0).putInt(index);
        var addresses = new ArrayList<Integer>();
        for (var answer : ask("list addresses", message)) {
            if (answer.getInt(20) == index) {
                var local = attribute(answer, 24, 2);
                if (local.remaining() == 4) {
                    addresses.add(local.order(ByteOrder.BIG_ENDIAN).getInt());
                }
            }
        }
        return addresses;
    }

    /** Routes a range to a link directly; changes such a route when there is one. */
    synchronized void routeToLink(Cidr to, int index) throws IOException {
        var message = begin(NEW_ROUTE, (short) (ACKNOWLEDGE | CREATE | REPLACE));
        route(message, to, SCOPE_LINK, 0);
        bigEndian(message, 1, to.base());
        number(message, 4, index);
        ask("add route " + to, message);
    }

    /** Makes a whole range this namespace's own addresses. */
    synchronized void routeHere(Cidr to) throws IOException {
        var message = begin(NEW_ROUTE, (short) (ACKNOWLEDGE | CREATE | REPLACE));
        message.put(INET).put((byte) to.prefix()).put((byte) 0).put((byte) 0);
        message.put(TABLE_LOCAL).put(PROTOCOL_STATIC).put(SCOPE_HOST).put(LOCAL).putInt(0);
        bigEndian(message, 1, to.base());
        number(message, 4, LOOPBACK);
        ask("add local route " + to, message);
    }

    /**
     * Routes a range by a gateway that is on the link.
     *
     * @param source the address that connections from here take, or 0 for the usual
     */
    synchronized void routeVia(Cidr to, int gateway, int index, int source) throws IOException {
        var message = begin(NEW_ROUTE, (short) (ACKNOWLEDGE | CREATE | REPLACE));
        route(message, to, SCOPE_UNIVERSE, ON_LINK);
        if (to.prefix() > 0) {
            bigEndian(message, 1, to.base());
        }
        bigEndian(message, 5, gateway);
        number(message, 4, index);
        if (source != 0) {
            bigEndian(message, 7, source);
        }
        ask("add route " + to, message);
    }

    /** Removes a route to a link; nothing when there is none. */
    synchronized void removeRoute(Cidr to, int index) throws IOException {
        var message = begin(DEL_ROUTE, ACKNOWLEDGE);
        route(message, to, SCOPE_NOWHERE, 0);
        bigEndian(message, 1, to.base());
        number(message, 4, index);
        try {
            ask("remove route " + to, message);
        } catch (Errno failed) {
            if (failed.number() != Errno.ESRCH) {
                throw failed;
            }
        }
    }

    /** All IPv4 routes of all tables, as ranges with the index of their link. */
    synchronized List<Route> routes() throws IOException {
        var message = begin(GET_ROUTE, DUMP);
        route(message, new Cidr(0, 0), SCOPE_UNIVERSE, 0);
        var routes = new ArrayList<Route>();
        for (var answer : ask("list routes", message)) {
            if (answer.get(16) != INET) {
                continue;
            }
            var to = attribute(answer, 28, 1);
            var link = attribute(answer, 28, 4);
            routes.add(
                    new Route(
                            new Cidr(
                                    to.remaining() == 4
                                            ? to.order(ByteOrder.BIG_ENDIAN).getInt()
                                            : 0,
                                    answer.get(17) & 0xff),
                            link.remaining() == 4 ? link.getInt() : 0));
        }
        return routes;
    }

    /**
     * A route.
     *
     * @param link its link's index, or 0
     */
    record Route(Cidr to, int link) {}

    /** Tells for good which hardware an address on a link has, so that nobody asks. */
    synchronized void neighbour(int index, int address, byte[] mac) throws IOException {
        var message = begin(NEW_NEIGHBOUR, (short) (ACKNOWLEDGE | CREATE | REPLACE));
        message.put(INET).put((byte) 0).putShort((short) 0);
        message.putInt(index).putShort(PERMANENT).put((byte) 0).put((byte) 0);
        bigEndian(message, 1, address);
        bytes(message, 2, mac);
        ask("add neighbour " + Cidr.text(address), message);
    }

    private ByteBuffer begin(short type, short flags) {
        var message = ByteBuffer.allocate(1024).order(ByteOrder.nativeOrder());
        message.putInt(0).putShort(type).putShort((short) (REQUEST | flags));
        message.putInt(++sequence).putInt(0);
        return message;
    }

    private static void link(ByteBuffer message, int index, int flags) {
        message.put((byte) 0).put((byte) 0).putShort((short) 0);
        message.putInt(index).putInt(flags).putInt(flags);
    }

    private static void address(ByteBuffer message, int index, int address) {
        message.put(INET).put((byte) 32).put((byte) 0).put(SCOPE_UNIVERSE).putInt(index);
        bigEndian(message, 2, address);
        bigEndian(message, 1, address);
    }

    private static void route(ByteBuffer message, Cidr to, byte scope, int flags) {
        message.put(INET).put((byte) to.prefix()).put((byte) 0).put((byte) 0);
        message.put(TABLE_MAIN).put(PROTOCOL_STATIC).put(scope).put(UNICAST).putInt(flags);
    }

    private static void text(ByteBuffer message, int type, String text) {
        bytes(message, type, (text + "\0").getBytes(UTF_8));
    }

    private static void number(ByteBuffer message, int type, int number) {
        message.putShort((short) 8).putShort((short) type).putInt(number);
    }

    private static void bigEndian(ByteBuffer message, int type, int number) {
        number(
                message,
                type,
                message.order() == ByteOrder.BIG_ENDIAN ? number : Integer.reverseBytes(number));
    }

    private static void bytes(ByteBuffer message, int type, byte[] bytes) {
        message.putShort((short) (4 + bytes.length)).putShort((short) type).put(bytes);
        align(message);
    }

    private static int nest(ByteBuffer message, int type) {
        message.putShort((short) 0).putShort((short) type);
        return message.position() - 4;
    }

    private static void endNest(ByteBuffer message, int at) {
        message.putShort(at, (short) (message.position() - at));
    }

    private static void align(ByteBuffer message) {
        while (message.position() % 4 != 0) {
            message.put((byte) 0);
        }
    }

    /** One attribute of an answer; empty when it has none of that type. */
    private static ByteBuffer attribute(ByteBuffer answer, int from, int type) {
        var at = from;
        while (at + 4 <= answer.limit()) {
            var length = answer.getShort(at) & 0xffff;
            if (length < 4) {
                break;
            }
            if ((answer.getShort(at + 2) & 0x3fff) == type) {
                return answer.slice(at + 4, length - 4).order(ByteOrder.nativeOrder());
            }
            at += (length + 3) & ~3;
        }
        return ByteBuffer.allocate(0);
    }

    /** Sends a request and collects the answers up to the last. */
    private List<ByteBuffer> ask(String what, ByteBuffer message) throws IOException {
        message.putInt(0, message.position());
        var flags = message.getShort(6);
        var many = (flags & DUMP) == DUMP && (flags & CREATE) == 0;
        var acknowledged = (flags & ACKNOWLEDGE) != 0;
        var request = new byte[message.position()];
        message.get(0, request);
        Libc.write(fd, request, 0, request.length);
        var answers = new ArrayList<ByteBuffer>();
        while (true) {
            var bytes = new byte[BUFFER_BYTES];
            var count = Libc.read(fd, bytes, 0, bytes.length);
            var at = 0;
            while (at + 16 <= count) {
                var all = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
                var length = all.getInt(at);
                var type = all.getShort(at + 4);
                if (length < 16 || at + length > count) {
                    throw new IOException(what + ": the kernel's answer cannot be understood");
                }
                if (all.getInt(at + 8) == sequence) {
                    if (type == ERROR) {
                        var number = -all.getInt(at + 16);
                        if (number != 0) {
                            throw new Errno(what, number, Libc.words(number));
                        }
                        return answers;
                    }
                    if (type == DONE) {
                        return answers;
                    }
                    answers.add(all.slice(at, length).order(ByteOrder.nativeOrder()));
                    if (!many && !acknowledged) {
                        return answers;
                    }
                }
                at += (length + 3) & ~3;
            }
        }
    }
}
