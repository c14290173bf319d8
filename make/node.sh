#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the path of a Node that is new enough: the one in PATH, or the npm package `node` put into
# DIR (Debian 12's own is too old).
#   make/node.sh DIR
set -eu
directory=$1
wanted=20

is_new_enough() {
    major=$("$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null) || return 1
    [ "$major" -ge "$wanted" ]
}

for node in "$(command -v node || true)" "$directory/node_modules/node/bin/node"; do
    if [ -n "$node" ] && is_new_enough "$node"; then
        echo "$node"
        exit 0
    fi
done
if ! command -v npm >/dev/null 2>&1; then
    echo "node: Node $wanted or newer is needed, and there is no npm to fetch it with" >&2
    exit 1
fi
echo "node: there is no Node $wanted or newer yet; npm puts one into $directory" >&2
mkdir -p "$directory"
if ! npm install --loglevel=error --no-progress --no-audit --no-fund --no-save \
    --prefix "$directory" "node@$wanted" >&2; then
    echo "node: npm failed, see above; a Node $wanted or newer in PATH does as well" >&2
    exit 1
fi
node=$directory/node_modules/node/bin/node
if ! is_new_enough "$node"; then
    echo "node: npm put no usable Node into $directory (is ignore-scripts set in .npmrc?);" \
        "a Node $wanted or newer in PATH does as well" >&2
    exit 1
fi
echo "$node"
