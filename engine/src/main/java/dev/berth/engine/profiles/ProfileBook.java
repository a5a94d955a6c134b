package dev.berth.engine.profiles;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.core.profile.FargateProfile;
import dev.berth.core.profile.FargateProfile.Status;
import dev.berth.core.profile.ProfileFaults;
import dev.berth.port.Store;
import dev.berth.port.Store.Conflict;
import dev.berth.port.Store.Kind;
import dev.berth.port.Store.Stored;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The records of all profiles: in memory, where questions are answered and claims are settled
 * without I/O, and in the Store, where they last. A step that may exclude others is taken in memory
 * first, so that only one caller can take it, and taken back if the Store cannot be written. Any
 * thread may call.
 */
final class ProfileBook {
    private static final Kind<Entry> KIND = new Kind<>("fargateprofiles", Entry.class);
    private static final int TRIES_MAX = 100;

    private final Store store;
    private final Map<String, Page> pages = new ConcurrentHashMap<>();

    /**
     * A profile and the request that made it.
     *
     * @param profile the profile
     * @param asked the request, to know it again
     */
    record Entry(FargateProfile profile, NewProfile asked) {
        Entry with(FargateProfile other) {
            return new Entry(other, asked);
        }
    }

    /**
     * An entry as far as it is known to be stored.
     *
     * @param entry the entry
     * @param revision that of the Store, 0 before it is stored
     */
    private record Line(Entry entry, long revision) {
        FargateProfile profile() {
            return entry.profile();
        }
    }

    /**
     * One cluster's profiles.
     *
     * @param lines by name
     * @param closed whether none may be added
     * @param active the ACTIVE ones, by name
     */
    private record Page(Map<String, Line> lines, boolean closed, List<FargateProfile> active) {
        static final Page EMPTY = new Page(Map.of(), false, List.of());

        private static Page of(Map<String, Line> lines, boolean closed) {
            var active =
                    lines.values().stream()
                            .map(Line::profile)
                            .filter(profile -> profile.status() == Status.ACTIVE)
                            .toList();
            return new Page(lines, closed, active);
        }

        Page with(Line line) {
            var more = new TreeMap<>(lines);
            more.put(line.profile().name(), line);
            return of(more, closed);
        }

        /** Takes what was stored, unless something newer is here already. */
        Page stored(Line line) {
            var present = lines.get(line.profile().name());
            return present == null || present.revision() >= line.revision() ? this : with(line);
        }

        Page without(String name) {
            var less = new TreeMap<>(lines);
            less.remove(name);
            return of(less, closed);
        }

        Page closed(boolean whether) {
            return new Page(lines, whether, active);
        }

        List<FargateProfile> profiles() {
            return lines.values().stream().map(Line::profile).toList();
        }
    }

    ProfileBook(Store store) {
        this.store = store;
    }

    /** Reads what the Store holds. */
    void load() {
        for (var stored : store.list(KIND, "")) {
            changed(stored.value().profile().clusterName(), page -> page.with(line(stored)));
        }
    }

    List<FargateProfile> active(String cluster) {
        return page(cluster).active();
    }

    /** All profiles of a cluster, by name. */
    List<FargateProfile> all(String cluster) {
        return page(cluster).profiles();
    }

    /** All profiles of all clusters. */
    List<FargateProfile> all() {
        return pages.values().stream().flatMap(page -> page.profiles().stream()).toList();
    }

    Optional<FargateProfile> find(String cluster, String name) {
        return Optional.ofNullable(page(cluster).lines().get(name)).map(Line::profile);
    }

    /** The entries of a cluster, by name. */
    List<Entry> entries(String cluster) {
        return page(cluster).lines().values().stream().map(Line::entry).toList();
    }

    /** Closes a cluster unless it has profiles, of which the first is then told. */
    Optional<FargateProfile> close(String cluster) {
        var page =
                changed(
                        cluster,
                        present -> present.lines().isEmpty() ? present.closed(true) : present);
        return page.profiles().stream().findFirst();
    }

    void reopen(String cluster) {
        changed(cluster, page -> page.closed(false));
    }

    /** Why a step is not taken, seeing the cluster's profiles and whether it is closed. */
    @FunctionalInterface
    interface Check {
        Optional<AwsFault> against(Collection<FargateProfile> profiles, boolean closed);
    }

