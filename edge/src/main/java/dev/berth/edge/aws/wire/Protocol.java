package dev.berth.edge.aws.wire;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.model.OperationModel;
import dev.berth.edge.aws.model.ServiceModel;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A wire protocol bound to one service. Safe for many threads. */
public sealed interface Protocol permits RestJson, AwsJson, AwsQuery, Ec2Query {
    /** The protocol that a service's model asks for. */
    static Protocol of(ServiceModel model) {
        return switch (model.protocol()) {
            case "rest-json" -> new RestJson(model);
            case "json" -> new AwsJson(model);
            case "query" -> new AwsQuery(model);
            case "ec2" -> new Ec2Query(model);
            default -> throw new IllegalStateException("unknown protocol " + model.protocol());
        };
    }

    /**
     * Finds the operation that a request calls.
     *
     * @throws Refused when the request names none at all
     */
    Target target(WireRequest request) throws Refused;

    /**
     * Reads the input. Types are right afterwards; other constraints are not checked.
     *
     * @param target what {@link #target} found in this request
     */
    Map<String, Object> input(Target.Described target, WireRequest request) throws Refused;

    /** Writes an output; members that the model does not have are a programming error. */
    WireAnswer output(
            OperationModel operation,
            Map<String, ? extends @Nullable Object> output,
            String requestId);

    /** Writes a fault; where the model knows its code, the model's status counts. */
    WireAnswer fault(AwsFault fault, String requestId);

    /** What a request calls. */
    sealed interface Target {
        /**
         * An operation that the model describes.
         *
         * @param operation the operation
         * @param labels the decoded labels of its path
         */
        record Described(OperationModel operation, Map<String, String> labels) implements Target {}

        /**
         * An operation that the model does not describe.
         *
         * @param name what the request called it
         * @param unknown what AWS answers to an operation that does not exist
         */
        record Other(String name, AwsFault unknown) implements Target {}
    }
}
