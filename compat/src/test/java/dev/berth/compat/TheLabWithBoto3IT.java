package dev.berth.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * The AWS part of the lab by boto3: its waiters, its paginators and its classes of exceptions, from
 * {@code berth env} alone. What is held is in {@code boto3/lab.py}.
 */
class TheLabWithBoto3IT {
    @Test
    void the_lab_is_made_refused_where_it_must_be_and_taken_down_in_order() throws Exception {
        OneBerth.needs("python3");
        assumeTrue(
                new Shell().run("", "python3", "-c", "import boto3").exitCode() == 0,
                "needs boto3 for the python3 on the path");
        try (var berth = OneBerth.inNewFolder()) {
            berth.up();
            var script = berth.data().resolve("lab.py");
            try (var source =
                    Objects.requireNonNull(
                            TheLabWithBoto3IT.class.getResourceAsStream("/boto3/lab.py"))) {
                Files.copy(source, script);
            }
            var result = berth.shell().run("", "python3", script.toString());
            assertThat(result.good()).endsWith("all of it");
            berth.berth("down").good();
            assertThat(berth.leftovers()).isEmpty();
        }
    }
}
