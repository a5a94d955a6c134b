package dev.berth.edge.aws.model;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A type of the model. */
public sealed interface Shape {
    /** Its name in the model. */
    String name();

    /**
     * A structure.
     *
     * @param members by name, in the model's order
     * @param required names of the members that must be there
     * @param payload the member that is the whole body, or null
     * @param error what it means as an error, or null when it is none
     */
    record Structure(
            String name,
            Map<String, Member> members,
            List<String> required,
            @Nullable String payload,
            @Nullable ErrorTrait error)
            implements Shape {}

    /**
     * A list.
     *
     * @param element its elements
     * @param flattened whether it stands in place of its own wrapper
     * @param min fewest elements, or null
     * @param max most elements, or null
     */
    record Listing(
            String name, Member element, boolean flattened, @Nullable Long min, @Nullable Long max)
            implements Shape {}

    /**
     * A map with string keys.
     *
     * @param key its keys
     * @param value its values
     * @param min fewest entries, or null
     * @param max most entries, or null
     */
    record Mapping(String name, Member key, Member value, @Nullable Long min, @Nullable Long max)
            implements Shape {}

    /**
     * A single value.
     *
     * @param kind its type
     * @param values the only values allowed, or empty for all
     * @param min shortest length or smallest value, or null
     * @param max longest length or largest value, or null
     * @param pattern a regular expression, or null
     * @param sensitive whether it must not be repeated in messages
     * @param timestampFormat as in {@link Member}
     */
    record Scalar(
            String name,
            Kind kind,
            List<String> values,
            @Nullable Long min,
            @Nullable Long max,
            @Nullable String pattern,
            boolean sensitive,
            @Nullable String timestampFormat)
            implements Shape {}

    /** Types of single values. */
    enum Kind {
        /** Text. */
        STRING,
        /** 32 bits; travels in our trees as Long. */
        INTEGER,
        /** 64 bits. */
        LONG,
        /** A floating number of either width. */
        DOUBLE,
        /** True or false. */
        BOOLEAN,
        /** A point in time. */
        TIMESTAMP,
        /** Bytes, base64 on the wire. */
        BLOB
    }

    /**
     * What an error structure says about the answer.
     *
     * @param code the code on the wire; the shape's name where the model names none
     * @param httpStatus the HTTP status, or null where the model names none
     */
    record ErrorTrait(String code, @Nullable Integer httpStatus) {}
}
