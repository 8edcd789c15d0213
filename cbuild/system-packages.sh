#!/bin/sh
# Install the Debian packages that building and testing need and that are not there.
# usage: system-packages.sh PYTHON. As root it installs; otherwise it says what to install and fails.
#
# What is looked for is the tool, not the package: a clang or a Python from elsewhere will do.
set -eu

python=${1:?usage: system-packages.sh PYTHON}
PATH=$PATH:/usr/sbin:/sbin # bpftool and ip, for users whose PATH leaves these out
missing=

need() { # need PACKAGE COMMAND...: the package, unless one of the commands exists
    package=$1
    shift
    for command; do
        if command -v "$command" >/dev/null; then return; fi
    done
    missing="$missing $package"
}

versions() { # versions TOOL: its name, and its versioned names
    echo "$1"
    seq -f "$1-%g" 25 -1 12
}

# shellcheck disable=SC2046 # one word for each name is what is wanted
{
    need clang ${CLANG:-$(versions clang)}
    need llvm ${LLVM_STRIP:-$(versions llvm-strip)}
}
need gcc gcc
need pkg-config pkg-config pkgconf
need bpftool bpftool
need iproute2 ip
need procps ps
need dpkg-dev dpkg-source
[ -e /usr/include/stdio.h ] || missing="$missing libc6-dev"
[ -e /usr/include/linux/bpf.h ] || missing="$missing linux-libc-dev"
pkg-config --exists libbpf 2>/dev/null || missing="$missing libbpf-dev"

if command -v "$python" >/dev/null; then
    # The interpreter's own version: Debian's python3-dev is for one version, and not every python3
    # is Debian's.
    "$python" - <<'END' || { echo "Python 3.11 or later is needed; make PYTHON=... chooses it"; exit 1; }
import sys; sys.exit(sys.version_info < (3, 11))
END
    name=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    "$python" -c '
import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))
' || missing="$missing $name-dev"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing $name-venv"
else
    missing="$missing python3 python3-dev python3-venv"
fi

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
