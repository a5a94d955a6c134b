package dev.berth.adapter.net;

import dev.berth.port.PodNetwork;
import dev.berth.testkit.PodNetworkContract;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VpcNetworkContractIT extends PodNetworkContract {
    private NetworkBed bed;

    @BeforeAll
    void begin() throws Exception {
        bed = new NetworkBed("contract");
    }

    @AfterAll
    void end() throws Exception {
        if (bed != null) {
            bed.close();
        }
    }

    @Override
    protected PodNetwork network() {
        return bed.network();
    }

    @Override
    protected String vpcId() {
        return "vpc-" + bed.name();
    }

    @Override
    protected String podUid(int number) {
        return "pod-" + bed.name() + "-" + number;
    }
}
