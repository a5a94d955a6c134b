package dev.berth.port;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs the control planes of clusters: a key-value store, an API server, controllers and the
 * default scheduler each. What a control plane has stored outlives its processes, which end with
 * Berth; starting it again finds everything as it was.
 */
public interface ControlPlanes {
    /**
     * The minor versions that can be run, such as {@code 1.36}, oldest first, newest last; never
     * empty.
     */
    List<String> versions();

    /** The minor version for clusters that ask for none; one of {@link #versions()}. */
    String defaultVersion();

    /**
     * Starts a cluster's control plane, or finds it started, and returns when its API server
     * answers. What a failed start has begun is rolled back, but for stored data.
     *
     * @param progress told in a few words what is being done, for people; may be called from any
     *     thread
     * @throws ControlPlaneFailed when it cannot be started; a later attempt may work
     */
    ControlPlane start(Plan plan, Consumer<String> progress)
            throws ControlPlaneFailed, InterruptedException;

    /**
     * Removes all that a control plane has kept: its data, keys and files. Stops it first when it
     * runs; nothing when there is nothing.
     *
     * @throws ControlPlaneFailed when something is left; calling again may finish it
     */
    void delete(String clusterName) throws ControlPlaneFailed, InterruptedException;

    /**
     * What to run.
     *
     * @param clusterName unique in this Berth; letters, digits, {@code -} and {@code _}
     * @param clusterId 32 upper-case hex digits, as in AWS's endpoint and issuer names; new for
     *     each cluster, even of an old name
     * @param clusterArn its ARN
     * @param region such as {@code eu-west-1}
     * @param accountId 12 digits
     * @param version one of {@link #versions()}
     * @param serviceCidr the range of its Services, such as {@code 10.100.0.0/16}
     * @param vpcId the VPC of its subnets, where its pods will live
     * @param addressInVpc the address at which pods of the VPC shall find the API server, or null
     *     to leave the choice to the adapter
     */
    record Plan(
            String clusterName,
            String clusterId,
            String clusterArn,
            String region,
            String accountId,
            String version,
            String serviceCidr,
            String vpcId,
            @Nullable String addressInVpc) {}

    /** A control plane whose API server answers, until it is stopped. */
    interface ControlPlane {
        /** The URL for clients on this machine, {@code https://…}, without a path. */
        String endpoint();

        /** The certificates that {@link #endpoint()} is to be checked with. */
        String certificateAuthorityPem();

        /** What really runs, such as {@code v1.36.3}. */
        String kubernetesVersion();

        /** The API server, as a member of system:masters; {@link #stop()} closes it. */
        KubeApi api();

        /** The issuer of its service-account tokens, an {@code https} URL. */
        String issuer();

        /**
         * The image of CoreDNS, for the pods that may answer names: a name that {@link Images}
         * knows; empty where there is none.
         */
        Optional<String> coreDnsImage();

        /** How its components are at this moment. */
        Health health();

        /** Tells of every change of {@link #health()} from now on, one call after another. */
        Subscription onHealth(Consumer<Health> listener);

        /** Ends its processes and keeps its data; returns when they are gone. */
        void stop();
    }

    /**
     * How the components of a control plane are.
     *
     * @param problems one {@code component: what is wrong} for each ailing component, such as
     *     {@code kube-scheduler: restarting, exit code 1}; empty when all is well
     */
    record Health(List<String> problems) {
        /** Copies the list. */
        public Health {
            problems = List.copyOf(problems);
        }

        /** All is well. */
        public static Health good() {
            return new Health(List.of());
        }

        /** Whether all is well. */
        public boolean ok() {
            return problems.isEmpty();
        }
    }

    /** A control plane could not be started or removed; the same call may work later. */
    final class ControlPlaneFailed extends Exception {
        private static final long serialVersionUID = 1L;

        /** Says what went wrong, in words for the cluster's owner. */
        public ControlPlaneFailed(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }
}
