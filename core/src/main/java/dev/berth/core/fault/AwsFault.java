package dev.berth.core.fault;

import java.util.Map;

/**
 * An error answer of an AWS API.
 *
 * @param code the error code as the service spells it, such as {@code ResourceInUseException},
 *     {@code InvalidSubnetID.NotFound} or {@code NoSuchEntity}
 * @param httpStatus the HTTP status, 400 to 599
 * @param message the text a person reads; AWS's own words wherever they are known
 * @param members further members of the error body, such as {@code clusterName}; never {@code
 *     message}
 */
public record AwsFault(String code, int httpStatus, String message, Map<String, String> members) {
    /** Checks the status and copies the members. */
    public AwsFault {
        if (httpStatus < 400 || httpStatus > 599) {
            throw new IllegalArgumentException("not an error status: " + httpStatus);
        }
        members = Map.copyOf(members);
    }

    /** An error without further members. */
    public AwsFault(String code, int httpStatus, String message) {
        this(code, httpStatus, message, Map.of());
    }

    /** This error with one more member. */
    public AwsFault with(String member, String value) {
        var more = new java.util.HashMap<>(members);
        more.put(member, value);
        return new AwsFault(code, httpStatus, message, more);
    }
}
