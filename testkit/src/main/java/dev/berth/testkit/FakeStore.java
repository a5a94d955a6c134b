package dev.berth.testkit;

import dev.berth.port.Store;
import dev.berth.port.Subscription;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Store} in memory. Revisions come from one counter for all documents, as etcd's do, so a
 * document that was deleted and made again never gets an old revision. Each watch has a virtual
 * thread of its own, so what it hears comes later than the write, as from a real database.
 */
public final class FakeStore implements Store {
    /** What a call asks; names the call that a fault is meant for. */
    public enum Call {
        /** {@link Store#get}. */
        GET,
        /** {@link Store#list}. */
        LIST,
        /** {@link Store#put}. */
        PUT,
        /** {@link Store#delete}. */
        DELETE
    }

    /** How a call goes wrong. */
    public enum Fault {
        /** The call throws {@link StoreUnavailable} and has no effect. */
        UNAVAILABLE,
        /** The call takes effect, then throws {@link StoreUnavailable}: its answer got lost. */
        ANSWER_LOST,
        /** A write is told that somebody else was faster, and has no effect. */
        CONFLICT
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, NavigableMap<String, Stored<?>>> kinds = new HashMap<>();
    private final List<Watch<?>> watches = new CopyOnWriteArrayList<>();
    private final Map<Call, ArrayDeque<Fault>> faults = new EnumMap<>(Call.class);
    private long revision;
    private long calls;
    private long failingCall;

    /** Makes the next call of this kind fail, once; several wait in line. */
    public void failNext(Call call, Fault fault) {
        lock.lock();
        try {
            faults.computeIfAbsent(call, _ -> new ArrayDeque<>()).add(fault);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Makes the n-th call from now fail as {@link Fault#UNAVAILABLE}, whatever it asks: for sweeps
     * over n.
     *
     * @param n 1 is the next call
     */
    public void failCall(int n) {
        lock.lock();
        try {
            failingCall = calls + n;
        } finally {
            lock.unlock();
        }
    }

    /** How many calls were made so far, failed ones too; watches do not count. */
    public long calls() {
        lock.lock();
        try {
            return calls;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public <T extends Record> Optional<Stored<T>> get(Kind<T> kind, String id) {
        lock.lock();
        try {
            Fault fault = begin(Call.GET, kind, id);
            Optional<Stored<T>> found = Optional.ofNullable(document(kind, id));
            end(fault, Call.GET, kind, id);
            return found;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public <T extends Record> List<Stored<T>> list(Kind<T> kind, String idPrefix) {
        lock.lock();
        try {
            Fault fault = begin(Call.LIST, kind, idPrefix);
            var found = new ArrayList<Stored<T>>();
            for (Stored<?> stored : documents(kind).tailMap(idPrefix, true).values()) {
                if (!stored.id().startsWith(idPrefix)) {
                    break;
                }
                found.add(typed(kind, stored));
            }
            end(fault, Call.LIST, kind, idPrefix);
            return List.copyOf(found);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public <T extends Record> Stored<T> put(Kind<T> kind, String id, T value, long expectedRevision)
            throws Conflict {
        lock.lock();
        try {
            Fault fault = begin(Call.PUT, kind, id);
            check(fault, kind, id, expectedRevision);
            var stored = new Stored<>(id, kind.type().cast(value), ++revision);
            documents(kind).put(id, stored);
            tell(kind, new Change<>(id, value));
            end(fault, Call.PUT, kind, id);
            return stored;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public <T extends Record> void delete(Kind<T> kind, String id, long expectedRevision)
            throws Conflict {
        lock.lock();
        try {
            Fault fault = begin(Call.DELETE, kind, id);
            if (expectedRevision == 0) {
                throw new Conflict(kind.name() + "/" + id);
            }
            check(fault, kind, id, expectedRevision);
            documents(kind).remove(id);
            revision++;
            tell(kind, new Change<>(id, null));
            end(fault, Call.DELETE, kind, id);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public <T extends Record> Subscription watch(Kind<T> kind, Consumer<Change<T>> onChange) {
        var watch = new Watch<>(kind, onChange);
        lock.lock();
        try {
            watches.add(watch);
        } finally {
            lock.unlock();
        }
        watch.thread.start();
        return () -> {
            watches.remove(watch);
            watch.stop();
        };
    }

    private <T extends Record> void check(
            @Nullable Fault fault, Kind<T> kind, String id, long expectedRevision) throws Conflict {
        Stored<T> before = document(kind, id);
        if (fault == Fault.CONFLICT
                || (before == null ? 0 : before.revision()) != expectedRevision) {
            throw new Conflict(kind.name() + "/" + id);
        }
    }

    private @Nullable Fault begin(Call call, Kind<?> kind, String id) {
        calls++;
        ArrayDeque<Fault> waiting = faults.get(call);
        Fault fault = waiting == null ? null : waiting.poll();
        if (calls == failingCall || fault == Fault.UNAVAILABLE) {
            throw unavailable(call, kind, id);
        }
        return fault;
    }

    private static void end(@Nullable Fault fault, Call call, Kind<?> kind, String id) {
        if (fault == Fault.ANSWER_LOST) {
            throw unavailable(call, kind, id);
        }
    }

    private static StoreUnavailable unavailable(Call call, Kind<?> kind, String id) {
        String what = call + " " + kind.name() + "/" + id;
        return new StoreUnavailable(what, new java.io.IOException("fault asked for by the test"));
    }

    private NavigableMap<String, Stored<?>> documents(Kind<?> kind) {
        return kinds.computeIfAbsent(kind.name(), _ -> new TreeMap<>());
    }

    private <T extends Record> @Nullable Stored<T> document(Kind<T> kind, String id) {
        Stored<?> found = documents(kind).get(id);
        return found == null ? null : typed(kind, found);
    }

    private static <T extends Record> Stored<T> typed(Kind<T> kind, Stored<?> stored) {
        return new Stored<>(stored.id(), kind.type().cast(stored.value()), stored.revision());
    }

    /** Called under the lock, so every watch hears all changes in the same order. */
    private void tell(Kind<?> kind, Change<?> change) {
        for (Watch<?> watch : watches) {
            watch.offer(kind, change);
        }
    }

    /** One watcher and the thread that tells it. */
    private static final class Watch<T extends Record> {
        private final Kind<T> kind;
        private final LinkedBlockingQueue<Change<T>> waiting = new LinkedBlockingQueue<>();
        private final Thread thread;

        Watch(Kind<T> kind, Consumer<Change<T>> onChange) {
            this.kind = kind;
            this.thread =
                    Thread.ofVirtual()
                            .name("fake-store-watch-" + kind.name())
                            .unstarted(() -> deliver(onChange));
        }

        void offer(Kind<?> changed, Change<?> change) {
            if (changed.name().equals(kind.name())) {
                Record value = change.value();
                waiting.add(
                        new Change<>(change.id(), value == null ? null : kind.type().cast(value)));
            }
        }

        private void deliver(Consumer<Change<T>> onChange) {
            try {
                while (!Thread.currentThread().isInterrupted()) {
                    onChange.accept(waiting.take());
                }
            } catch (InterruptedException _) {
                // Closed.
            }
        }

        void stop() {
            thread.interrupt();
            if (!Thread.currentThread().equals(thread)) {
                try {
                    thread.join();
                } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }
}
