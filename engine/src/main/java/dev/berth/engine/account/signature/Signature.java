package dev.berth.engine.account.signature;

import dev.berth.engine.account.signature.Verdict.Reason;
import dev.berth.engine.account.signature.Verdict.Rejected;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a request says about its signature, before anything of it is believed. */
public sealed interface Signature {
    /** The only algorithm that is accepted. */
    String ALGORITHM = "AWS4-HMAC-SHA256";

    /** Presigned URLs may live seven days at most, as in AWS. */
    int EXPIRES_SECONDS_MAX = 604_800;

    /**
     * A signature of the right form.
     *
     * @param accessKeyId who claims to have signed
     * @param scope what it claims to be good for
     * @param signedHeaders lower-case names, sorted as they came
     * @param hex the signature itself
     * @param timestamp {@code 20260102T030405Z}
     * @param signedAt the same as a time
     * @param sessionToken the token that came along, or null
     * @param expiresSeconds how long a presigned URL lives, or null for the header form
     */
    record Claimed(
            String accessKeyId,
            Scope scope,
            List<String> signedHeaders,
            String hex,
            String timestamp,
            Instant signedAt,
            @Nullable String sessionToken,
            @Nullable Integer expiresSeconds)
            implements Signature {}

    /**
     * A signature that cannot be checked.
     *
     * @param why the fault
     */
    record Unusable(Rejected why) implements Signature {}

    /** Reads the signature of a request: from its Authorization header, else from its query. */
    static Signature of(SignedRequest request) {
        String authorization = request.header("authorization");
        if (authorization != null) {
            return fromHeader(request, authorization);
        }
        if (request.rawQuery().contains("X-Amz-Signature=")) {
            return fromQuery(request);
        }
        return new Unusable(
                new Rejected(Reason.MISSING, "Request is missing Authentication Token"));
    }

    private static Signature fromHeader(SignedRequest request, String authorization) {
        if (!authorization.startsWith(ALGORITHM + " ")
                && !authorization.startsWith(ALGORITHM + "\t")) {
            return incomplete(
                    "Authorization header must begin with '"
                            + ALGORITHM
                            + "'. Authorization is of another form.");
        }
        String credential = null;
        String signedHeaders = null;
        String hex = null;
        int at = ALGORITHM.length();
        while (at < authorization.length()) {
            int comma = authorization.indexOf(',', at);
            int end = comma < 0 ? authorization.length() : comma;
            String part = authorization.substring(at, end).strip();
            int equals = part.indexOf('=');
            if (equals > 0) {
                String value = part.substring(equals + 1);
                switch (part.substring(0, equals)) {
                    case "Credential" -> credential = value;
                    case "SignedHeaders" -> signedHeaders = value;
                    case "Signature" -> hex = value;
                    default -> {}
                }
            }
            at = end + 1;
        }
        var missing = new StringBuilder();
        if (credential == null) {
            missing.append("Authorization header requires 'Credential' parameter. ");
        }
        if (hex == null) {
            missing.append("Authorization header requires 'Signature' parameter. ");
        }
        if (signedHeaders == null) {
            missing.append("Authorization header requires 'SignedHeaders' parameter. ");
        }
        String date = request.header("x-amz-date");
        String httpDate = request.header("date");
        if (date == null && httpDate == null) {
            missing.append(
                    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date'"
                            + " header. ");
        }
        if (credential == null || hex == null || signedHeaders == null || !missing.isEmpty()) {
            return incomplete(missing.toString().strip());
        }
        Instant signedAt = date != null ? basicTime(date) : httpTime(httpDate);
        if (signedAt == null) {
            return incomplete("Date must be in ISO-8601 'basic format'.");
        }
        String timestamp = date != null ? date : BASIC.format(signedAt.atOffset(ZoneOffset.UTC));
        return claimed(
                credential,
                signedHeaders,
                hex,
                timestamp,
                signedAt,
                request.header("x-amz-security-token"),
                null);
    }

