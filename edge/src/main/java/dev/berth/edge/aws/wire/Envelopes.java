package dev.berth.edge.aws.wire;

import dev.berth.core.fault.AwsFault;
import dev.berth.engine.account.signature.SignedRequest;
import java.util.Map;

/** Errors for requests whose service is not known: the form is guessed from the request. */
public final class Envelopes {
    private Envelopes() {}

    /** Whether a request looks like one of the query protocols. */
    public static boolean looksLikeQuery(SignedRequest request) {
        String type = request.header("content-type");
        return (type != null && type.startsWith("application/x-www-form-urlencoded"))
                || request.rawQuery().contains("Action=");
    }

    /** An error in the form that the sender most likely reads. */
    public static WireAnswer fault(SignedRequest request, AwsFault fault, String requestId) {
        String target = request.header("x-amz-target");
        if (target != null) {
            return new WireAnswer(
                    fault.httpStatus(),
                    Map.of(
                            "Content-Type",
                            "application/x-amz-json-1.1",
                            "x-amzn-RequestId",
                            requestId),
                    JsonFaults.body(null, fault, fault.code()));
        }
        if (!looksLikeQuery(request)) {
            return RestJson.fault(null, fault, requestId);
        }
        return AwsQuery.fault(
                "https://berth.dev/doc/", fault.code(), fault.httpStatus(), fault, requestId);
    }

    /** S3 and other REST services with XML bodies. */
    public static WireAnswer restXml(AwsFault fault, String requestId) {
        var out = new StringBuilder(256);
        out.append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
        XmlWriter.text(out, "Code", fault.code());
        XmlWriter.text(out, "Message", fault.message());
        XmlWriter.text(out, "RequestId", requestId);
        out.append("</Error>");
        return new WireAnswer(
                fault.httpStatus(),
                Map.of("Content-Type", "application/xml", "x-amz-request-id", requestId),
                out.toString());
    }
}
