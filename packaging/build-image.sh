#!/usr/bin/env bash
# Builds the image where no container engine runs: by buildah, in a chroot, over a Debian that debootstrap makes, with Node
# from its npm package. Needs root and the Debian packages buildah and debootstrap, and npm. Where there is an engine,
# `docker build .` makes the same image over the official Node image, which also has Debian's security updates.
#
# usage: packaging/build-image.sh [TAG]          (default modelward:local)
#   MODELWARD_IMAGE_CACHE   folder that keeps the Debian base between builds (default: made anew each time)
#   MODELWARD_IMAGE_ROOT    buildah's storage (default: buildah's own)
#   MODELWARD_IMAGE_DRIVER  buildah's storage driver (default: overlay where the kernel mounts it, else vfs)
#
# What npm here is told about its registry and certificates reaches the build as secrets: it ends in no layer.
set -euo pipefail
umask 022
cd "$(dirname "$0")/.."

tag=${1:-modelward:local}
suite=bookworm
npm=11.21.1
node=$(sed -n 's/^ *"node": "\([0-9.]*\)",*$/\1/p' package.json)
case $(uname -m) in
  x86_64) platform=x64 ;;
  aarch64) platform=arm64 ;;
  *) echo "build-image: no Node package for $(uname -m)" >&2; exit 3 ;;
esac

[ "$(id -u)" = 0 ] || { echo "build-image: run as root; debootstrap and the chroot need it" >&2; exit 3; }
for program in buildah debootstrap npm; do
  command -v "$program" >/dev/null || { echo "build-image: $program is missing; install it" >&2; exit 3; }
done

work=$(mktemp -d)
container=
clean() {
  [ -z "$container" ] || run_buildah rm "$container" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap clean EXIT

run_buildah() {
  buildah ${MODELWARD_IMAGE_ROOT:+--root "$MODELWARD_IMAGE_ROOT/storage" --runroot "$MODELWARD_IMAGE_ROOT/run"} \
    --storage-driver "$driver" "$@"
}

# Overlay mounts do not work in every sandbox or over every file system; plain copies (vfs) always do.
driver_that_works() {
  local at=${MODELWARD_IMAGE_ROOT:-/var/lib/containers}
  mkdir -p "$at"
  local try
  try=$(mktemp -d -p "$at")
  mkdir "$try/lower" "$try/upper" "$try/work" "$try/merged"
  if mount -t overlay overlay -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/work" "$try/merged" 2>/dev/null; then
    umount "$try/merged"
    echo overlay
  else
    echo vfs
  fi
  rm -rf "$try"
}

# The Debian mirror that this machine's apt uses; debootstrap's own choice where apt does not say.
mirror() {
  apt-get indextargets --format '$(REPO_URI)' "Codename: $suite" 'Label: Debian' 'Created-By: Packages' 2>/dev/null | head -n 1
}

# A Debian with what Node is linked against, without caches, manuals and translations.
make_debian() {
  local root=$work/debian
  debootstrap --variant=minbase --include=libatomic1,libstdc++6 "$suite" "$root" $(mirror) >"$work/debootstrap.log" 2>&1 ||
    { tail -n 20 "$work/debootstrap.log" "$root/debootstrap/debootstrap.log" >&2; exit 3; }
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/usr/share/{doc,man,info,locale}/* \
    "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d "$root"/etc/resolv.conf "$root"/etc/hostname
  tar -C "$root" --numeric-owner -cf "$1.$$" .
  mv "$1.$$" "$1"
  rm -rf "$root"
}

# npm checks each package against the registry's digest; none of their scripts runs.
add_package() {
  (cd "$work" && npm pack --silent --ignore-scripts "$1" >packed && mkdir -p "$2" && tar -xzf "$(cat packed)" --no-same-owner --strip-components=1 -C "$2")
}

npm_setting() { npm config get "$1" --loglevel error; }

note() { echo "build-image: $*" >&2; }

driver=${MODELWARD_IMAGE_DRIVER:-$(driver_that_works)}
cache=${MODELWARD_IMAGE_CACHE:-$work}
mkdir -p "$cache"
debian=$cache/debian-$suite-$platform.tar
if [ ! -f "$debian" ]; then
  note "making a Debian $suite base"
  make_debian "$debian"
fi

note "Node $node, storage driver $driver"
add_package "node-linux-$platform@$node" "$work/node"
add_package "npm@$npm" "$work/add/usr/local/lib/npm"
install -D -m 0755 "$work/node/bin/node" "$work/add/usr/local/bin/node"
ln -s ../lib/npm/bin/npm-cli.js "$work/add/usr/local/bin/npm"

container=$(run_buildah from scratch)
run_buildah add -q "$container" "$debian" / >/dev/null
run_buildah add -q "$container" "$work/add" / >/dev/null
run_buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
run_buildah commit -q "$container" localhost/modelward-base:local >/dev/null
run_buildah rm "$container" >/dev/null
container=

# The settings without paths of this machine; its certificates go along as a file of their own.
secrets=$work/secrets
install -d -m 0700 "$secrets"
for settings in "$(npm_setting globalconfig)" "$(npm_setting userconfig)"; do
  [ ! -f "$settings" ] || grep -vE '^ *(cafile|prefix|cache|nodedir|globalconfig|userconfig|tmp|init-module|logs-dir) *=' "$settings" || true
done >"$secrets/npmrc"
echo "registry=$(npm_setting registry)" >>"$secrets/npmrc"
for authorities in "$(npm_setting cafile)" "${NODE_EXTRA_CA_CERTS:-}"; do
  [ ! -f "$authorities" ] || cat "$authorities"
done >"$secrets/authorities"
given=(--secret "id=npmrc,src=$secrets/npmrc")
[ ! -s "$secrets/authorities" ] || given+=(--secret "id=authorities,src=$secrets/authorities")

note "building $tag"
run_buildah build --isolation chroot --pull-never --format docker --build-arg BASE=localhost/modelward-base:local "${given[@]}" -t "$tag" .
run_buildah images "$tag"
