#!/usr/bin/env bash
# Install the peers that the tests talk to: DCMTK, Orthanc, DICOM validators, Chromium and Caddy.
set -euo pipefail

packages=(dcmtk orthanc dicom3tools chromium fonts-dejavu-core fonts-noto-cjk caddy)
missing=()
for package in "${packages[@]}"; do
  dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
    missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "The tests need these Debian packages; install them as root: ${missing[*]}" >&2
  exit 1
fi
echo "Installing ${missing[*]} ..."
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Services must not start by themselves: the tests start their own on free ports.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get install -qq --yes --no-install-recommends "${missing[@]}" >/dev/null
