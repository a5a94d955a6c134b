package dev.berth.edge.cli;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the commands do. Each returns the process's exit code: 0 when it did what it says, 1 when it
 * could not and has said why on standard error.
 */
public interface Actions {
    /**
     * Starts Berth and stays until it is told to stop, or with {@code detach} returns once it
     * answers.
     */
    int up(Options options, boolean detach) throws Exception;

    /** Prints {@code export} lines for AWS clients. */
    int env(Path data) throws Exception;

    /** Prints a kubeconfig, or writes it to a file. */
    int kubeconfig(Path data, String cluster, @Nullable Path file) throws Exception;

    /** Prints an ExecCredential for kubectl. */
    int token(Path data, String cluster) throws Exception;

    /** Imports an OCI layout or an archive of {@code docker save}. */
    int importImage(Path data, Path file) throws Exception;

    /** Lists the images of this machine. */
    int listImages(Path data) throws Exception;

    /** Makes nginx, busybox and pause from Debian's packages. */
    int buildDemoImages(Path data, boolean force) throws Exception;

    /** Makes an ordinary node. */
    int addNode(Path data, String cluster, NodeWish wish) throws Exception;

    /** Lists a cluster's ordinary nodes. */
    int listNodes(Path data, String cluster, boolean json) throws Exception;

    /** Removes an ordinary node and its pods. */
    int removeNode(Path data, String cluster, String name) throws Exception;

    /** Tells what runs. */
    int status(Path data, boolean json) throws Exception;

    /** Tells what this machine can and cannot do. */
    int doctor(Path data) throws Exception;

    /** Removes images by name or id. */
    int removeImages(Path data, List<String> images) throws Exception;

    /** Removes the images that no container uses, save those that were imported or built here. */
    int cleanImages(Path data) throws Exception;

    /** Stops all, also what a crash has left behind. */
    int down(Path data, boolean purge) throws Exception;

    /** Walks the lab. */
    int lab(Options options, boolean keepGoing) throws Exception;

    /**
     * An ordinary node to make.
     *
     * @param name its name
     * @param subnet a subnet's id, or null for any
     * @param cpuMillis thousandths of a core
     * @param memoryMebibytes MiB
     * @param diskGibibytes GiB
     * @param pods how many it takes
     * @param hostRoot what hostPath volumes see as {@code /}, or null for a folder of its own
     * @param labels {@code key=value} each
     * @param taints {@code key=value:effect} each
     */
    record NodeWish(
            String name,
            @Nullable String subnet,
            int cpuMillis,
            int memoryMebibytes,
            int diskGibibytes,
            int pods,
            @Nullable String hostRoot,
            List<String> labels,
            List<String> taints) {
        /** Copies the collections. */
        public NodeWish {
            labels = List.copyOf(labels);
            taints = List.copyOf(taints);
        }
    }

    /**
     * How a Berth is to run.
     *
     * @param data the data folder
     * @param port the AWS endpoint's port, 0 for any free one
     * @param listen the address to listen on
     * @param region the AWS region
     * @param account the AWS account, 12 digits
     * @param strictVersions whether unknown Kubernetes versions are refused
     * @param mirrors {@code registry=url} each
     * @param imageSources what else to know of registries and of images' room
     * @param memoryOvercommit how often the memory for pods is given out, 1 or more
     * @param fileSystems {@code fs-…=/folder} each
     * @param accessPoints {@code fsap-…=fs-…:/path[,setting=number…]} each
     */
    record Options(
            Path data,
            int port,
            String listen,
            String region,
            String account,
            boolean strictVersions,
            List<String> mirrors,
            ImageOptions imageSources,
            double memoryOvercommit,
            List<String> fileSystems,
            List<String> accessPoints) {
        /** Copies the collections. */
        public Options {
            mirrors = List.copyOf(mirrors);
            fileSystems = List.copyOf(fileSystems);
            accessPoints = List.copyOf(accessPoints);
        }
    }

    /**
     * How images come and go.
     *
     * @param dockerConfig a {@code config.json} of docker's with credentials, or null
     * @param highPercent at which use of the disk unused images are removed; 100 is never
     * @param maxAgeHours for how long an image may be unused, 0 for ever
     */
    record ImageOptions(@Nullable Path dockerConfig, int highPercent, int maxAgeHours) {
        /** As a kubelet has it. */
        public static final ImageOptions USUAL = new ImageOptions(null, 85, 0);
    }
}
