package dev.berth.port;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Berth's own records, as versioned documents. A write names the revision it has read, so two
 * writers never undo each other. Values are Java records; how they become bytes is the adapter's
 * business, and a field that is added later reads as null, zero or empty from older documents.
 */
public interface Store {
    /** The document with this id, or empty. */
    <T extends Record> Optional<Stored<T>> get(Kind<T> kind, String id);

    /** All documents of a kind whose id begins so, ordered by id; an empty prefix means all. */
    <T extends Record> List<Stored<T>> list(Kind<T> kind, String idPrefix);

    /**
     * Writes a document.
     *
     * @param expectedRevision the revision that is to be replaced, or 0 when there must be none yet
     * @return the document with its new revision
     * @throws Conflict when somebody else was faster; nothing has changed
     */
    <T extends Record> Stored<T> put(Kind<T> kind, String id, T value, long expectedRevision)
            throws Conflict;

    /**
     * Deletes a document.
     *
     * @param expectedRevision the revision that was read
     * @throws Conflict when it has changed or gone since
     */
    <T extends Record> void delete(Kind<T> kind, String id, long expectedRevision) throws Conflict;

    /**
     * Tells of all changes of a kind from now on, in order, one after another.
     *
     * @param onChange called with the new document; its value is null when it was deleted
     */
    <T extends Record> Subscription watch(Kind<T> kind, Consumer<Change<T>> onChange);

    /**
     * A kind of document.
     *
     * @param name plural, lower case, part of the key, such as {@code fargateprofiles}
     * @param type the record's class
     */
    record Kind<T extends Record>(String name, Class<T> type) {}

    /**
     * A document as it is stored.
     *
     * @param id unique within its kind; may contain slashes
     * @param value the record
     * @param revision grows with every write of this document, 1 or more
     */
    record Stored<T extends Record>(String id, T value, long revision) {}

    /**
     * A change.
     *
     * @param id the document
     * @param value what it holds now, or null when it was deleted
     */
    record Change<T extends Record>(String id, @Nullable T value) {}

    /** Somebody else wrote first. */
    final class Conflict extends Exception {
        private static final long serialVersionUID = 1L;

        /** Names the document. */
        public Conflict(String document) {
            super("changed meanwhile: " + document);
        }
    }

    /** The database could not be asked; the same call may work later. */
    final class StoreUnavailable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        /** Says what was tried. */
        public StoreUnavailable(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
