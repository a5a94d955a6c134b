/**
 * The pods' files and the containers' logs on this machine's disk, behind port.PodFiles and
 * port.PodLogs. Everything lies below one data folder; what must not reach the disk lies on a tmpfs
 * that is mounted inside of it. It knows the JDK and the programs mount and umount.
 */
@NullMarked
package dev.berth.adapter.files;

import org.jspecify.annotations.NullMarked;
