package dev.berth.core.refusal;

import org.jspecify.annotations.Nullable;

/**
 * What a claim that exists is bound to.
 *
 * @param volumeName the PersistentVolume, or null while the claim is not bound
 * @param csiDriver that volume's CSI driver, or null when it has none
 */
public record BoundVolume(@Nullable String volumeName, @Nullable String csiDriver) {}
