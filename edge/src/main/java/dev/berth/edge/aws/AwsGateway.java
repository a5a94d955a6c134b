package dev.berth.edge.aws;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.AwsServices.Loaded;
import dev.berth.edge.aws.AwsServices.Service;
import dev.berth.edge.aws.model.OperationModel;
import dev.berth.edge.aws.wire.Envelopes;
import dev.berth.edge.aws.wire.Protocol.Target;
import dev.berth.edge.aws.wire.WireAnswer;
import dev.berth.edge.aws.wire.WireRequest;
import dev.berth.engine.account.signature.Scope;
import dev.berth.engine.account.signature.Signature;
import dev.berth.engine.account.signature.SignatureVerifier;
import dev.berth.engine.account.signature.Verdict;
import dev.berth.engine.account.signature.Verdict.Reason;
import dev.berth.engine.account.signature.Verdict.Rejected;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of one call, free of HTTP: whose signature, which service, which operation, is the input
 * good, then the operation, then the answer's bytes. Safe for many threads.
 */
final class AwsGateway {
    private static final Logger LOG = LoggerFactory.getLogger(AwsGateway.class);

    /** Names that are remembered as logged; beyond them nothing more is logged. */
    private static final int LOGGED_MAX = 1000;

    /** Services that are global: their calls are signed for us-east-1 from everywhere. */
    private static final Set<String> GLOBAL = Set.of("iam", "sts");

    private final AwsServices services;
    private final SignatureVerifier verifier;
    private final String region;
    private final Supplier<Instant> clock;
    private final Set<String> logged = ConcurrentHashMap.newKeySet();

    AwsGateway(
            AwsServices services,
            SignatureVerifier verifier,
            String region,
            Supplier<Instant> clock) {
        this.services = services;
        this.verifier = verifier;
        this.region = region;
        this.clock = clock;
    }

    /** Answers a call, whatever happens. */
    WireAnswer answer(WireRequest request, String requestId) throws InterruptedException {
        try {
            return switch (Signature.of(request.head())) {
                case Signature.Unusable unusable -> unsigned(request, unusable.why(), requestId);
                case Signature.Claimed claimed -> {
                    Service service = services.service(claimed.scope().service());
                    yield service == null
                            ? notServed(request, claimed, requestId)
                            : signed(request, claimed, service, requestId);
                }
            };
        } catch (RuntimeException e) {
            var dialect =
                    Envelopes.looksLikeQuery(request.head())
                            ? AuthFaults.Dialect.QUERY
                            : AuthFaults.Dialect.JSON;
            return Envelopes.fault(
                    request.head(), failed(requestId, "none", dialect, e), requestId);
        }
    }

    /**
     * A failure that is not the caller's, told in the log and to the caller without its inside.
     * That the world's failures are 503 and not 500 is in EKS' model; the text is that of AWS's
     * common errors.
     */
    private AwsFault failed(
            String requestId, String service, AuthFaults.Dialect dialect, RuntimeException e) {
        if (services.mayPass(e)) {
            LOG.warn(
                    "call cannot be served now requestId={} service={} why={}",
                    requestId,
                    service,
                    e.getMessage());
            return new AwsFault(
                    dialect == AuthFaults.Dialect.JSON
                            ? "ServiceUnavailableException"
                            : "ServiceUnavailable",
                    503,
                    "The request has failed due to a temporary failure of the server.");
        }
        LOG.error("call failed requestId={} service={}", requestId, service, e);
        return new AwsFault(
                "InternalFailure",
                500,
                "The request processing has failed because of an unknown error, exception or failure.");
    }

    /** The refusal of a body that is too big to be read. */
    WireAnswer tooLarge(WireRequest head, long bytesMax, String requestId) {
        // Code and words are our choice.
        var fault =
                new AwsFault(
                        "RequestEntityTooLarge",
                        413,
                        "The request's body is larger than " + bytesMax + " bytes.");
        if (Signature.of(head.head()) instanceof Signature.Claimed claimed) {
            Service service = services.service(claimed.scope().service());
            if (service != null) {
                return service.loaded().protocol().fault(fault, requestId);
            }
        }
        return Envelopes.fault(head.head(), fault, requestId);
    }

    private WireAnswer unsigned(WireRequest request, Rejected why, String requestId) {
        var dialect =
                Envelopes.looksLikeQuery(request.head())
                        ? AuthFaults.Dialect.QUERY
                        : AuthFaults.Dialect.JSON;
        return Envelopes.fault(request.head(), AuthFaults.of(why, dialect), requestId);
    }

