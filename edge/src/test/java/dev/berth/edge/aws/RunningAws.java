package dev.berth.edge.aws;

import dev.berth.edge.aws.iam.IamOperations;
import dev.berth.edge.aws.sts.StsOperations;
import dev.berth.engine.account.Credentials;
import dev.berth.engine.account.Roles;
import dev.berth.engine.account.signature.KeyRing;
import dev.berth.port.Store;
import dev.berth.testkit.FakeStore;
import dev.berth.testkit.FakeTime;
import java.io.IOException;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.function.Consumer;

/** An endpoint with IAM and STS on a port of its own, on a Store in memory. */
final class RunningAws implements AutoCloseable {
    static final String REGION = "eu-west-1";
    static final String ACCOUNT = "111122223333";

    final FakeTime time;
    final Credentials credentials;
    final Roles roles;
    private final AwsEndpoint endpoint;

    /** Starts on an empty Store. */
    RunningAws() {
        this(new FakeStore(), _ -> {});
    }

    /** Starts on this Store, with further operations. */
    RunningAws(Store store, Consumer<AwsServices.Builder> more) {
        // Real clients sign with the real time; it stands still unless the test moves it.
        time = new FakeTime(Instant.now());
        var random = new SecureRandom();
        credentials = new Credentials(store, time, random);
        credentials.start(ACCOUNT);
        roles = new Roles(store, time, random, ACCOUNT);
        AwsServices.Builder services = AwsServices.builder();
        StsOperations.register(services, credentials, roles);
        IamOperations.register(services, credentials, roles);
        more.accept(services);
        endpoint =
                new AwsEndpoint(services.build(), credentials, REGION, "127.0.0.1", 0, time::now);
        try {
            endpoint.start();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    KeyRing.Key root() {
        return credentials.root();
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + endpoint.port());
    }

    /** A client that signs with the root's key. */
    SigningClient client() {
        return new SigningClient(uri(), root(), REGION, time::now);
    }

    @Override
    public void close() {
        endpoint.close();
    }
}
