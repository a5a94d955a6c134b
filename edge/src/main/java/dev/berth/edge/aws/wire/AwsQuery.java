package dev.berth.edge.aws.wire;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.model.Member;
import dev.berth.edge.aws.model.OperationModel;
import dev.berth.edge.aws.model.ServiceModel;
import dev.berth.edge.aws.model.Shape.ErrorTrait;
import dev.berth.edge.aws.model.Shape.Listing;
import dev.berth.edge.aws.model.Shape.Scalar;
import dev.berth.edge.aws.model.Shape.Structure;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The query protocol of IAM and STS: a form comes in, XML with a result wrapper goes out, lists
 * stand in {@code member}. Source: terraform-calls §2.6 (R)
 */
public final class AwsQuery implements Protocol, FormReader.Dialect {
    private final ServiceModel model;
    private final String namespace;

    /** Serves this service. */
    AwsQuery(ServiceModel model) {
        this.model = model;
        this.namespace = model.metadata("xmlNamespace");
    }

    @Override
    public Target target(WireRequest request) throws Refused {
        return QueryTargets.target(model, request);
    }

    @Override
    public Map<String, Object> input(Target.Described target, WireRequest request) throws Refused {
        return new FormReader(model, this, Parameters.of(request))
                .structure(model.structure(target.operation().input()), "");
    }

    @Override
    public String nameOf(Member member) {
        return member.wireName();
    }

    @Override
    public String elements(String name, Member member, Listing list) {
        Member element = list.element();
        if (!member.flattened() && !list.flattened()) {
            return name + '.' + element.wireName();
        }
        String own = element.locationName();
        return own == null ? name : name.substring(0, name.lastIndexOf('.') + 1) + own;
    }

    @Override
    public AwsFault wrongType(String name, String value, Scalar expected) {
        // Our choice of code and words.
        return new AwsFault(
                "ValidationError",
                400,
                "Value '%s' at '%s' is not a valid %s."
                        .formatted(value, name, FromText.kindName(expected)));
    }

    @Override
    public WireAnswer output(
            OperationModel operation,
            Map<String, ? extends @Nullable Object> output,
            String requestId) {
        var out = new StringBuilder(512);
        String response = operation.name() + "Response";
        out.append('<').append(response).append(" xmlns=\"").append(namespace).append("\">");
        String wrapper = operation.resultWrapper();
        if (wrapper != null) {
            out.append('<').append(wrapper).append('>');
        }
        new XmlWriter(model, "member", Times::seconds, out)
                .members(model.structure(operation.output()), output);
        if (wrapper != null) {
            out.append("</").append(wrapper).append('>');
        }
        out.append("<ResponseMetadata>");
        XmlWriter.text(out, "RequestId", requestId);
        out.append("</ResponseMetadata></").append(response).append('>');
        return new WireAnswer(operation.responseCode(), headers(requestId), out.toString());
    }

    @Override
    public WireAnswer fault(AwsFault fault, String requestId) {
        Structure known = model.error(fault.code());
        ErrorTrait trait = known == null ? null : known.error();
        String code = trait == null ? fault.code() : trait.code();
        Integer status = trait == null ? null : trait.httpStatus();
        return fault(
                namespace, code, status == null ? fault.httpStatus() : status, fault, requestId);
    }

    /** An error envelope for a service whose model we may not have. */
    static WireAnswer fault(
            String namespace, String code, int status, AwsFault fault, String requestId) {
        var out = new StringBuilder(256);
        out.append("<ErrorResponse xmlns=\"").append(namespace).append("\"><Error>");
        XmlWriter.text(out, "Type", status < 500 ? "Sender" : "Receiver");
        XmlWriter.text(out, "Code", code);
        XmlWriter.text(out, "Message", fault.message());
        out.append("</Error>");
        XmlWriter.text(out, "RequestId", requestId);
        out.append("</ErrorResponse>");
        return new WireAnswer(status, headers(requestId), out.toString());
    }

    private static Map<String, String> headers(String requestId) {
        return Map.of("Content-Type", "text/xml", "x-amzn-RequestId", requestId);
    }
}
