#!/usr/bin/env bash
# Builds what ./berth conformance runs, once: Kubernetes' test program and its helpers from Go modules, and the images of
# the tests from Debian's packages. The result is ~/.cache/berth/conformance/{bin,images}; either is made again only when
# its sources here (or Go's version) change. conformance/build.sh programs | images | stock
# stock: Kubernetes' kubelet from the same modules, and containerd, runc and network plugins from Debian's packages, which are
# not installed: that would start a daemon, and take away another containerd. The result is ~/.cache/berth/conformance/stock.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
cache=${BERTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/berth}/conformance
mkdir -p "$cache/bin"

say() { printf 'berth: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# --- one builder at a time; whoever waited looks again
exec 9>"$cache/build.lock"
if ! flock -n 9; then say "waiting for another build of the tests"; flock 9; fi

work() { # title log command... ; one line that tells how far it is
  local title=$1 log=$2 began=$SECONDS status=0 last
  shift 2
  "$@" >"$log" 2>&1 9>&- &
  local child=$!
  trap 'kill "$child" 2>/dev/null; exit 130' INT TERM
  while kill -0 "$child" 2>/dev/null; do
    sleep 1
    [ $(((SECONDS - began) % 10)) -ne 9 ] || { last=$(tail -n 1 "$log" | cut -c1-70); say "$title: $((SECONDS - began)) s${last:+ ($last)}"; sleep 1; }
  done
  trap - INT TERM
  wait "$child" || status=$?
  [ "$status" -eq 0 ] || { grep -v '^go: downloading' "$log" | tail -n 10 >&2; die "$title failed (the whole log: $log)"; }
  say "$title: done in $((SECONDS - began)) s"
}

# --- Kubernetes' programs
version=$(sed -n 's/^[[:space:]]*k8s\.io\/kubernetes \(v[0-9.]*\).*/\1/p' "$here/go.mod" | head -n 1)
needed=$(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' "$here/go.mod")
go=
for candidate in "$(command -v go || true)" /usr/local/go/bin/go "/usr/lib/go-$needed/bin/go" "$HOME/go/bin/go" "$HOME/sdk/go$needed.0/bin/go"; do
  if [ -n "$candidate" ] && [ -x "$candidate" ]; then go=$candidate; break; fi
done
build_programs() {
  local flags="-s -w -X k8s.io/component-base/version.gitVersion=$version -X k8s.io/client-go/pkg/version.gitVersion=$version" kubernetes
  cd "$here"
  export CGO_ENABLED=0
  "$go" build -v -trimpath -ldflags "$flags" -o "$cache/bin/agnhost" k8s.io/kubernetes/test/images/agnhost
  "$go" build -v -trimpath -ldflags "$flags" -o "$cache/bin/nnp" k8s.io/kubernetes/test/images/nonewprivs
  "$go" build -v -trimpath -ldflags "$flags" -o "$cache/bin/ginkgo" github.com/onsi/ginkgo/v2/ginkgo
  "$go" test -v -vet=off -c -trimpath -ldflags "$flags" -o "$cache/bin/e2e.test" k8s.io/kubernetes/test/e2e
  kubernetes=$("$go" list -m -f '{{.Dir}}' k8s.io/kubernetes)
  install -m 644 "$kubernetes"/test/images/agnhost/porter/localhost.* "$cache/bin/"
}
programs() {
  [ -n "$go" ] || die "needs Go $needed or newer to build Kubernetes' tests; there is none on the path or in /usr/local/go. Get it from https://go.dev/dl"
  local key
  key="$(cat "$here/go.mod" "$here/go.sum" | sha256sum | cut -c1-32) $(cd "$here" && "$go" env GOVERSION)"
  if [ "$(cat "$cache/bin.key" 2>/dev/null)" = "$key" ]; then return; fi
  rm -f "$cache/bin.key"
  work "building Kubernetes' tests $version, once (about 4 minutes on two cores)" "$cache/build.log" build_programs
  echo "$key" >"$cache/bin.key"
}

# --- the images
images() {
  local key
  key="$(cat "$here/images.py" "$here"/images/*.c "$cache/bin.key" | sha256sum | cut -c1-32)"
  if [ "$(cat "$cache/images.key" 2>/dev/null)" = "$key" ]; then return; fi
  rm -f "$cache/images.key"
  work "building the tests' images, once" "$cache/images.log" python3 "$here/images.py" "$cache/bin" "$cache/images"
  echo "$key" >"$cache/images.key"
}

# --- a stock node's programs
build_stock() {
  local flags="-s -w -X k8s.io/component-base/version.gitVersion=$version -X k8s.io/client-go/pkg/version.gitVersion=$version" package
  local unpacked=$cache/stock.unpacked
  rm -rf "$unpacked" "$cache/stock"
  mkdir -p "$unpacked" "$cache/stock" "$cache/debs"
  cd "$cache/debs"
  for package in containerd runc containernetworking-plugins; do
    ls "$package"_*.deb >/dev/null 2>&1 || apt-get download -q -o APT::Sandbox::User=root "$package"
    dpkg-deb -x "$(find . -name "${package}_*.deb" | sort -V | tail -n 1)" "$unpacked"
  done
  mkdir "$cache/stock/bin"
  mv "$unpacked"/usr/bin/containerd "$unpacked"/usr/bin/containerd-shim-runc-v2 "$unpacked"/usr/sbin/runc "$cache/stock/bin"
  mv "$unpacked/usr/lib/cni" "$cache/stock/cni"
  rm -rf "$unpacked"
  cd "$here"
  CGO_ENABLED=0 "$go" build -v -trimpath -ldflags "$flags" -o "$cache/stock/bin/kubelet" ./kubelet
}
stock() {
  [ -n "$go" ] || die "needs Go $needed or newer to build the kubelet; there is none on the path or in /usr/local/go. Get it from https://go.dev/dl"
  local key
  key="$(cat "$here/go.mod" "$here/go.sum" "$here/kubelet/main.go" | sha256sum | cut -c1-32) $(cd "$here" && "$go" env GOVERSION)"
  if [ "$(cat "$cache/stock.key" 2>/dev/null)" = "$key" ]; then return; fi
  rm -f "$cache/stock.key"
  work "building a stock kubelet $version, once (about a minute on two cores)" "$cache/stock.log" build_stock
  echo "$key" >"$cache/stock.key"
}

for part in "${@:-programs images}"; do
  case $part in
    programs) programs ;;
    images) images ;;
    stock) stock ;;
    *) programs; images ;;
  esac
done
