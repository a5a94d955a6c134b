package dev.berth.edge.aws.model;

import org.jspecify.annotations.Nullable;

/**
 * A place where a shape is used: a member of a structure, the element of a list, the key or value
 * of a map.
 *
 * @param name the member's name in the model; {@code member}, {@code key} or {@code value} inside
 *     lists and maps
 * @param shape the name of its shape
 * @param location where it travels
 * @param locationName its name on the wire, or null for the model's name
 * @param queryName its name in requests of EC2, or null
 * @param flattened whether a list stands in place of its own wrapper
 * @param timestampFormat {@code iso8601}, {@code unixTimestamp}, {@code rfc822}, or null for the
 *     protocol's own
 */
public record Member(
        String name,
        String shape,
        Location location,
        @Nullable String locationName,
        @Nullable String queryName,
        boolean flattened,
        @Nullable String timestampFormat) {
    /** Where a member travels. */
    public enum Location {
        /** In the body. */
        BODY,
        /** As a label of the path. */
        URI,
        /** As a parameter of the query. */
        QUERY,
        /** As a header. */
        HEADER,
        /** As several headers with one prefix. */
        HEADERS,
        /** As the HTTP status. */
        STATUS
    }

    /** The name on the wire. */
    public String wireName() {
        return locationName == null ? name : locationName;
    }
}
