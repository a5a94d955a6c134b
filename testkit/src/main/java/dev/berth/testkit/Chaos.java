package dev.berth.testkit;

import dev.berth.core.pod.Pod;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import dev.berth.port.Images.PullFailed;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.KubeApi.PodListener;
import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.PodNetwork.NetworkFailed;
import dev.berth.port.ProbeNetwork.Unanswered;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Stands between one life of Berth and the world, and lets calls fail: before they do anything, or
 * after they have done it all. It can also end that life as a kill does: from then on no call comes
 * through and nothing is delivered. Any thread may call.
 */
public final class Chaos {
    private static final Set<String> NEVER_FAIL =
            Set.of("watchPods", "watchConfig", "close", "list", "onExit");

    /**
     * What only tells the time, or ends something, is as good a moment as the call that follows.
     */
    private static final Set<String> OF_NO_ACCOUNT =
            Set.of("now", "nanos", "after", "close", "version");

    private final Supplier<Fate> fates;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<String> failed = new ArrayList<>();
    private final AtomicInteger turns = new AtomicInteger();
    private volatile boolean severed;

    /**
     * Asks for the fate of every call that can fail; the supplier is asked by one thread at a time.
     */
    public Chaos(Supplier<Fate> fates) {
        this.fates = fates;
    }

    /** What happens to a call. */
    public enum Fate {
        /** It works. */
        WORKS,
        /** It fails and has done nothing. */
        FAILS,
        /** It fails and has done its work. */
        FAILS_AFTERWARDS,
        /** This life ends before the call does anything. */
        CRASHES,
        /** This life ends when the call has done its work, and before anyone knows. */
        CRASHES_AFTERWARDS
    }

    /** Ends a thread of a life that was killed. */
    public static final class Severed extends Error {
        private static final long serialVersionUID = 1L;

        Severed() {
            super("this life is over", null, false, false);
        }
    }

    /** Lets threads of lives that are over end without a word, until the answer is closed. */
    public static Silence silence() {
        return new Silence();
    }

    /** Hears how threads end in the meantime. */
    public static final class Silence implements AutoCloseable {
        private final Thread.@Nullable UncaughtExceptionHandler before =
                Thread.getDefaultUncaughtExceptionHandler();
        private final Queue<Throwable> heard = new ConcurrentLinkedQueue<>();

        private Silence() {
            Thread.setDefaultUncaughtExceptionHandler((_, thrown) -> {
                if (!(thrown instanceof Severed)) {
                    heard.add(thrown);
                }
            });
        }

        /** Fails when a thread was ended by a fault of its own since the last time. */
        public void assertNoFault() {
            var fault = heard.poll();
            heard.clear();
            if (fault != null) {
                throw new AssertionError("a thread was ended by a fault of its own", fault);
            }
        }

        @Override
        public void close() {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
    }

    /** Ends this life of Berth. */
    public void sever() {
        severed = true;
    }

    /** Whether this life has ended. */
    public boolean severed() {
        return severed;
    }

    /** The calls that were made to fail, oldest first. */
    public List<String> failed() {
        lock.lock();
        try {
            return List.copyOf(failed);
        } finally {
            lock.unlock();
        }
    }

    /** The same port, through this. */
    public <T> T around(Class<T> port, T target) {
        return port.cast(
                Proxy.newProxyInstance(
                        port.getClassLoader(),
                        new Class<?>[] {port},
                        (_, method, arguments) ->
                                call(
                                        port,
                                        target,
                                        method,
                                        arguments == null ? new Object[0] : arguments)));
    }

    private @Nullable Object call(
            Class<?> port, Object target, Method method, @Nullable Object[] arguments)
            throws Throwable {
        if (severed) {
            throw new Severed();
        }
        var failure = failure(port, method);
        var fate = fate(port, method, failure.isPresent());
        if (fate == Fate.FAILS) {
            throw failure.orElseThrow();
        }
        if (fate == Fate.CRASHES) {
            sever();
            throw new Severed();
        }
        @Nullable Object[] through = new @Nullable Object[arguments.length];
        for (var at = 0; at < arguments.length; at++) {
            through[at] = cuttable(arguments[at]);
        }
        @Nullable Object result;
        try {
            result = method.invoke(target, through);
        } catch (InvocationTargetException e) {
            throw e.getTargetException();
        }
        if (fate == Fate.CRASHES_AFTERWARDS) {
            sever();
        }
        if (severed) {
            throw new Severed();
        }
        if (fate == Fate.FAILS_AFTERWARDS) {
            throw failure.orElseThrow();
        }
        return result;
    }

    private Fate fate(Class<?> port, Method method, boolean canFail) {
        if (OF_NO_ACCOUNT.contains(method.getName())) {
            return Fate.WORKS;
        }
        lock.lock();
        try {
            var told = fates.get();
            var fate =
                    !canFail && (told == Fate.FAILS || told == Fate.FAILS_AFTERWARDS)
                            ? Fate.WORKS
                            : told;
            if (fate != Fate.WORKS) {
                failed.add(port.getSimpleName() + "." + method.getName() + " " + fate);
            }
            return fate;
        } finally {
            lock.unlock();
        }
    }

    /** How a method fails, or empty when it cannot; one that can in several ways takes turns. */
    private Optional<Throwable> failure(Class<?> port, Method method) {
        if (NEVER_FAIL.contains(method.getName())) {
            return Optional.empty();
        }
        if (port == KubeApi.class) {
            return Optional.of(new KubeUnavailable("chaos: " + method.getName(), null));
        }
        for (var declared : method.getExceptionTypes()) {
            var what = "chaos: " + method.getName();
            if (declared == RuntimeFailed.class) {
                return Optional.of(new RuntimeFailed(what, null));
            }
            if (declared == NetworkFailed.class) {
                return Optional.of(new NetworkFailed(what, null));
            }
            if (declared == PullFailed.class) {
                var ways = PullFailed.Why.values();
                var way = ways[Math.floorMod(turns.getAndIncrement(), ways.length)];
                return Optional.of(new PullFailed(way, what, null));
            }
            if (declared == Unanswered.class) {
                return Optional.of(new Unanswered(what));
            }
            if (declared == FilesFailed.class) {
                return Optional.of(new FilesFailed(what, null));
            }
        }
        return Optional.empty();
    }

    /** Whatever is called back must not reach a life that is over. */
    @SuppressWarnings("unchecked") // A listener is handed on as what it was.
    private @Nullable Object cuttable(@Nullable Object argument) {
        return switch (argument) {
            case null -> null;
            case Runnable task -> (Runnable) () -> unlessSevered(task);
            case Consumer<?> listener ->
                    (Consumer<Object>)
                            value ->
                                    unlessSevered(
                                            () -> ((Consumer<Object>) listener).accept(value));
            case PodListener listener -> listening(listener);
            default -> argument;
        };
    }

    private PodListener listening(PodListener listener) {
        return new PodListener() {
            @Override
            public void present(Pod pod) {
                unlessSevered(() -> listener.present(pod));
            }

            @Override
            public void gone(Pod pod) {
                unlessSevered(() -> listener.gone(pod));
            }

            @Override
            public void synced() {
                unlessSevered(listener::synced);
            }
        };
    }

    private void unlessSevered(Runnable task) {
        if (!severed) {
            quietly(task);
        }
    }

    private static void quietly(Runnable task) {
        try {
            task.run();
        } catch (Severed over) {
            // Whoever calls back lives on.
        }
    }
}