    private static Signature fromQuery(SignedRequest request) {
        String query = request.rawQuery();
        String algorithm = UriText.parameter(query, "X-Amz-Algorithm");
        String credential = UriText.parameter(query, "X-Amz-Credential");
        String date = UriText.parameter(query, "X-Amz-Date");
        String signedHeaders = UriText.parameter(query, "X-Amz-SignedHeaders");
        String expires = UriText.parameter(query, "X-Amz-Expires");
        String hex = UriText.parameter(query, "X-Amz-Signature");
        if (!ALGORITHM.equals(algorithm)
                || credential == null
                || date == null
                || signedHeaders == null
                || hex == null) {
            return incomplete(
                    "AWS query-string parameters must include 'X-Amz-Algorithm',"
                            + " 'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders' and"
                            + " 'X-Amz-Date'.");
        }
        Instant signedAt = basicTime(date);
        if (signedAt == null) {
            return incomplete("X-Amz-Date must be in ISO-8601 'basic format'.");
        }
        int seconds = expires == null ? 0 : wholeNumber(expires);
        if (seconds < 0 || seconds > EXPIRES_SECONDS_MAX) {
            return incomplete("X-Amz-Expires must be a number of seconds from 0 to 604800.");
        }
        // Without X-Amz-Expires the ordinary five minutes hold.
        Integer life = expires == null ? null : Integer.valueOf(seconds);
        String token = UriText.parameter(query, "X-Amz-Security-Token");
        return claimed(credential, signedHeaders, hex, date, signedAt, token, life);
    }

    private static Signature claimed(
            String credential,
            String signedHeaders,
            String hex,
            String timestamp,
            Instant signedAt,
            @Nullable String token,
            @Nullable Integer expires) {
        Scope.Credential parts = Scope.parse(credential);
        if (parts == null) {
            return incomplete(
                    "Credential must have exactly 5 slash-delimited elements, e.g."
                            + " keyid/date/region/service/term.");
        }
        if (!timestamp.startsWith(parts.scope().date())) {
            return new Unusable(
                    new Rejected(
                            Reason.WRONG_SCOPE,
                            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of"
                                    + " date from HTTP: '"
                                    + parts.scope().date()
                                    + "' != '"
                                    + timestamp.substring(0, 8)
                                    + "', from '"
                                    + timestamp
                                    + "'."));
        }
        return new Claimed(
                parts.accessKeyId(),
                parts.scope(),
                UriText.split(signedHeaders, ';'),
                hex,
                timestamp,
                signedAt,
                token,
                expires);
    }

    private static Unusable incomplete(String message) {
        return new Unusable(new Rejected(Reason.INCOMPLETE, message));
    }

    /** How signatures write times. */
    DateTimeFormatter BASIC = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'");

    /** The time that {@code 20260102T030405Z} names, or null when it has another form. */
    static @Nullable Instant basicTime(String text) {
        if (text.length() != 16 || text.charAt(8) != 'T' || text.charAt(15) != 'Z') {
            return null;
        }
        int date = digits(text, 0, 8);
        int time = digits(text, 9, 15);
        if (date < 0 || time < 0) {
            return null;
        }
        try {
            return LocalDateTime.of(
                            date / 10_000,
                            date / 100 % 100,
                            date % 100,
                            time / 10_000,
                            time / 100 % 100,
                            time % 100)
                    .toInstant(ZoneOffset.UTC);
        } catch (DateTimeException _) {
            return null;
        }
    }

    private static @Nullable Instant httpTime(@Nullable String text) {
        try {
            return text == null
                    ? null
                    : ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
        } catch (DateTimeException _) {
            return null;
        }
    }

    private static int wholeNumber(String text) {
        return text.isEmpty() || text.length() > 7 ? -1 : digits(text, 0, text.length());
    }

    private static int digits(String text, int from, int to) {
        int value = 0;
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            value = value * 10 + (c - '0');
        }
        return value;
    }
}
