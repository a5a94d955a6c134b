package dev.berth.adapter.kube;

import dev.berth.port.Subscription;
import java.util.concurrent.CopyOnWriteArrayList;
import tools.jackson.databind.JsonNode;

/** That claims to storage change, of a whole cluster, watched from the first listener on. */
final class ClaimChanges implements AutoCloseable {
    private final CopyOnWriteArrayList<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final ListWatch claims;

    ClaimChanges(ApiConnection connection) {
        claims =
                new ListWatch(
                        connection,
                        "/api/v1/persistentvolumeclaims",
                        ApiConnection.Form.METADATA,
                        new Changes());
    }

    /** Tells the listener of every change from now on. */
    Subscription follow(Runnable listener) {
        listeners.add(listener);
        claims.start();
        return () -> listeners.remove(listener);
    }

    /** Whichever it is, who waits for one reads it again. */
    private final class Changes implements ListWatch.Reader {
        @Override
        public void listed(JsonNode items) {
            tell();
        }

        @Override
        public void present(JsonNode object) {
            tell();
        }

        @Override
        public void gone(JsonNode object) {
            tell();
        }

        private void tell() {
            listeners.forEach(Runnable::run);
        }
    }

    @Override
    public void close() {
        listeners.clear();
        claims.close();
    }
}
