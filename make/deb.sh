#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the Debian package in DIRECTORY with dpkg-buildpackage, and prints the paths of what it made.
# The source is a tarball of `make dist`, or without one the tree that was unpacked from it. Unit tests
# are left to `make check`; DEB_BUILD_OPTIONS= and DEB_BUILD_PROFILES= have them run here too.
#   make/deb.sh DIRECTORY [TARBALL]
set -eu
directory=$1
tarball=${2:-}
export DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS-nocheck parallel=$(nproc)}"
export DEB_BUILD_PROFILES="${DEB_BUILD_PROFILES-nocheck}"

rm -rf "$directory"
mkdir -p "$directory/turnpike"
if [ -n "$tarball" ]; then
    tar -xzf "$tarball" -C "$directory/turnpike" --strip-components=1
else
    tar -c --exclude=./build . | tar -x -C "$directory/turnpike"
fi
cp -R "$directory/turnpike/packaging/debian" "$directory/turnpike/debian"
log=$directory/build.log
if ! (cd "$directory/turnpike" && dpkg-buildpackage -us -uc -b) >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "deb: dpkg-buildpackage failed; all it said is in $log" >&2
    exit 1
fi
ls "$directory"/*.deb "$directory"/*.changes
