package dev.berth.adapter.controlplane;

import dev.berth.port.ControlPlanes.ControlPlaneFailed;
import dev.berth.port.ControlPlanes.Plan;
import java.nio.file.Path;
import java.util.Optional;

/** Gives clusters their places in the networks of their VPCs. */
@FunctionalInterface
public interface VpcPlaces {
    /** For control planes without pods around them. */
    VpcPlaces NONE = (plan, port) -> Optional.empty();

    /**
     * Makes the API server be seen in the VPC, at the plan's address there, until the place is
     * closed. Empty when the cluster has no address there.
     *
     * @param port where the API server listens on this machine's loopback, and in the VPC
     */
    Optional<VpcPlace> take(Plan plan, int port) throws ControlPlaneFailed;

    /** A cluster's place in its VPC's network. */
    interface VpcPlace extends AutoCloseable {
        /** The network namespace in which the cluster's Services are to be, and no other's. */
        Path namespace();

        /** The name server for names outside the cluster, as seen from that namespace. */
        String resolver();

        @Override
        void close();
    }
}
