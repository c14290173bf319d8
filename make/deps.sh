#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages of the given sections of packaging/debian-packages.txt that are
# missing; does nothing, and asks for nothing, where none is. `--missing` only prints their names.
#   make/deps.sh [--missing] SECTION...
set -eu
list=$(dirname "$0")/../packaging/debian-packages.txt

packages_of() {
    awk -v section="[$1]" '/^\[/ {inside = $0 == section} inside && /^[a-z0-9]/' "$list"
}

# A newer program than Debian's counts too: Node from elsewhere brings its own npm.
is_there() {
    case $1 in
    nodejs) command -v node >/dev/null 2>&1 && return ;;
    npm) command -v npm >/dev/null 2>&1 && return ;;
    esac
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

only_print=
[ "${1:-}" = --missing ] && only_print=1 && shift

missing=
for section; do
    for package in $(packages_of "$section"); do
        is_there "$package" || missing="$missing $package"
    done
done
if [ -n "$only_print" ]; then
    for package in $missing; do echo "$package"; done
    exit 0
fi
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "deps: this is no Debian; what corresponds to these is needed:$missing" >&2
    exit 0 # they may be there under other names: the build will tell
fi

give_up() {
    echo "deps: $1; as root, run:" >&2
    echo "  apt-get update && apt-get install --no-install-recommends$missing" >&2
    exit 1
}

as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || give_up 'only root can install packages, and there is no sudo'
    as_root=sudo
fi
echo "deps: installing$missing"
$as_root apt-get update -q || give_up 'apt-get update failed, see above'
# shellcheck disable=SC2086 # words are wanted
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing ||
    give_up 'apt-get install failed, see above'
