package dev.berth.engine.nodes;

import dev.berth.core.node.HostFacts;
import dev.berth.core.node.NodeLease;
import dev.berth.core.node.NodeView;
import dev.berth.core.node.NodeView.NodeImage;
import dev.berth.core.node.OrdinaryNode;
import dev.berth.core.node.OrdinaryNodeObject;
import dev.berth.core.node.OrdinaryNodeObject.Pressure;
import dev.berth.engine.podworker.Machine;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.PodFiles.Owner;
import dev.berth.port.PodNetwork.Attachment;
import dev.berth.port.PodNetwork.NetworkFailed;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one ordinary node alive: its network on this machine, its Node object, its lease, and its
 * status, which is written when it has changed, and otherwise every five minutes. One virtual
 * thread owns all of it; any thread may {@link #look}.
 */
final class NodeKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeKeeper.class);

    /** As a kubelet's {@code nodeStatusReportFrequency}. */
    private static final Duration REPORT_EVERY = Duration.ofMinutes(5);

    /** Whose folder a node's network is noted under; no cluster can be called so. */
    static final String OWNER = "node of a cluster";

    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration END_AT_MOST = Duration.ofSeconds(10);

    private final OrdinaryNode node;
    private final KubeApi api;
    private final Machine machine;
    private final HostFacts host;
    private final Supplier<List<NodeImage>> images;
    private final Supplier<Pressure> pressure;
    private final ArrayBlockingQueue<Boolean> looks = new ArrayBlockingQueue<>(1);
    private final Thread thread;
    private boolean attached;
    private String uid = "";
    private @Nullable NodeView told;
    private Instant toldAt = Instant.EPOCH;
    private String complaint = "";
    private volatile boolean closed;

    NodeKeeper(
            OrdinaryNode node,
            KubeApi api,
            Machine machine,
            HostFacts host,
            Supplier<List<NodeImage>> images,
            Supplier<Pressure> pressure) {
        this.node = node;
        this.api = api;
        this.machine = machine;
        this.host = host;
        this.images = images;
        this.pressure = pressure;
        thread = Thread.ofVirtual().name("node-" + node.name()).unstarted(this::run);
    }

    OrdinaryNode node() {
        return node;
    }

    /** Gives the node its network, unless that must wait, and begins. */
    void start() {
        try {
            attach();
        } catch (FilesFailed | NetworkFailed later) {
            LOG.warn("node has no network yet node={} why={}", node.name(), later.getMessage());
        }
        thread.start();
    }

    /** Looks at once, and so tells what has changed. */
    void look() {
        var _ = looks.offer(true);
    }

    private void attach() throws FilesFailed, NetworkFailed {
        machine.files().prepare(node.id(), new Owner(OWNER, node.cluster(), node.name()));
        machine.network()
                .attach(
                        new Attachment(
                                node.id(),
                                node.vpcId(),
                                node.address(),
                                node.name(),
                                null,
                                node.cluster()));
        attached = true;
    }

    private void run() {
        try {
            while (!closed) {
                var pause = NodeLease.RENEW_EVERY;
                try {
                    if (!attached) {
                        attach();
                    }
                    var now = machine.time().now();
                    if (uid.isEmpty()) {
                        var first = object(List.of(), now);
                        uid = api.registerNode(NodeObjects.toPort(first));
                        told = first;
                        toldAt = now;
                        LOG.info("node is registered node={}", node.name());
                    }
                    api.renewLease(node.name(), uid, (int) NodeLease.DURATION.toSeconds(), now);
                    report(now);
                    complaint = "";
                } catch (KubeUnavailable | KubeRefused | FilesFailed | NetworkFailed e) {
                    pause = uid.isEmpty() ? RETRY : pause;
                    complain(String.valueOf(e.getMessage()));
                }
                await(pause);
            }
        } catch (InterruptedException stop) {
            LOG.debug("node is left alone node={}", node.name());
        }
    }

    private void report(Instant now) throws KubeRefused {
        var before = told == null ? List.<NodeView.NodeCondition>of() : told.conditions();
        var present = object(before, now);
        if (told != null
                && OrdinaryNodeObject.same(told, present)
                && now.isBefore(toldAt.plus(REPORT_EVERY))) {
            return;
        }
        api.writeNodeStatus(NodeObjects.toPort(present));
        told = present;
        toldAt = now;
    }

    private NodeView object(List<NodeView.NodeCondition> before, Instant now) {
        return OrdinaryNodeObject.of(node, host, before, pressure.get(), images.get(), now);
    }

    private void complain(String why) {
        if (!why.equals(complaint)) {
            complaint = why;
            LOG.warn("node is not kept alive node={} why={}", node.name(), why);
        }
    }

    private void await(Duration pause) throws InterruptedException {
        var timer = machine.time().after(pause, this::look);
        try {
            looks.take();
        } finally {
            timer.close();
        }
    }

    /** Lets go of it: the Node object and the network stay. */
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            if (!thread.join(END_AT_MOST)) {
                LOG.warn("node does not end node={}", node.name());
            }
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
    }
}
