package dev.berth.core.tenancy;

import dev.berth.core.node.OrdinaryNode;
import dev.berth.core.node.OrdinaryNodeObject;
import dev.berth.core.pod.Pod;
import dev.berth.core.size.PodNeed;

/** What a node gives to its pods, in the order in which a kubelet looks at it. */
enum NodeResource {
    /** Places. */
    PODS("pods") {
        @Override
        long requested(Pod pod) {
            return 1;
        }

        @Override
        long capacity(OrdinaryNode node) {
            return node.podsMax();
        }
    },
    /** Millicores. */
    CPU("cpu") {
        @Override
        long requested(Pod pod) {
            return PodNeed.of(pod.spec()).cpu().milliRoundedUp();
        }

        @Override
        long capacity(OrdinaryNode node) {
            return node.cpuMillis();
        }
    },
    /** Bytes. */
    MEMORY("memory") {
        @Override
        long requested(Pod pod) {
            return PodNeed.of(pod.spec()).memory().unitsRoundedUp();
        }

        @Override
        long capacity(OrdinaryNode node) {
            return OrdinaryNodeObject.allocatableMemoryBytes(node);
        }
    },
    /** Bytes. */
    EPHEMERAL_STORAGE("ephemeral-storage") {
        @Override
        long requested(Pod pod) {
            return PodNeed.of(pod.spec()).ephemeralStorage().unitsRoundedUp();
        }

        @Override
        long capacity(OrdinaryNode node) {
            return OrdinaryNodeObject.allocatableDiskBytes(node);
        }
    };

    private final String text;

    NodeResource(String text) {
        this.text = text;
    }

    /** Its Kubernetes name. */
    String text() {
        return text;
    }

    /** How much a pod asks for. */
    abstract long requested(Pod pod);

    /** How much the node has for pods. */
    abstract long capacity(OrdinaryNode node);
}
