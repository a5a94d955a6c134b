package dev.berth.edge.aws.wire;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.model.Member;
import dev.berth.edge.aws.model.OperationModel;
import dev.berth.edge.aws.model.ServiceModel;
import dev.berth.edge.aws.model.Shape.Listing;
import dev.berth.edge.aws.model.Shape.Scalar;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * EC2's own query protocol: capitalised names and bare indexes come in, XML without a wrapper goes
 * out, lists stand in {@code item}. Source: terraform-calls §2.6 (R)
 */
public final class Ec2Query implements Protocol, FormReader.Dialect {
    private final ServiceModel model;
    private final String namespace;

    /** Serves EC2. */
    Ec2Query(ServiceModel model) {
        this.model = model;
        this.namespace = model.metadata("xmlNamespace") + "/";
    }

    @Override
    public Target target(WireRequest request) throws Refused {
        return QueryTargets.target(model, request);
    }

    @Override
    public Map<String, Object> input(Target.Described target, WireRequest request) throws Refused {
        Parameters parameters = Parameters.of(request);
        Map<String, Object> input =
                new FormReader(model, this, parameters)
                        .structure(model.structure(target.operation().input()), "");
        String unknown = parameters.leftOver();
        if (unknown != null) {
            throw new Refused(
                    new AwsFault(
                            "UnknownParameter",
                            400,
                            "The parameter " + unknown + " is not recognized"));
        }
        return input;
    }

    @Override
    public String nameOf(Member member) {
        String query = member.queryName();
        if (query != null) {
            return query;
        }
        String name = member.wireName();
        return member.locationName() == null
                ? name
                : Character.toUpperCase(name.charAt(0)) + name.substring(1);
    }

    @Override
    public String elements(String name, Member member, Listing list) {
        return name;
    }

    @Override
    public AwsFault wrongType(String name, String value, Scalar expected) {
        // The code is EC2's for any value it cannot use; the words are our choice.
        return new AwsFault(
                "InvalidParameterValue",
                400,
                "Value (%s) for parameter %s is invalid. Expected: '%s'."
                        .formatted(value, name, FromText.kindName(expected)));
    }

    @Override
    public WireAnswer output(
            OperationModel operation,
            Map<String, ? extends @Nullable Object> output,
            String requestId) {
        var out = new StringBuilder(512);
        out.append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        String response = operation.name() + "Response";
        out.append('<').append(response).append(" xmlns=\"").append(namespace).append("\">");
        XmlWriter.text(out, "requestId", requestId);
        if (operation.output() == null) {
            XmlWriter.text(out, "return", "true");
        }
        new XmlWriter(model, "item", Times::millis, out)
                .members(model.structure(operation.output()), output);
        out.append("</").append(response).append('>');
        return new WireAnswer(operation.responseCode(), headers(requestId), out.toString());
    }

    @Override
    public WireAnswer fault(AwsFault fault, String requestId) {
        var out = new StringBuilder(256);
        out.append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>");
        XmlWriter.text(out, "Code", fault.code());
        XmlWriter.text(out, "Message", fault.message());
        out.append("</Error></Errors>");
        XmlWriter.text(out, "RequestID", requestId);
        out.append("</Response>");
        return new WireAnswer(fault.httpStatus(), headers(requestId), out.toString());
    }

    private static Map<String, String> headers(String requestId) {
        return Map.of("Content-Type", "text/xml;charset=UTF-8", "x-amzn-RequestId", requestId);
    }
}
