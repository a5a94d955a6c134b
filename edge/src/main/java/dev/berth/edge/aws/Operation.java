package dev.berth.edge.aws;

import dev.berth.core.fault.Refused;
import dev.berth.core.identity.Principal;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One operation of an AWS service. Input and output are trees keyed by the service model's member
 * names: String, Long, Double, Boolean, byte[], {@link java.time.Instant}, List, Map. The protocol
 * engine has already checked the input against the model, and turns the output, or the fault, into
 * the protocol's bytes.
 */
@FunctionalInterface
public interface Operation {
    /**
     * Answers a call.
     *
     * @return the output's members; null members are left out
     * @throws Refused with the error to answer
     */
    Map<String, @Nullable Object> answer(Call call) throws Refused, InterruptedException;

    /**
     * A call whose signature and shape are good.
     *
     * @param caller who signed
     * @param region the region of the signature's scope
     * @param input the input's members; absent ones are absent
     * @param requestId the id that the answer carries
     */
    record Call(Principal caller, String region, Map<String, Object> input, String requestId) {}
}
