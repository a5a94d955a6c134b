/**
 * Container images on this machine: fetched from registries, kept by the digest of their content,
 * unpacked once per layer, and laid out for containers by overlayfs. Everything here takes bytes
 * from strangers: names, digests, sizes and archives are checked before they touch a disk, and
 * nothing half done ever counts. Images can also come from files and, without any registry, from
 * Debian packages.
 */
@NullMarked
package dev.berth.adapter.image;

import org.jspecify.annotations.NullMarked;
