#!/bin/sh
# Install the Debian packages that the other kernels' machines need and that are not there.
# As root it installs; otherwise it says what to install and fails.
set -eu

PATH=$PATH:/usr/sbin:/sbin
missing=

need() { # need PACKAGE COMMAND: the package, unless the command exists
    command -v "$2" >/dev/null || missing="$missing $1"
}

need apt apt-get
need busybox-static busybox
need cpio cpio
need dpkg dpkg-deb
need libc-bin ldd
need qemu-system-x86 qemu-system-x86_64
need util-linux unshare

[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
    echo "These packages are missing; install them and run make again:"
    echo "    sudo apt-get install --no-install-recommends$missing"
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update
# shellcheck disable=SC2086 # a list of words
apt-get install --yes --no-install-recommends $missing
