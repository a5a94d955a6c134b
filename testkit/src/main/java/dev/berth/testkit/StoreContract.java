package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.port.Store;
import dev.berth.port.Store.Change;
import dev.berth.port.Store.Conflict;
import dev.berth.port.Store.Kind;
import dev.berth.port.Store.Stored;
import dev.berth.port.Subscription;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * What every {@link Store} promises. A test class extends it and hands in a store that is empty of
 * the kinds used here, or at least of their documents.
 */
public abstract class StoreContract {
    /** How long anything may take that the store does on its own thread. */
    private static final long WAIT_SECONDS = 10;

    private static final Kind<Note> NOTES = new Kind<>("contractnotes", Note.class);
    private static final Kind<Label> LABELS = new Kind<>("contractlabels", Label.class);

    /** A document with every sort of member our records have. */
    public record Note(
            String text,
            int number,
            long size,
            boolean flag,
            List<String> words,
            Map<String, String> labels,
            @Nullable Instant at,
            @Nullable Label label,
            List<Label> more) {
        static Note saying(String text) {
            return new Note(text, 0, 0, false, List.of(), Map.of(), null, null, List.of());
        }
    }

    /** A document of another kind, also used inside a {@link Note}. */
    public record Label(String name) {}

    /** The store under test, the same one for the whole of a test. */
    protected abstract Store store();

    @Test
    void what_is_put_is_got_back() throws Conflict {
        var note =
                new Note(
                        "Größe/€ \"x\"\n%2F",
                        -1,
                        1L << 60,
                        true,
                        List.of("b", "a"),
                        Map.of("kubernetes.io/cluster/x", "shared", "empty", ""),
                        Instant.parse("2026-01-02T03:04:05.678901Z"),
                        new Label("inner"),
                        List.of(new Label("one"), new Label("two")));
        Stored<Note> written = store().put(NOTES, "full", note, 0);

        assertThat(written.revision()).isPositive();
        assertThat(written.value()).isEqualTo(note);
        assertThat(store().get(NOTES, "full")).contains(written);
    }

    @Test
    void null_members_stay_null() throws Conflict {
        store().put(NOTES, "nulls", Note.saying("x"), 0);
        assertThat(store().get(NOTES, "nulls").orElseThrow().value().at()).isNull();
    }

    @Test
    void an_unknown_document_is_empty() {
        assertThat(store().get(NOTES, "absent")).isEmpty();
        assertThat(store().list(NOTES, "absent")).isEmpty();
    }

    @Test
    void kinds_do_not_mix() throws Conflict {
        store().put(LABELS, "same-id", new Label("l"), 0);
        assertThat(store().get(NOTES, "same-id")).isEmpty();
        assertThat(store().list(NOTES, "same-id")).isEmpty();
    }

    @Test
    void a_list_is_ordered_by_id_and_keeps_to_its_prefix() throws Conflict {
        for (String id : List.of("list/b", "list/a/2", "list/a/1", "lisu", "list/c", "list")) {
            store().put(NOTES, id, Note.saying(id), 0);
        }
        assertThat(store().list(NOTES, "list/"))
                .extracting(Stored::id)
                .containsExactly("list/a/1", "list/a/2", "list/b", "list/c");
        assertThat(store().list(NOTES, "list/a")).hasSize(2);
        assertThat(store().list(NOTES, ""))
                .extracting(Stored::id)
                .contains("lisu", "list")
                .isSorted();
    }

    @Test
    void creating_twice_is_a_conflict_and_changes_nothing() throws Conflict {
        Stored<Note> first = store().put(NOTES, "twice", Note.saying("first"), 0);
        assertThatThrownBy(() -> store().put(NOTES, "twice", Note.saying("second"), 0))
                .isInstanceOf(Conflict.class);
        assertThat(store().get(NOTES, "twice")).contains(first);
    }

    @Test
    void revisions_grow_and_an_old_one_is_refused() throws Conflict {
        Stored<Note> first = store().put(NOTES, "grow", Note.saying("1"), 0);
        Stored<Note> second = store().put(NOTES, "grow", Note.saying("2"), first.revision());

        assertThat(second.revision()).isGreaterThan(first.revision());
        assertThatThrownBy(() -> store().put(NOTES, "grow", Note.saying("3"), first.revision()))
                .isInstanceOf(Conflict.class);
        assertThatThrownBy(() -> store().delete(NOTES, "grow", first.revision()))
                .isInstanceOf(Conflict.class);
        assertThat(store().get(NOTES, "grow")).contains(second);
    }

