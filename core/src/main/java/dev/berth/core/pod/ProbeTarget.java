package dev.berth.core.pod;

import dev.berth.core.pod.Container.EnvSource;
import dev.berth.core.pod.Container.Handler;
import dev.berth.core.pod.Container.Handler.Header;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/** Whom and what a probe or a hook asks, worked out from the container that it belongs to. */
public final class ProbeTarget {
    private static final String VERSION = "1.36";

    /** What a URL's path and query may hold as they are, besides letters and digits. */
    private static final String PLAIN = "-._~!$&'()*+,;=:@/?%[]";

    private ProbeTarget() {}

    /** A probe that cannot be asked as it is written. */
    public static final class Unclear extends Exception {
        private static final long serialVersionUID = 1L;

        Unclear(String message) {
            super(message);
        }
    }

    /**
     * The number of a port.
     *
     * @param port a number, or the name of one of the container's ports
     * @throws Unclear when there is no such port
     */
    public static int port(String port, Container container) throws Unclear {
        for (var one : container.ports()) {
            if (port.equals(one.name())) {
                return one.containerPort();
            }
        }
        int number;
        try {
            number = Integer.parseInt(port);
        } catch (NumberFormatException e) {
            throw new Unclear("strconv.Atoi: parsing \"" + port + "\": invalid syntax");
        }
        if (number < 1 || number > 65_535) {
            throw new Unclear("invalid port number: " + number);
        }
        return number;
    }

    /** A probe's command: only variables with a text of their own are known in it. */
    public static List<String> command(List<String> command, Container container) {
        var values = new HashMap<String, String>();
        for (var variable : container.env()) {
            values.put(
                    variable.name(),
                    variable.source() instanceof EnvSource.Literal(String value) ? value : "");
        }
        return command.stream().map(part -> Expansion.expand(part, values::get)).toList();
    }

    /**
     * Path and query as they are sent: with a slash in front, without a fragment, and what a URL
     * cannot hold in its percent form. So {@code a b?c#d} becomes {@code /a%20b?c}.
     */
    public static String path(String path) {
        var end = path.indexOf('#');
        var text = end < 0 ? path : path.substring(0, end);
        var sent = new StringBuilder(text.startsWith("/") ? "" : "/");
        for (var octet : text.getBytes(StandardCharsets.UTF_8)) {
            var sign = (char) (octet & 0xff);
            if (sign < 0x80 && (Character.isLetterOrDigit(sign) || PLAIN.indexOf(sign) >= 0)) {
                sent.append(sign);
            } else {
                sent.append(String.format(Locale.ROOT, "%%%02X", (int) sign));
            }
        }
        return sent.toString();
    }

    /**
     * The headers that are sent besides {@code Host}: who asks, unless the pod says otherwise, then
     * the others by name.
     *
     * @param purpose {@code probe} or {@code lifecycle}
     */
    public static List<Header> headers(Handler.HttpGet ask, String purpose) {
        var byName = new TreeMap<String, List<Header>>(String.CASE_INSENSITIVE_ORDER);
        for (var header : ask.headers()) {
            byName.computeIfAbsent(header.name(), _ -> new ArrayList<>()).add(header);
        }
        byName.remove("Host");
        byName.computeIfAbsent(
                "User-Agent", name -> List.of(new Header(name, "kube-" + purpose + "/" + VERSION)));
        byName.computeIfAbsent("Accept", name -> List.of(new Header(name, "*/*")));
        for (var name : List.of("User-Agent", "Accept")) {
            byName.computeIfPresent(
                    name, (_, said) -> said.getFirst().value().isEmpty() ? null : said);
        }
        return byName.values().stream().flatMap(List::stream).toList();
    }

    /** The wished {@code Host} header, or empty for the address that is asked. */
    public static String hostHeader(Handler.HttpGet ask) {
        return ask.headers().stream()
                .filter(header -> header.name().equalsIgnoreCase("Host"))
                .map(Header::value)
                .findFirst()
                .orElse("");
    }
}
