package dev.berth.core.pod;

import org.jspecify.annotations.Nullable;

/**
 * Why a container is not running though it should: what its Waiting state says.
 *
 * @param reason such as {@code ImagePullBackOff} or {@code CrashLoopBackOff}
 * @param message for people, or null
 */
public record StartProblem(String reason, @Nullable String message) {}
