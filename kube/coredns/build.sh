#!/usr/bin/env bash
# Builds CoreDNS into the cache, once: ~/.cache/berth/kube/coredns-vX.Y.Z/berth-coredns, and beside it in image/ the same
# program as an OCI image for pods. It is built again only when main.go, go.mod or go.sum change. BERTH_KUBE_DIR (with a
# coredns-vX.Y.Z/berth-coredns in it) takes the place of building.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
cache=${BERTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/berth}/kube

say() { printf 'berth: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

if [ -n "${BERTH_KUBE_DIR:-}" ]; then
  for file in "$BERTH_KUBE_DIR"/coredns-v*/berth-coredns; do
    [ -x "$file" ] && exit 0
  done
  die "BERTH_KUBE_DIR is $BERTH_KUBE_DIR, but there is no coredns-vX.Y.Z/berth-coredns in it"
fi
version=$(sed -n 's/^require github\.com\/coredns\/coredns \(v[0-9.]*\).*/\1/p' "$here/go.mod")
[ -n "$version" ] || die "$here/go.mod does not say which CoreDNS it wants"
program=$cache/coredns-$version/berth-coredns
key=$(cat "$here"/*.go "$here/go.mod" "$here/go.sum" | sha256sum | cut -c1-32)
image=$cache/coredns-$version/image
built() { [ -x "$program" ] && [ "$(cat "$program.key" 2>/dev/null)" = "$key" ]; }
packed() { [ -f "$image/index.json" ] && [ "$(cat "$image.key" 2>/dev/null)" = "$key" ]; }
if built && packed; then exit 0; fi

mkdir -p "$cache/coredns-$version"
exec 9>"$cache/coredns-$version/build.lock"
flock 9
temporary=$program.building.$$
trap 'rm -rf "$temporary" "$image.building"' EXIT

compile() {
  local go= candidate log=$cache/coredns-$version/build.log began=$SECONDS
  for candidate in "$(command -v go || true)" /usr/local/go/bin/go /usr/lib/go-1.26/bin/go "$HOME/go/bin/go" "$HOME/sdk/go1.26.0/bin/go"; do
    if [ -n "$candidate" ] && [ -x "$candidate" ]; then go=$candidate; break; fi
  done
  [ -n "$go" ] || die "needs Go 1.26 or newer to build CoreDNS $version. Get it from https://go.dev/dl (or set BERTH_KUBE_DIR to a folder of built programs)."
  say "building CoreDNS $version, once (about 2 minutes on two cores; the log: $log)"
  (cd "$here" && CGO_ENABLED=0 "$go" build -trimpath -ldflags "-s -w" -o "$temporary" .) >"$log" 2>&1 9>&- || {
    tail -n 10 "$log" >&2
    die "building CoreDNS $version failed (the whole log: $log)"
  }
  rm -f "$program.key"
  mv "$temporary" "$program"
  echo "$key" >"$program.key"
  say "built CoreDNS $version in $((SECONDS - began)) s: $program"
}

# An OCI image layout of one layer: the program and the certificates that are asked about other servers.
pack() {
  local root=$image.building/root blobs=$image.building/layout/blobs/sha256 architecture layer content config manifest
  case $(uname -m) in aarch64 | arm64) architecture=arm64 ;; *) architecture=amd64 ;; esac
  rm -rf "$image.building"
  mkdir -p "$root/etc/ssl/certs" "$blobs"
  cp "$program" "$root/coredns"
  [ ! -r /etc/ssl/certs/ca-certificates.crt ] || cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  layer=$image.building/layer.tar
  tar -C "$root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=ustar -cf "$layer" .
  content=$(sha256sum "$layer" | cut -d' ' -f1)
  gzip -n "$layer"
  blob() { local sum; sum=$(sha256sum "$1" | cut -d' ' -f1); mv "$1" "$blobs/$sum"; echo "$sum"; }
  describe() { printf '{"mediaType":"application/vnd.oci.image.%s","digest":"sha256:%s","size":%s' "$1" "$2" "$(stat -c %s "$blobs/$2")"; }
  layer=$(blob "$layer.gz")
  printf '{"architecture":"%s","os":"linux","created":"1970-01-01T00:00:00Z","config":{"Entrypoint":["/coredns"],"WorkingDir":"/"},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$architecture" "$content" >"$image.building/config"
  config=$(blob "$image.building/config")
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s},"layers":[%s}]}' \
    "$(describe config.v1+json "$config")" "$(describe layer.v1.tar+gzip "$layer")" >"$image.building/manifest"
  manifest=$(blob "$image.building/manifest")
  printf '{"schemaVersion":2,"manifests":[%s,"annotations":{"org.opencontainers.image.ref.name":"berth.dev/coredns:%s"}}]}' \
    "$(describe manifest.v1+json "$manifest")" "$version" >"$image.building/layout/index.json"
  echo '{"imageLayoutVersion":"1.0.0"}' >"$image.building/layout/oci-layout"
  rm -rf "$image" "$image.key"
  mv "$image.building/layout" "$image"
  echo "$key" >"$image.key"
}

built || compile
packed || pack
