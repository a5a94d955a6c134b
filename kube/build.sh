#!/usr/bin/env bash
# Builds the programs of Kubernetes and etcd into the cache, once:
#   kube/build.sh [MINOR]        such as 1.36, the default; others as laid out in kube/README.md
#   kube/build.sh --key [MINOR]  prints what the build depends on, hashed, and builds nothing
# The result is ~/.cache/berth/kube/vX.Y.Z/berth-kube. It is built again only when a .go file, go.mod, go.sum
# or the Go version change. Only a build that has finished gets its name. BERTH_KUBE_DIR (folders vX.Y.Z with
# a berth-kube in each) takes the place of building.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
cache=${BERTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/berth}/kube
key_only=false
if [ "${1:-}" = --key ]; then key_only=true; shift; fi
minor=${1:-1.36}

say() { printf 'berth: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

if [ -n "${BERTH_KUBE_DIR:-}" ] && ! $key_only; then
  for file in "$BERTH_KUBE_DIR"/v"$minor".*/berth-kube; do
    [ -x "$file" ] && exit 0
  done
  die "BERTH_KUBE_DIR is $BERTH_KUBE_DIR, but there is no v$minor.X/berth-kube in it"
fi

# --- which module: kube/ itself is 1.36, further ones have their go.mod and go.sum in kube/versions/MINOR
modfile=$here/go.mod
if [ "$minor" != 1.36 ]; then modfile=$here/versions/$minor/go.mod; fi
[ -f "$modfile" ] || die "Kubernetes $minor is not laid out: there is no $modfile"
version=$(sed -n 's/^[[:space:]]*k8s\.io\/kubernetes \(v[0-9.]*\).*/\1/p' "$modfile" | head -n 1)
[ -n "$version" ] || die "$modfile does not say which k8s.io/kubernetes it wants"
program=$cache/$version/berth-kube
needed=$(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' "$modfile")

# --- what is there already: checked without Go, so that a machine that only runs needs none
sources() { cat "$here"/*.go "$modfile" "${modfile%.mod}.sum" | sha256sum | cut -c1-32; }
built() { [ -x "$program" ] && [ "$(cut -d' ' -f1 "$program.key" 2>/dev/null)" = "$(sources)" ]; }
go=
for candidate in "$(command -v go || true)" /usr/local/go/bin/go "/usr/lib/go-$needed/bin/go" "$HOME/go/bin/go" "$HOME/sdk/go$needed.0/bin/go"; do
  if [ -n "$candidate" ] && [ -x "$candidate" ]; then go=$candidate; break; fi
done
go_version=
if [ -n "$go" ]; then go_version=$(cd "$here" && "$go" env GOVERSION 2>/dev/null || true); fi
current() { built && { [ -z "$go_version" ] || [ "$(cut -d' ' -f2 "$program.key")" = "$go_version" ]; }; }
if $key_only; then echo "$(sources) $go_version"; exit 0; fi
if current; then exit 0; fi

# --- a Go that can build it
hint="Get it from https://go.dev/dl (or set BERTH_KUBE_DIR to a folder of built programs)."
[ -n "$go" ] || die "needs Go $needed or newer to build Kubernetes $version; there is none on the path or in /usr/local/go. $hint"
[ -n "$go_version" ] || die "needs Go $needed or newer to build Kubernetes $version; $go is $("$go" version 2>/dev/null | cut -d' ' -f3 || echo 'too old to say its version'). $hint"
have=${go_version#go}
if [ "$(printf '%s\n%s\n' "$needed" "$have" | sort -V | head -n 1)" != "$needed" ]; then
  die "needs Go $needed or newer to build Kubernetes $version; $go is $go_version. $hint"
fi

# --- one builder at a time; whoever waited looks again
mkdir -p "$cache/$version"
exec 9>"$cache/build.lock"
if ! flock -n 9; then
  say "waiting for another build of Kubernetes"
  flock 9
fi
if current; then exit 0; fi

temporary=$program.building.$$
log=$cache/$version/build.log
child=
# shellcheck disable=SC2317
clean() { if [ -n "$child" ]; then kill "$child" 2>/dev/null || true; fi; rm -f "$temporary"; }
trap clean EXIT
trap 'exit 130' INT TERM

major=${version#v} && patch=${major#*.} && major=${major%%.*} && minor_number=${patch%%.*}
info=k8s.io/component-base/version
flags="-s -w -X $info.gitVersion=$version -X $info.gitMajor=$major -X $info.gitMinor=$minor_number -X $info.gitTreeState=clean"
say "building Kubernetes $version and etcd with $go_version, once (about 5 minutes on two cores)"
(cd "$here" && CGO_ENABLED=0 exec "$go" build -v -trimpath -modfile "$modfile" -ldflags "$flags" -o "$temporary" .) >"$log" 2>&1 9>&- &
child=$!

began=$SECONDS
tell() {
  local compiled downloaded last
  compiled=$(grep -cv '^go: ' "$log" || true)
  downloaded=$(grep -c '^go: downloading' "$log" || true)
  last=$(tail -n 1 "$log" | sed 's/^go: //' | cut -c1-60)
  local line="building Kubernetes $version: $((SECONDS - began)) s, $downloaded modules fetched, $compiled packages compiled${last:+ ($last)}"
  if [ -t 2 ]; then printf '\r\033[Kberth: %s' "$line" >&2; else say "$line"; fi
}
if [ -t 2 ]; then every=10; else every=75; fi # 2 seconds on a terminal, whose line is written over; 15 in a log
ticks=0
while kill -0 "$child" 2>/dev/null; do
  sleep 0.2
  ticks=$((ticks + 1))
  if [ $((ticks % every)) -eq 0 ]; then tell; fi
done
if [ -t 2 ]; then printf '\r\033[K' >&2; fi
status=0
wait "$child" || status=$?
child=
if [ "$status" -ne 0 ]; then
  grep -v '^go: downloading' "$log" | tail -n 10 >&2 || true
  die "building Kubernetes $version failed (the whole log: $log)"
fi
echo "$(sources) $go_version" >"$temporary.key"
# The program first: a key without its program would call an older one current.
rm -f "$program.key"
mv "$temporary" "$program"
mv "$temporary.key" "$program.key"
say "built Kubernetes $version and etcd in $((SECONDS - began)) s: $program"
