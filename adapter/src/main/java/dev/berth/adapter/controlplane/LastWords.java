package dev.berth.adapter.controlplane;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What a program said last, for the message that it does not run. */
final class LastWords {
    /** A stack trace may stand behind the words. */
    private static final int BYTES_MAX = 32 << 10;

    private static final int LETTERS_MAX = 300;

    /**
     * How etcd, Kubernetes' components and Go tell what ends a program; who says most comes first.
     */
    private static final List<Pattern> GRAVE =
            List.of(
                    Pattern.compile("\\{\"level\":\"(error|fatal|panic)\".*"),
                    Pattern.compile("[EF]\\d{4} .*"),
                    Pattern.compile("(panic|fatal error): .*"));

    private static final Pattern MEMBER =
            Pattern.compile("\"(msg|error)\":\"((?:[^\"\\\\]|\\\\.)*)\"");

    private LastWords() {}

    /**
     * The last grave line of a log, else its last line, cut to a bearable length; a few words when
     * there is none.
     */
    static String of(Path log) {
        try (var file = new java.io.RandomAccessFile(log.toFile(), "r")) {
            file.seek(Math.max(0, file.length() - BYTES_MAX));
            var bytes = new byte[BYTES_MAX];
            int count = Math.max(0, file.read(bytes));
            var lines =
                    new String(bytes, 0, count, StandardCharsets.UTF_8)
                            .lines()
                            .filter(line -> !line.isBlank())
                            .toList();
            var words =
                    GRAVE.stream()
                            .flatMap(kind ->
                                    lines.reversed().stream()
                                            .filter(line -> kind.matcher(line).matches())
                                            .limit(1))
                            .findFirst()
                            .map(LastWords::readable)
                            .orElse(lines.isEmpty() ? "it said nothing" : lines.getLast().strip());
            return words.length() > LETTERS_MAX ? words.substring(0, LETTERS_MAX) + "…" : words;
        } catch (IOException _) {
            return "it said nothing";
        }
    }

    /** A line of JSON becomes its message and its error. */
    private static String readable(String line) {
        var members =
                MEMBER.matcher(line)
                        .results()
                        .map(member -> member.group(2))
                        .collect(Collectors.joining(": "));
        return line.startsWith("{") && !members.isEmpty() ? members : line;
    }
}
