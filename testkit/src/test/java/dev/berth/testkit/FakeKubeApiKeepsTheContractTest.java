package dev.berth.testkit;

import static dev.berth.core.pod.PodBuilder.aPod;

import dev.berth.core.pod.PodKey;
import dev.berth.port.KubeApi;
import java.time.InstantSource;
import java.util.List;

class FakeKubeApiKeepsTheContractTest extends KubeApiContract {
    private final FakeKubeApi api = new FakeKubeApi(InstantSource.system());

    @Override
    protected KubeApi api() {
        return api;
    }

    @Override
    protected String namespace() {
        return "contract";
    }

    @Override
    protected void createPod(PodKey key) {
        api.create(
                aPod().in(key.namespace()).named(key.name()).uid("").serviceAccount("app").build());
    }

    @Override
    protected void createServiceAccount(String name, String pullSecret) {
        api.putServiceAccount(namespace(), name, List.of(pullSecret));
    }
}
