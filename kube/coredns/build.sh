#!/usr/bin/env bash
# Builds CoreDNS into the cache, once: ~/.cache/berth/kube/coredns-vX.Y.Z/berth-coredns. It is built again only when
# main.go, go.mod or go.sum change. BERTH_KUBE_DIR (with a coredns-vX.Y.Z/berth-coredns in it) takes the place of building.
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
built() { [ -x "$program" ] && [ "$(cat "$program.key" 2>/dev/null)" = "$key" ]; }
if built; then exit 0; fi

go=
for candidate in "$(command -v go || true)" /usr/local/go/bin/go /usr/lib/go-1.26/bin/go "$HOME/go/bin/go" "$HOME/sdk/go1.26.0/bin/go"; do
  if [ -n "$candidate" ] && [ -x "$candidate" ]; then go=$candidate; break; fi
done
[ -n "$go" ] || die "needs Go 1.26 or newer to build CoreDNS $version. Get it from https://go.dev/dl (or set BERTH_KUBE_DIR to a folder of built programs)."

mkdir -p "$cache/coredns-$version"
exec 9>"$cache/coredns-$version/build.lock"
flock 9
if built; then exit 0; fi
temporary=$program.building.$$
log=$cache/coredns-$version/build.log
trap 'rm -f "$temporary"' EXIT
began=$SECONDS
say "building CoreDNS $version, once (about 2 minutes on two cores; the log: $log)"
(cd "$here" && CGO_ENABLED=0 "$go" build -trimpath -ldflags "-s -w" -o "$temporary" .) >"$log" 2>&1 9>&- || {
  tail -n 10 "$log" >&2
  die "building CoreDNS $version failed (the whole log: $log)"
}
rm -f "$program.key"
mv "$temporary" "$program"
echo "$key" >"$program.key"
say "built CoreDNS $version in $((SECONDS - began)) s: $program"
