# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC1091,SC2016,SC2154 # others expand what is quoted; $work is of ./run
# Sourced by ./run and ./other-debian: tests that count themselves, and a Debian of its own.
passed=0 failed=0

# test_that WHAT COMMAND...: one test; the end of what the command printed is shown where it fails.
test_that() {
    what=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        passed=$((passed + 1))
        echo "ok: $what"
    else
        failed=$((failed + 1))
        echo "failed: $what"
        tail -n 40 "$work/output" | sed 's/^/    /'
    fi
}

not() { ! "$@"; }

# same FILE FILE: shows how they differ.
same() { diff -u "$1" "$2"; }

# archives FORMAT [FILTER]: those of Debian that this machine's own packages come from.
archives() { apt-get indextargets --format "$1" 'Created-By: Packages' 'Origin: Debian' "${2:-Component: main}"; }

# The same of another SUITE: beside bookworm-security there is trixie-security.
archives_of() {
    archives 'deb $(REPO_URI) $(CODENAME) $(COMPONENT)' |
        sed "s/ $(. /etc/os-release && echo "$VERSION_CODENAME")\([ -]\)/ $1\1/"
}

# make_system DIRECTORY SUITE: a minimal Debian in which no service is started.
make_system() {
    debootstrap --variant=minbase "$2" "$1" "$(archives_of "$2" | awk -v suite="$2" '$3 == suite {print $2; exit}')" || return
    archives_of "$2" >"$1/etc/apt/sources.list"
    printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
    chmod 0755 "$1/usr/sbin/policy-rc.d"
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$1/etc/hosts"
    apt-config dump Acquire::Check-Valid-Until Acquire::http Acquire::https >"$1/etc/apt/apt.conf.d/90host"
    in_system "$1" apt-get -q update
}

# in_system DIRECTORY COMMAND...: as root in there, with a /proc that goes with the command.
in_system() {
    DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 unshare --mount \
        sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$@"
}

# The same where there is no other network than a loopback of its own.
alone_in_system() {
    LC_ALL=C.UTF-8 unshare --mount --net \
        sh -c 'ip link set lo up && mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$@"
}

# Every file of the system with type, mode, owner and sum; without what dpkg, apt and shadow keep for
# themselves, and what only a running system has.
snapshot() {
    (cd "$1" && find . -xdev \( -path ./var/lib/dpkg -o -path ./var/cache -o -path ./var/log/apt \
        -o -path ./run -o -path ./tmp \) -prune \
        -o ! -path './etc/*-' ! -name dpkg.log ! -type d -printf '%M %U:%G %p %l\n' \
        -o -type d -printf '%M %U:%G %p\n') | sort
    (cd "$1" && sha256sum etc/passwd etc/group etc/shadow etc/gshadow etc/apt/sources.list)
}

# A package like PACKAGE with another version, and with a line more in its configuration where LINE is.
#   repack PACKAGE VERSION TO [LINE]
repack() {
    rm -rf "$work/repacked"
    dpkg-deb -R "$1" "$work/repacked"
    sed -i "s/^Version: .*/Version: $2/" "$work/repacked/DEBIAN/control"
    [ -z "${4:-}" ] || echo "$4" >>"$work/repacked/etc/turnpike/turnpike.yaml"
    dpkg-deb --root-owner-group -b "$work/repacked" "$3"
}
