package dev.berth.core.pod;

import dev.berth.core.unit.Quantity;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What is wished for, after the API server's defaulting.
 *
 * @param nodeName the node it is bound to, or null before that
 * @param schedulerName who binds it
 * @param serviceAccountName the service account its tokens are made for
 * @param restartPolicy whether ended containers start again
 * @param terminationGraceSeconds from SIGTERM to SIGKILL, 0 or more
 * @param activeDeadlineSeconds how long it may run in all, or null for ever
 * @param hostNetwork whether it asks for the node's network
 * @param hostPid whether it asks for the node's processes
 * @param hostIpc whether it asks for the node's IPC
 * @param shareProcessNamespace whether its containers see each other's processes
 * @param hostname the wished host name, or null for the pod's name
 * @param subdomain the wished subdomain, or null
 * @param setHostnameAsFqdn whether the host name is the full domain name
 * @param enableServiceLinks whether services appear in the environment
 * @param dnsPolicy where names are looked up
 * @param dnsConfig additions to that, or null
 * @param hostAliases further lines of /etc/hosts
 * @param nodeSelector labels its node must have
 * @param requiredNodeTerms required node affinity: one of these terms must hold; empty asks for
 *     nothing
 * @param tolerations the taints it bears
 * @param imagePullSecrets names of secrets with registry credentials
 * @param readinessGates condition types that must be True besides for Ready
 * @param security the pod-level security context
 * @param initContainers in their order
 * @param containers in their order, at least one
 * @param volumes the volumes
 * @param priorityClassName the priority class, or null
 * @param ephemeralContainers containers for looking into a running pod, which users add later
 * @param os the operating system it is for, or null when not said
 * @param priority what its priority class makes of it; more is more important
 * @param runtimeClassName which runtime it asks for, or null for the node's own
 * @param requests what it asks for as a whole, which counts instead of what its containers ask for
 * @param limits what it may use as a whole, which its containers share that have no limit of their
 *     own
 */
public record PodSpec(
        @Nullable String nodeName,
        String schedulerName,
        String serviceAccountName,
        RestartPolicy restartPolicy,
        long terminationGraceSeconds,
        @Nullable Long activeDeadlineSeconds,
        boolean hostNetwork,
        boolean hostPid,
        boolean hostIpc,
        boolean shareProcessNamespace,
        @Nullable String hostname,
        @Nullable String subdomain,
        boolean setHostnameAsFqdn,
        boolean enableServiceLinks,
        String dnsPolicy,
        @Nullable DnsConfig dnsConfig,
        List<HostAlias> hostAliases,
        Map<String, String> nodeSelector,
        List<NodeTerm> requiredNodeTerms,
        List<Toleration> tolerations,
        List<String> imagePullSecrets,
        List<String> readinessGates,
        PodSecurity security,
        List<Container> initContainers,
        List<Container> containers,
        List<Volume> volumes,
        @Nullable String priorityClassName,
        List<Container> ephemeralContainers,
        @Nullable String os,
        int priority,
        @Nullable String runtimeClassName,
        Map<String, Quantity> requests,
        Map<String, Quantity> limits) {
    /** Copies the collections. */
    public PodSpec {
        hostAliases = List.copyOf(hostAliases);
        nodeSelector = Map.copyOf(nodeSelector);
        requiredNodeTerms = List.copyOf(requiredNodeTerms);
        tolerations = List.copyOf(tolerations);
        imagePullSecrets = List.copyOf(imagePullSecrets);
        readinessGates = List.copyOf(readinessGates);
        initContainers = List.copyOf(initContainers);
        containers = List.copyOf(containers);
        volumes = List.copyOf(volumes);
        ephemeralContainers = List.copyOf(ephemeralContainers);
        requests = Map.copyOf(requests);
        limits = Map.copyOf(limits);
    }

    /** The same with these containers, and this as a whole, instead of its own. */
    public PodSpec with(List<Container> inits, List<Container> mains, Grant whole) {
        return new PodSpec(
                nodeName,
                schedulerName,
                serviceAccountName,
                restartPolicy,
                terminationGraceSeconds,
                activeDeadlineSeconds,
                hostNetwork,
                hostPid,
                hostIpc,
                shareProcessNamespace,
                hostname,
                subdomain,
                setHostnameAsFqdn,
                enableServiceLinks,
                dnsPolicy,
                dnsConfig,
                hostAliases,
                nodeSelector,
                requiredNodeTerms,
                tolerations,
                imagePullSecrets,
                readinessGates,
                security,
                inits,
                mains,
                volumes,
                priorityClassName,
                ephemeralContainers,
                os,
                priority,
                runtimeClassName,
                whole.requests(),
                whole.limits());
    }

    /** All containers of every kind: init containers, containers, ephemeral ones. */
    public Stream<Container> everyContainer() {
        return Stream.of(initContainers, containers, ephemeralContainers).flatMap(List::stream);
    }

    /** Whether ended containers start again. */
    public enum RestartPolicy {
        /** Always. */
        ALWAYS,
        /** Only after a failure. */
        ON_FAILURE,
        /** Not at all. */
        NEVER
    }

    /**
     * Additions to resolv.conf.
     *
     * @param nameservers addresses
     * @param searches search domains
     * @param options each {@code name} or {@code name:value}
     */
    public record DnsConfig(List<String> nameservers, List<String> searches, List<String> options) {
        /** Copies the collections. */
        public DnsConfig {
            nameservers = List.copyOf(nameservers);
            searches = List.copyOf(searches);
            options = List.copyOf(options);
        }
    }

    /**
     * One further line of /etc/hosts.
     *
     * @param ip the address
     * @param hostnames its names
     */
    public record HostAlias(String ip, List<String> hostnames) {
        /** Copies the collections. */
        public HostAlias {
            hostnames = List.copyOf(hostnames);
        }
    }

    /**
     * One term of required node affinity: all its requirements must hold.
     *
     * @param expressions over the node's labels
     * @param fields over the node's fields, of which only {@code metadata.name} exists
     */
    public record NodeTerm(List<NodeRequirement> expressions, List<NodeRequirement> fields) {
        /** Copies the collections. */
        public NodeTerm {
            expressions = List.copyOf(expressions);
            fields = List.copyOf(fields);
        }
    }

    /**
     * One requirement of a term.
     *
     * @param key the label or field
     * @param operator In, NotIn, Exists, DoesNotExist, Gt or Lt
     * @param values its operands
     */
    public record NodeRequirement(String key, String operator, List<String> values) {
        /** Copies the collections. */
        public NodeRequirement {
            values = List.copyOf(values);
        }
    }

    /**
     * A taint the pod bears.
     *
     * @param key the taint's key, or null for all
     * @param operator Exists or Equal
     * @param value the taint's value, or null
     * @param effect the effect, or null for all
     * @param seconds how long a NoExecute taint is borne, or null for ever
     */
    public record Toleration(
            @Nullable String key,
            String operator,
            @Nullable String value,
            @Nullable String effect,
            @Nullable Long seconds) {}
}
