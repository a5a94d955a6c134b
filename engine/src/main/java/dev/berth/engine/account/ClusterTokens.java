package dev.berth.engine.account;

import dev.berth.engine.account.signature.SignatureVerifier;
import dev.berth.engine.account.signature.Verdict;
import dev.berth.engine.account.signature.Verdict.Accepted;
import dev.berth.engine.account.signature.Verdict.Reason;
import dev.berth.engine.account.signature.Verdict.Rejected;
import dev.berth.port.Time;
import java.time.Duration;
import java.util.Map;

/**
 * Verifies cluster tokens with the account's own keys: what STS would answer if the URL were
 * fetched, without asking anybody. Safe for many threads.
 */
public final class ClusterTokens implements PresignedIdentity {
    /** How long a token is good after its date. Source: eks-fargate §13.1 (D) */
    public static final Duration LIFE = Duration.ofMinutes(15);

    private final SignatureVerifier verifier;
    private final Time time;

    /** Verifies with the keys that the verifier knows. */
    public ClusterTokens(SignatureVerifier verifier, Time time) {
        this.verifier = verifier;
        this.time = time;
    }

    @Override
    public Verdict verify(String url, String clusterName) {
        var verdict =
                verifier.verifyPresigned(
                        url, Map.of("x-k8s-aws-id", clusterName), LIFE, time.now());
        return switch (verdict) {
            case Accepted accepted when !accepted.scope().service().equals("sts") ->
                    new Rejected(
                            Reason.WRONG_SCOPE,
                            "Credential should be scoped to correct service: 'sts'.");
            case Accepted accepted -> accepted;
            case Rejected rejected -> rejected;
        };
    }
}