    /** Adds a profile unless the check objects. */
    void add(String cluster, Entry entry, Check check) throws Refused {
        var name = entry.profile().name();
        step(cluster, check, page -> page.with(new Line(entry, 0)));
        try {
            var stored = store.put(KIND, id(cluster, name), entry, 0);
            changed(cluster, page -> page.stored(line(stored)));
        } catch (Conflict left) {
            // An earlier attempt was stored although its answer got lost: that one counts.
            changed(cluster, page -> page.without(name));
            store.get(KIND, id(cluster, name))
                    .ifPresent(earlier -> changed(cluster, page -> page.with(line(earlier))));
            throw new Refused(ProfileFaults.duplicate());
        } catch (RuntimeException failed) {
            changed(cluster, page -> page.without(name));
            throw failed;
        }
    }

    /**
     * Changes a profile unless the check objects; empty when it is gone meanwhile.
     *
     * @param change may be applied twice
     */
    Optional<FargateProfile> change(
            String cluster, String name, Check check, UnaryOperator<FargateProfile> change)
            throws Refused {
        var before = new AtomicReference<@Nullable Line>();
        step(
                cluster,
                check,
                page -> {
                    var line = page.lines().get(name);
                    before.set(line);
                    if (line == null) {
                        return page;
                    }
                    var entry = line.entry();
                    var changed = entry.with(change.apply(entry.profile()));
                    return page.with(new Line(changed, line.revision()));
                });
        try {
            return rewrite(cluster, name, change);
        } catch (RuntimeException failed) {
            var line = before.get();
            changed(cluster, page -> line == null ? page : page.with(line));
            throw failed;
        }
    }

    /** Changes a profile; empty when it is gone. */
    Optional<FargateProfile> rewrite(
            String cluster, String name, UnaryOperator<FargateProfile> change) {
        for (var attempt = 0; attempt < TRIES_MAX; attempt++) {
            var read = store.get(KIND, id(cluster, name));
            if (read.isEmpty()) {
                return Optional.empty();
            }
            var entry = read.get().value();
            var wished = entry.with(change.apply(entry.profile()));
            if (wished.equals(entry) || replaced(cluster, read.get(), wished)) {
                return Optional.of(wished.profile());
            }
        }
        throw new IllegalStateException("profile " + name + " changes all the time");
    }

    /** Removes a profile; nothing when it is gone. */
    void remove(String cluster, String name) {
        for (var attempt = 0; attempt < TRIES_MAX; attempt++) {
            var read = store.get(KIND, id(cluster, name));
            if (read.isEmpty() || deleted(read.get())) {
                changed(cluster, page -> page.without(name));
                return;
            }
        }
        throw new IllegalStateException("profile " + name + " changes all the time");
    }

    private boolean replaced(String cluster, Stored<Entry> read, Entry wished) {
        try {
            var stored = store.put(KIND, read.id(), wished, read.revision());
            changed(cluster, page -> page.stored(line(stored)));
            return true;
        } catch (Conflict faster) {
            return false;
        }
    }

    private boolean deleted(Stored<Entry> read) {
        try {
            store.delete(KIND, read.id(), read.revision());
            return true;
        } catch (Conflict faster) {
            return false;
        }
    }

    private void step(String cluster, Check check, UnaryOperator<Page> change) throws Refused {
        var objection = new AtomicReference<@Nullable AwsFault>();
        changed(
                cluster,
                page -> {
                    var fault = check.against(page.profiles(), page.closed());
                    objection.set(fault.orElse(null));
                    return fault.isPresent() ? page : change.apply(page);
                });
        var fault = objection.get();
        if (fault != null) {
            throw new Refused(fault);
        }
    }

    private Page page(String cluster) {
        return pages.getOrDefault(cluster, Page.EMPTY);
    }

    private Page changed(String cluster, Function<Page, Page> change) {
        return pages.compute(
                cluster, (name, present) -> change.apply(present == null ? Page.EMPTY : present));
    }

    private static Line line(Stored<Entry> stored) {
        return new Line(stored.value(), stored.revision());
    }

    private static String id(String cluster, String name) {
        return cluster + "/" + name;
    }
}