    /** AWS has the service, Berth has not: only who may call here is told so. */
    private WireAnswer notServed(WireRequest request, Signature.Claimed claimed, String requestId) {
        String name = claimed.scope().service();
        Verdict verdict = verifier.verify(claimed, request.head(), request.body(), clock.get());
        AwsFault fault =
                switch (verdict) {
                    case Rejected rejected -> AuthFaults.of(rejected, AuthFaults.Dialect.JSON);
                    case Verdict.Accepted _ -> {
                        logOnce("service " + name);
                        yield new AwsFault(
                                "NotImplemented",
                                501,
                                "Berth does not serve the AWS service '" + name + "'.");
                    }
                };
        return name.equals("s3")
                ? Envelopes.restXml(fault, requestId)
                : Envelopes.fault(request.head(), fault, requestId);
    }

    private WireAnswer signed(
            WireRequest request, Signature.Claimed claimed, Service service, String requestId)
            throws InterruptedException {
        Loaded loaded = service.loaded();
        try {
            Verdict verdict = wrongRegion(claimed.scope());
            if (verdict == null) {
                verdict = verifier.verify(claimed, request.head(), request.body(), clock.get());
            }
            return switch (verdict) {
                case Rejected rejected ->
                        loaded.protocol()
                                .fault(
                                        AuthFaults.of(
                                                rejected,
                                                AuthFaults.Dialect.of(loaded.model().protocol())),
                                        requestId);
                case Verdict.Accepted accepted ->
                        operate(request, accepted, service, loaded, requestId);
            };
        } catch (Refused refused) {
            return loaded.protocol().fault(refused.fault(), requestId);
        } catch (RuntimeException e) {
            return loaded.protocol()
                    .fault(
                            failed(
                                    requestId,
                                    loaded.model().service(),
                                    AuthFaults.Dialect.of(loaded.model().protocol()),
                                    e),
                            requestId);
        }
    }

    private @Nullable Rejected wrongRegion(Scope scope) {
        if (scope.region().equals(region)
                || (GLOBAL.contains(scope.service()) && scope.region().equals("us-east-1"))) {
            return null;
        }
        return new Rejected(
                Reason.WRONG_SCOPE,
                "Credential should be scoped to a valid region. This endpoint serves '"
                        + region
                        + "'.");
    }

    private WireAnswer operate(
            WireRequest request,
            Verdict.Accepted accepted,
            Service service,
            Loaded loaded,
            String requestId)
            throws Refused, InterruptedException {
        return switch (loaded.protocol().target(request)) {
            case Target.Other other -> throw new Refused(missing(loaded, other));
            case Target.Described described -> {
                OperationModel model = described.operation();
                Operation operation = service.operation(model.name());
                if (operation == null) {
                    throw new Refused(notBuilt(loaded.model().service(), model.name()));
                }
                Map<String, Object> input = loaded.protocol().input(described, request);
                loaded.validator().check(model.input(), input);
                refuseDryRun(loaded, input);
                var call =
                        new Operation.Call(
                                accepted.principal(), accepted.scope().region(), input, requestId);
                yield loaded.protocol().output(model, operation.answer(call), requestId);
            }
        };
    }

    /** EC2's dry runs end here: every caller is allowed everything. */
    private static void refuseDryRun(Loaded loaded, Map<String, Object> input) throws Refused {
        if (Boolean.TRUE.equals(input.get("DryRun")) && loaded.model().protocol().equals("ec2")) {
            throw new Refused(
                    new AwsFault(
                            "DryRunOperation",
                            412,
                            "Request would have succeeded, but DryRun flag is set."));
        }
    }

    private AwsFault missing(Loaded loaded, Target.Other other) {
        String service = loaded.model().service();
        if (loaded.model().knowsElsewhere(other.name())) {
            return notBuilt(service, other.name());
        }
        logOnce("unknown operation " + service + " " + other.name());
        return other.unknown();
    }

    /**
     * What AWS has and Berth has not. 501 because clients repeat a 500 for minutes. Source:
     * terraform-calls §2.3 (R)
     */
    private AwsFault notBuilt(String service, String operation) {
        logOnce("operation " + service + " " + operation);
        return new AwsFault(
                "NotImplemented",
                501,
                "Berth does not have the operation " + operation + " of '" + service + "' yet.");
    }

    private void logOnce(String what) {
        if (logged.size() < LOGGED_MAX && logged.add(what)) {
            LOG.warn("not served: {}", what);
        }
    }
}
