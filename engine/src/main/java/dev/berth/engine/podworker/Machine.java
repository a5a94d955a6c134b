package dev.berth.engine.podworker;

import dev.berth.port.ContainerRuntime;
import dev.berth.port.Images;
import dev.berth.port.PodFiles;
import dev.berth.port.PodLogs;
import dev.berth.port.PodNetwork;
import dev.berth.port.ProbeNetwork;
import dev.berth.port.Time;

/**
 * The machine that pods run on; all clusters share it.
 *
 * @param runtime runs containers
 * @param network attaches pods to their VPC
 * @param probes asks pods how they are
 * @param images has and fetches images
 * @param files has the pods' volumes and files
 * @param logs has the containers' outputs
 * @param time the clock
 */
public record Machine(
        ContainerRuntime runtime,
        PodNetwork network,
        ProbeNetwork probes,
        Images images,
        PodFiles files,
        PodLogs logs,
        Time time) {}
