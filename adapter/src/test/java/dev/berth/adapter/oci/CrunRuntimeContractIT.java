package dev.berth.adapter.oci;

import dev.berth.port.ContainerRuntime;
import dev.berth.port.ContainerRuntime.ContainerPlan;
import dev.berth.testkit.ContainerRuntimeContract;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CrunRuntimeContractIT extends ContainerRuntimeContract {
    private PodBed bed;
    private String podUid;

    @BeforeAll
    void begin() throws Exception {
        bed = new PodBed("contract");
        podUid = bed.pod(1);
    }

    @AfterAll
    void end() throws Exception {
        if (bed != null) {
            bed.close();
        }
    }

    @Override
    protected ContainerRuntime runtime() {
        return bed.runtime();
    }

    @Override
    protected String podUid() {
        return podUid;
    }

    @Override
    protected ContainerPlan plan(String name, String... command) {
        return bed.plan(podUid, name, command);
    }

    @Override
    protected List<String> log(ContainerPlan plan) throws Exception {
        return PodBed.logLines(plan);
    }
}
