package dev.berth.edge.aws;

import dev.berth.edge.aws.model.ModelReader;
import dev.berth.edge.aws.model.ServiceModel;
import dev.berth.edge.aws.validation.Validator;
import dev.berth.edge.aws.wire.Protocol;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The services that are served, and the code behind each operation. A service's model is read when
 * it is first asked for, so that a start need not wait for all of them; {@link #load} reads them
 * ahead of time.
 *
 * <pre>{@code
 * AwsServices.builder()
 *         .operation("sts", "GetCallerIdentity", new GetCallerIdentity())
 *         .operation("eks", "CreateCluster", new CreateCluster(clusters))
 *         .build();
 * }</pre>
 */
public final class AwsServices {
    private final Map<String, Service> services;
    private final Predicate<RuntimeException> passing;

    private AwsServices(
            Map<String, Map<String, Operation>> operations, Predicate<RuntimeException> passing) {
        this.passing = passing;
        var all = new TreeMap<String, Service>();
        var reader = new ModelReader();
        operations.forEach(
                (name, built) -> all.put(name, new Service(name, Map.copyOf(built), reader)));
        this.services = all;
    }

    /** A registry with EKS, EC2, IAM and STS, whose operations all answer 501 so far. */
    public static Builder builder() {
        return new Builder();
    }

    /** The service with this signing name, or null when it is not served at all. */
    @Nullable Service service(String name) {
        return services.get(name);
    }

    /** Whether a failure is the world's, and the same call may work later. */
    boolean mayPass(RuntimeException failure) {
        return passing.test(failure);
    }

    /**
     * Reads all models that were not read so far.
     *
     * @throws IllegalStateException when an operation is registered that its service does not have
     */
    public void load() {
        services.values().forEach(Service::loaded);
    }

    /** Collects operations. */
    public static final class Builder {
        private final Map<String, Map<String, Operation>> operations = new HashMap<>();
        private Predicate<RuntimeException> passing = _ -> false;

        private Builder() {
            for (String service : new String[] {"ec2", "eks", "iam", "sts"}) {
                operations.put(service, new HashMap<>());
            }
        }

        /**
         * Puts code behind an operation.
         *
         * @param service the signing name, such as {@code eks}
         * @param name the operation's name in the service's model, such as {@code CreateCluster}
         * @throws IllegalStateException when the operation has code already
         */
        public Builder operation(String service, String name, Operation operation) {
            Operation before =
                    operations.computeIfAbsent(service, _ -> new HashMap<>()).put(name, operation);
            if (before != null) {
                throw new IllegalStateException(service + " " + name + " is there already");
            }
            return this;
        }

        /**
         * Tells failures of the world, which are answered with 503 so that clients try again, from
         * our own, which are answered with 500.
         */
        public Builder passing(Predicate<RuntimeException> mayPass) {
            passing = mayPass;
            return this;
        }

        /** The registry. */
        public AwsServices build() {
            return new AwsServices(operations, passing);
        }
    }

    /** One service. */
    static final class Service {
        private final String name;
        private final Map<String, Operation> operations;
        private final ModelReader reader;
        private final ReentrantLock loading = new ReentrantLock();
        private volatile @Nullable Loaded loaded;

        Service(String name, Map<String, Operation> operations, ModelReader reader) {
            this.name = name;
            this.operations = operations;
            this.reader = reader;
        }

        @Nullable Operation operation(String operation) {
            return operations.get(operation);
        }

        Loaded loaded() {
            Loaded known = loaded;
            if (known != null) {
                return known;
            }
            loading.lock();
            try {
                known = loaded;
                if (known == null) {
                    known = load();
                    loaded = known;
                }
                return known;
            } finally {
                loading.unlock();
            }
        }

        private Loaded load() {
            ServiceModel model = reader.read(name);
            for (String operation : operations.keySet()) {
                if (!model.operations().containsKey(operation)) {
                    throw new IllegalStateException(name + " has no operation " + operation);
                }
            }
            return new Loaded(model, Protocol.of(model), new Validator(model));
        }
    }

    /**
     * What a model gives.
     *
     * @param model the model
     * @param protocol its wire protocol
     * @param validator checks inputs against it
     */
    record Loaded(ServiceModel model, Protocol protocol, Validator validator) {}
}
