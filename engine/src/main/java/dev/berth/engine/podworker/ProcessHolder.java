package dev.berth.engine.podworker;

import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodWords;
import dev.berth.engine.podworker.PodGround.GroundFailed;
import dev.berth.port.ContainerRuntime;
import dev.berth.port.ContainerRuntime.ContainerPlan;
import dev.berth.port.ContainerRuntime.Exit;
import dev.berth.port.ContainerRuntime.HostAccess;
import dev.berth.port.ContainerRuntime.Limits;
import dev.berth.port.ContainerRuntime.Mount;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import dev.berth.port.ContainerRuntime.User;
import dev.berth.port.PodFiles.FilesFailed;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The process that a pod's containers share their process namespace with, where they do: it is
 * number 1 there, does nothing, and lasts as long as the pod. Users do not see it but from inside.
 * Owned by the pod's thread.
 */
final class ProcessHolder {
    /** Its name among containers, which no container of a pod can have. */
    static final String NAME = "POD";

    private static final String PROGRAM = "/pause";
    private static final long OPEN_FILES = 1024;

    private final Surroundings around;
    private final PodLedger ledger;
    private final PodMailbox box;
    private final PodGround ground;
    private int attempt;
    private @Nullable String id;

    ProcessHolder(Surroundings around, PodLedger ledger, PodMailbox box, PodGround ground) {
        this.around = around;
        this.ledger = ledger;
        this.box = box;
        this.ground = ground;
    }

    /** Takes over what an earlier life of Berth has made. */
    void adopt(ContainerRuntime.Container found) {
        attempt = Math.max(attempt, found.attempt() + 1);
        if (found.exit() == null) {
            id = found.id();
        }
    }

    /** A container has ended, which may have been this. */
    void ended(Exit exit) {
        if (exit.id().equals(id)) {
            id = null;
        }
    }

    /** Its id as a container, or null where containers have namespaces of their own. */
    @Nullable String id() {
        return id;
    }

    /** Makes it for a pod that wants it, if it is not there; the ground has been made. */
    void make(Pod pod) throws GroundFailed, InterruptedException {
        if (!pod.spec().shareProcessNamespace() || id != null) {
            return;
        }
        var fresh = ContainerPlans.id(pod.uid(), NAME, attempt);
        ledger.makes(fresh, box);
        var runtime = around.machine().runtime();
        try {
            runtime.create(plan(pod, fresh, around.machine().files().waitingRoot(pod.uid())));
            runtime.start(fresh);
        } catch (FilesFailed | RuntimeFailed e) {
            runtime.remove(fresh);
            throw new GroundFailed(
                    "FailedCreatePodSandBox",
                    PodWords.sandboxFailed(String.valueOf(e.getMessage())),
                    e);
        }
        id = fresh;
        attempt++;
    }

    /**
     * The plan.
     *
     * @param root holds the program. Users of the pod's own could not change it as crun has to, nor
     *     get to it perhaps: theirs is an empty folder, with the program mounted in it
     */
    private ContainerPlan plan(Pod pod, String fresh, Path root) throws FilesFailed {
        var sandbox = ground.sandbox();
        var users = sandbox.users();
        return new ContainerPlan(
                fresh,
                pod.uid(),
                pod.metadata().namespace(),
                pod.metadata().name(),
                NAME,
                attempt,
                PROGRAM,
                users == null ? root : users.emptyRoot(),
                List.of(PROGRAM),
                List.of(),
                "/",
                new User(0, 0, List.of()),
                users == null
                        ? List.of()
                        : List.of(
                                new Mount(
                                        root.resolve(PROGRAM.substring(1)).toString(),
                                        PROGRAM,
                                        true,
                                        false)),
                sandbox.network(),
                sandbox.ipc(),
                sandbox.uts(),
                null,
                new Limits(2, 0, 0),
                List.of(),
                true,
                true,
                "RuntimeDefault",
                List.of(),
                List.of(),
                List.of(),
                OPEN_FILES,
                OPEN_FILES,
                0,
                false,
                false,
                around.machine().logs().file(ContainerPlans.log(pod, NAME, attempt)),
                HostAccess.NONE,
                users,
                "");
    }
}
