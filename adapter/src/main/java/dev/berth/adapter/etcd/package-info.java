/**
 * Berth's own records in etcd. Speaks etcd's JSON gateway over its Unix socket with nothing but the
 * JDK and jackson; the reasons, and what jetcd cost instead, are in {@code
 * docs/adr/0101-etcd-by-its-json-gateway.md}. Records become JSON here and nowhere else.
 */
@NullMarked
package dev.berth.adapter.etcd;

import org.jspecify.annotations.NullMarked;
