package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.port.Store;
import dev.berth.port.Store.Conflict;
import dev.berth.port.Store.Kind;
import dev.berth.port.Store.StoreUnavailable;
import org.junit.jupiter.api.Test;

class FakeStoreTest extends StoreContract {
    private static final Kind<Label> LABELS = new Kind<>("labels", Label.class);

    private final FakeStore store = new FakeStore();

    @Override
    protected Store store() {
        return store;
    }

    @Test
    void a_fault_strikes_once_and_leaves_no_effect() throws Conflict {
        store.failNext(FakeStore.Call.PUT, FakeStore.Fault.UNAVAILABLE);
        assertThatThrownBy(() -> store.put(LABELS, "a", new Label("1"), 0))
                .isInstanceOf(StoreUnavailable.class);
        assertThat(store.get(LABELS, "a")).isEmpty();
        store.put(LABELS, "a", new Label("1"), 0);
    }

    @Test
    void a_lost_answer_has_its_effect() {
        store.failNext(FakeStore.Call.PUT, FakeStore.Fault.ANSWER_LOST);
        assertThatThrownBy(() -> store.put(LABELS, "a", new Label("1"), 0))
                .isInstanceOf(StoreUnavailable.class);
        assertThat(store.get(LABELS, "a")).isPresent();
    }

    @Test
    void a_conflict_can_be_ordered() {
        store.failNext(FakeStore.Call.PUT, FakeStore.Fault.CONFLICT);
        assertThatThrownBy(() -> store.put(LABELS, "a", new Label("1"), 0))
                .isInstanceOf(Conflict.class);
        assertThat(store.get(LABELS, "a")).isEmpty();
    }

    @Test
    void the_nth_call_fails_whatever_it_is() throws Conflict {
        store.failCall(2);
        store.put(LABELS, "a", new Label("1"), 0);
        assertThatThrownBy(() -> store.list(LABELS, "")).isInstanceOf(StoreUnavailable.class);
        assertThat(store.list(LABELS, "")).hasSize(1);
        assertThat(store.calls()).isEqualTo(3);
    }
}
