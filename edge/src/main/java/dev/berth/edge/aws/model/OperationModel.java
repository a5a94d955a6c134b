package dev.berth.edge.aws.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An operation as the model describes it.
 *
 * @param name such as {@code CreateFargateProfile}
 * @param method the HTTP method
 * @param requestUri a path template such as <code>/clusters/{name}</code>
 * @param responseCode the HTTP status of a success
 * @param input the name of the input structure, or null without input
 * @param output the name of the output structure, or null without output
 * @param resultWrapper the element around the output in the query protocol, or null
 * @param errors names of error structures
 */
public record OperationModel(
        String name,
        String method,
        String requestUri,
        int responseCode,
        @Nullable String input,
        @Nullable String output,
        @Nullable String resultWrapper,
        List<String> errors) {}
