package dev.berth.edge.aws.wire;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.model.OperationModel;
import dev.berth.edge.aws.model.ServiceModel;
import dev.berth.edge.aws.wire.Protocol.Target;
import java.util.Map;

/** Finds the operation of a query protocol by its {@code Action}. */
final class QueryTargets {
    private QueryTargets() {}

    static Target target(ServiceModel model, WireRequest request) throws Refused {
        String action = Parameters.of(request).get("Action");
        if (action == null) {
            throw new Refused(
                    new AwsFault(
                            "MissingAction", 400, "The request must contain the parameter Action"));
        }
        OperationModel operation = model.operations().get(action);
        if (operation != null) {
            return new Target.Described(operation, Map.of());
        }
        return new Target.Other(
                action,
                new AwsFault(
                        "InvalidAction",
                        400,
                        "The action " + action + " is not valid for this web service."));
    }
}
