package dev.berth.edge.aws.wire;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.model.OperationModel;
import dev.berth.edge.aws.model.ServiceModel;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The JSON protocol of services like CloudWatch Logs: the operation is named in a header. */
public final class AwsJson implements Protocol {
    private final ServiceModel model;
    private final JsonBody json;
    private final String targetPrefix;
    private final String contentType;

    /** Serves this service. */
    AwsJson(ServiceModel model) {
        this.model = model;
        this.json = new JsonBody(model);
        this.targetPrefix = model.metadata("targetPrefix") + ".";
        this.contentType = "application/x-amz-json-" + model.metadata("jsonVersion");
    }

    @Override
    public Target target(WireRequest request) {
        String target = request.head().header("x-amz-target");
        String name =
                target != null && target.startsWith(targetPrefix)
                        ? target.substring(targetPrefix.length())
                        : "";
        OperationModel operation = model.operations().get(name);
        if (operation != null) {
            return new Target.Described(operation, Map.of());
        }
        return new Target.Other(
                name,
                new AwsFault(
                        "UnknownOperationException",
                        400,
                        target == null
                                ? "The header X-Amz-Target is missing."
                                : "There is no operation " + target + "."));
    }

    @Override
    public Map<String, Object> input(Target.Described target, WireRequest request) throws Refused {
        var input = new LinkedHashMap<String, Object>();
        json.read(model.structure(target.operation().input()), json.parse(request.body()), input);
        return input;
    }

    @Override
    public WireAnswer output(
            OperationModel operation,
            Map<String, ? extends @Nullable Object> output,
            String requestId) {
        var out = new StringBuilder(256);
        if (operation.output() != null) {
            json.write(out, model.structure(operation.output()), output);
        }
        return new WireAnswer(operation.responseCode(), headers(requestId), out.toString());
    }

    @Override
    public WireAnswer fault(AwsFault fault, String requestId) {
        return new WireAnswer(
                JsonFaults.status(model, fault),
                headers(requestId),
                JsonFaults.body(model, fault, fault.code()));
    }

    private Map<String, String> headers(String requestId) {
        return Map.of("Content-Type", contentType, "x-amzn-RequestId", requestId);
    }
}
