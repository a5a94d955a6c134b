package dev.berth.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** SPECIFICATION.md names only tests that there are, and no promise is without one. */
class EveryPromiseHasItsTestTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern TEST = Pattern.compile("`(\\w+(?:Test|IT))`");
    private static final Pattern PROMISE =
            Pattern.compile("(?m)^(\\d+)\\. (?:.+\\n?(?!\\d+\\. |#|\\n))*.*");

    @Test
    void the_tests_it_names_exist() throws IOException {
        var named = new TreeSet<String>();
        TEST.matcher(specification()).results().forEach(found -> named.add(found.group(1)));
        assertThat(named).hasSizeGreaterThan(30);
        named.removeAll(tests());
        assertThat(named).isEmpty();
    }

    @Test
    void every_promise_names_one() throws IOException {
        var without =
                PROMISE.matcher(specification())
                        .results()
                        .filter(promise -> !TEST.matcher(promise.group()).find())
                        .map(promise -> promise.group(1))
                        .toList();
        assertThat(without).isEmpty();
    }

    private static String specification() throws IOException {
        return Files.readString(ROOT.resolve("SPECIFICATION.md"));
    }

    private static java.util.Set<String> tests() throws IOException {
        var all = new TreeSet<String>();
        try (var modules = Files.list(ROOT)) {
            for (var module : modules.map(path -> path.resolve("src/test/java")).toList()) {
                if (Files.isDirectory(module)) {
                    try (var files = Files.walk(module)) {
                        all.addAll(
                                files.map(file -> String.valueOf(file.getFileName()))
                                        .filter(name -> name.endsWith(".java"))
                                        .map(name -> name.substring(0, name.length() - 5))
                                        .collect(Collectors.toSet()));
                    }
                }
            }
        }
        return all;
    }
}
