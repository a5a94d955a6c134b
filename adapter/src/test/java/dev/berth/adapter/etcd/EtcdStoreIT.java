package dev.berth.adapter.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.adapter.controlplane.EtcdServer;
import dev.berth.adapter.controlplane.RealKube;
import dev.berth.adapter.process.ChildProcesses;
import dev.berth.port.Store;
import dev.berth.port.Store.Change;
import dev.berth.port.Store.Kind;
import dev.berth.port.Subscription;
import dev.berth.testkit.StoreContract;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The Store in a real etcd. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EtcdStoreIT extends StoreContract {
    private static final Kind<Word> WORDS = new Kind<>("words", Word.class);
    private static final Kind<OldNote> OLD = new Kind<>("versions", OldNote.class);
    private static final Kind<NewNote> NEW = new Kind<>("versions", NewNote.class);

    @TempDir static Path folder;

    private EtcdServer etcd;
    private EtcdStore store;

    record Word(String text) {}

    record OldNote(String text, String dropped) {}

    enum Colour {
        RED
    }

    record Inner(List<String> words, Map<String, String> labels) {
        Inner {
            words = List.copyOf(words);
            labels = Map.copyOf(labels);
        }
    }

    record NewNote(
            String text,
            List<String> words,
            Set<String> set,
            Map<String, Inner> inners,
            int number,
            boolean flag,
            Colour colour,
            Inner inner,
            java.time.Duration span) {
        NewNote {
            words = List.copyOf(words);
            inners = Map.copyOf(inners);
        }

        boolean isEmpty() {
            return true;
        }

        String getShout() {
            return text.toUpperCase(java.util.Locale.ROOT);
        }
    }

    @BeforeAll
    void startEtcd() throws Exception {
        etcd = RealKube.etcd(new ChildProcesses(), folder.resolve("etcd"));
    }

    @BeforeEach
    void open() {
        store = new EtcdStore(etcd.httpSocket());
        store.eraseKeys("/berth-nothing/");
    }

    @AfterEach
    void clear() throws Exception {
        for (var kind : List.of("contractnotes", "contractlabels", "words", "versions")) {
            var all = new Kind<>(kind, Anything.class);
            for (var each : store.list(all, "")) {
                store.delete(all, each.id(), each.revision());
            }
        }
        store.close();
    }

    @AfterAll
    void stopEtcd() {
        if (etcd != null) {
            etcd.close();
        }
    }

    record Anything() {}

    @Override
    protected Store store() {
        return store;
    }

    @Test
    void an_older_document_reads_with_nulls_zeros_and_empty_collections() throws Exception {
        store.put(OLD, "a", new OldNote("x", "y"), 0);
        assertThat(store.get(NEW, "a").orElseThrow().value())
                .isEqualTo(
                        new NewNote(
                                "x", List.of(), Set.of(), Map.of(), 0, false, null, null, null));
    }

    @Test
    void nested_records_enums_and_spans_come_back() throws Exception {
        var note =
                new NewNote(
                        "x",
                        List.of("a"),
                        Set.of("s"),
                        Map.of("k", new Inner(List.of("w"), Map.of("l", "v"))),
                        3,
                        true,
                        Colour.RED,
                        new Inner(List.of(), Map.of()),
                        java.time.Duration.ofMillis(1500));
        store.put(NEW, "n", note, 0);
        assertThat(store.get(NEW, "n").orElseThrow().value()).isEqualTo(note);
        assertThat(Documents.mapper().writeValueAsString(note))
                .doesNotContain("shout")
                .doesNotContain("empty");
    }

    @Test
    void a_list_goes_over_several_pages() throws Exception {
        for (int i = 0; i < 1203; i++) {
            store.put(WORDS, "%05d".formatted(i), new Word("w" + i), 0);
        }
        var all = store.list(WORDS, "");
        assertThat(all).hasSize(1203).extracting(Store.Stored::id).isSorted();
        assertThat(all.getLast().value()).isEqualTo(new Word("w1202"));
    }

    @Test
    void a_watch_goes_on_after_etcd_was_killed_and_nothing_is_missing() throws Exception {
        var heard = new LinkedBlockingQueue<Change<Word>>();
        try (Subscription _ = store.watch(WORDS, heard::add)) {
            store.put(WORDS, "before", new Word("1"), 0);
            assertThat(heard.poll(10, TimeUnit.SECONDS)).isNotNull();

            var process = ProcessHandle.of(etcd.pid().orElseThrow()).orElseThrow();
            process.destroyForcibly();
            // A write that etcd has read but not answered is rightly told as unavailable.
            process.onExit().get(10, TimeUnit.SECONDS);
            store.put(WORDS, "after", new Word("2"), 0);

            assertThat(heard.poll(20, TimeUnit.SECONDS))
                    .isEqualTo(new Change<>("after", new Word("2")));
        }
        assertThat(store.get(WORDS, "before").orElseThrow().value()).isEqualTo(new Word("1"));
    }

    @Test
    void a_watch_whose_moment_was_compacted_tells_all_that_exists_and_what_has_gone()
            throws Exception {
        var gone = store.put(WORDS, "gone", new Word("g"), 0);
        store.put(WORDS, "stays", new Word("s"), 0);
        long old = gone.revision();
        store.delete(WORDS, "gone", old);
        var last = store.put(WORDS, "new", new Word("n"), 0);
        var json = Documents.mapper();
        try (var gateway = new Gateway(etcd.httpSocket(), json)) {
            gateway.call(
                    "/v3/kv/compaction",
                    json.createObjectNode().put("revision", Long.toString(last.revision())));
            var heard = new LinkedBlockingQueue<Change<Word>>();
            var known = new HashSet<>(Set.of("gone"));
            var watching = new Watching<>(store, gateway, WORDS, heard::add, known, old);
            watching.start();
            var changes = new HashSet<Change<Word>>();
            for (int i = 0; i < 3; i++) {
                changes.add(heard.poll(10, TimeUnit.SECONDS));
            }
            watching.close();
            assertThat(changes)
                    .containsExactlyInAnyOrder(
                            new Change<>("new", new Word("n")),
                            new Change<>("stays", new Word("s")),
                            new Change<>("gone", null));
        }
    }

    @Test
    void erasing_takes_the_prefix_and_nothing_of_berths() throws Exception {
        store.put(WORDS, "kept", new Word("k"), 0);
        assertThatThrownBy(() -> store.eraseKeys("/berth/"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store.eraseKeys("/")).isInstanceOf(IllegalArgumentException.class);
        store.eraseKeys("/kube/0123/");
        assertThat(store.get(WORDS, "kept")).isPresent();
    }
}