    @Test
    void writing_to_what_is_gone_is_a_conflict() throws Conflict {
        Stored<Note> made = store().put(NOTES, "gone", Note.saying("1"), 0);
        store().delete(NOTES, "gone", made.revision());

        assertThat(store().get(NOTES, "gone")).isEmpty();
        assertThatThrownBy(() -> store().put(NOTES, "gone", Note.saying("2"), made.revision()))
                .isInstanceOf(Conflict.class);
        assertThatThrownBy(() -> store().delete(NOTES, "gone", made.revision()))
                .isInstanceOf(Conflict.class);
    }

    @Test
    void a_document_made_again_never_has_an_old_revision() throws Conflict {
        Stored<Note> made = store().put(NOTES, "again", Note.saying("1"), 0);
        store().delete(NOTES, "again", made.revision());
        store().put(NOTES, "again", Note.saying("2"), 0);

        assertThatThrownBy(() -> store().delete(NOTES, "again", made.revision()))
                .isInstanceOf(Conflict.class);
    }

    @Test
    void of_many_writers_with_one_revision_exactly_one_wins() throws Exception {
        Stored<Note> made = store().put(NOTES, "race", Note.saying("start"), 0);
        var won = new AtomicInteger();
        var lost = new AtomicInteger();
        try (var writers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 20; i++) {
                String text = "writer " + i;
                writers.execute(() -> {
                    try {
                        store().put(NOTES, "race", Note.saying(text), made.revision());
                        won.incrementAndGet();
                    } catch (Conflict _) {
                        lost.incrementAndGet();
                    }
                });
            }
        }
        assertThat(won).hasValue(1);
        assertThat(lost).hasValue(19);
    }

    @Test
    void a_watch_tells_all_changes_of_its_kind_in_order() throws Exception {
        BlockingQueue<Change<Note>> heard = new LinkedBlockingQueue<>();
        try (Subscription _ = store().watch(NOTES, heard::add)) {
            Stored<Note> a = store().put(NOTES, "w/a", Note.saying("1"), 0);
            store().put(LABELS, "w/other", new Label("x"), 0);
            a = store().put(NOTES, "w/a", Note.saying("2"), a.revision());
            store().put(NOTES, "w/b", Note.saying("b"), 0);
            store().delete(NOTES, "w/a", a.revision());

            assertThat(next(heard)).isEqualTo(new Change<>("w/a", Note.saying("1")));
            assertThat(next(heard)).isEqualTo(new Change<>("w/a", Note.saying("2")));
            assertThat(next(heard)).isEqualTo(new Change<>("w/b", Note.saying("b")));
            assertThat(next(heard)).isEqualTo(new Change<>("w/a", null));
        }
    }

    @Test
    void changes_are_told_one_after_another() throws Exception {
        var inside = new AtomicInteger();
        var overlaps = new AtomicInteger();
        var all = new CountDownLatch(30);
        try (Subscription _ =
                store().watch(
                                NOTES,
                                _ -> {
                                    if (inside.incrementAndGet() != 1) {
                                        overlaps.incrementAndGet();
                                    }
                                    Thread.onSpinWait();
                                    inside.decrementAndGet();
                                    all.countDown();
                                })) {
            for (int i = 0; i < 30; i++) {
                store().put(NOTES, "serial/" + i, Note.saying(""), 0);
            }
            assertThat(all.await(WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(overlaps).hasValue(0);
    }

    @Test
    void a_watcher_may_use_the_store() throws Exception {
        BlockingQueue<Stored<Note>> seen = new LinkedBlockingQueue<>();
        try (Subscription _ =
                store().watch(
                                NOTES,
                                change -> store().get(NOTES, change.id()).ifPresent(seen::add))) {
            Stored<Note> put = store().put(NOTES, "reads", Note.saying("r"), 0);
            assertThat(seen.poll(WAIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(put);
        }
    }

    @Test
    void a_closed_watch_is_silent() throws Exception {
        List<Change<Note>> heard = new ArrayList<>();
        BlockingQueue<Change<Note>> other = new LinkedBlockingQueue<>();
        Subscription closed = store().watch(NOTES, heard::add);
        closed.close();
        closed.close();
        try (Subscription _ = store().watch(NOTES, other::add)) {
            store().put(NOTES, "silent", Note.saying("s"), 0);
            assertThat(next(other).id()).isEqualTo("silent");
        }
        assertThat(heard).isEmpty();
    }

    private static Change<Note> next(BlockingQueue<Change<Note>> heard)
            throws InterruptedException {
        Change<Note> change = heard.poll(WAIT_SECONDS, TimeUnit.SECONDS);
        assertThat(change).as("a change within %s s", WAIT_SECONDS).isNotNull();
        return change;
    }
}
