package dev.berth.edge.aws.wire;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.model.ModelReader;
import dev.berth.edge.aws.model.OperationModel;
import dev.berth.edge.aws.model.ServiceModel;
import dev.berth.edge.aws.wire.Protocol.Target;
import dev.berth.engine.account.signature.SignedRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** One service's protocol, spoken to by tests in text. */
final class Wire {
    private final ServiceModel model;
    final Protocol protocol;

    Wire(String service) {
        model = new ModelReader().read(service);
        protocol = Protocol.of(model);
    }

    static WireRequest request(
            String method, String path, Map<String, String> headers, String body) {
        int question = path.indexOf('?');
        var all = new TreeMap<String, List<String>>();
        headers.forEach((name, value) -> all.put(name, List.of(value)));
        return new WireRequest(
                new SignedRequest(
                        method,
                        question < 0 ? path : path.substring(0, question),
                        question < 0 ? "" : path.substring(question + 1),
                        all),
                body.getBytes(StandardCharsets.UTF_8));
    }

    static WireRequest form(String form) {
        return request("POST", "/", Map.of(), form);
    }

    /** The name of the operation and its input. */
    Map.Entry<String, Map<String, Object>> read(WireRequest request) throws Refused {
        Target.Described target = (Target.Described) protocol.target(request);
        return Map.entry(target.operation().name(), protocol.input(target, request));
    }

    String write(String operation, Map<String, ?> output) {
        return text(protocol.output(described(operation), output, "id-1"));
    }

    OperationModel described(String operation) {
        return Objects.requireNonNull(model.operations().get(operation));
    }

    static String text(WireAnswer answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }
}
