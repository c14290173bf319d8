#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what the functions of DIR need, where it is not there yet. AWS's client of the Runtime API
# is the one package that may run scripts: it compiles itself, in a minute or two, and what came of
# it is kept in CACHE for the next directory.
#   make/functions.sh DIR CACHE
set -eu
cache=$(mkdir -p "$2" && cd "$2" && pwd)
cd "$1"
client=node_modules/aws-lambda-ric
built=$client/dist/rapid-client.node

if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    # npm would empty what the link leads to, which others use.
    [ ! -L node_modules ] || { echo "functions: $1/node_modules is a link, and older than package-lock.json: install where it leads" >&2; exit 1; }
    echo "functions: fetching packages" >&2
    npm ci --ignore-scripts --loglevel=error --no-progress >/dev/null || { echo "functions: npm failed, see above" >&2; exit 1; }
    touch node_modules/.package-lock.json
fi
[ ! -f $built ] || exit 0

kept=$cache/aws-lambda-ric-$(node -p "require('./$client/package.json').version").node
if [ ! -f "$kept" ]; then
    # Headers that lie beside node (in npm's package `node` one level deeper) need not be fetched.
    prefix=$(node -p 'require("path").dirname(require("path").dirname(process.execPath))')
    for directory in "$prefix" "$prefix"/node_modules/node-*; do
        [ ! -f "$directory/include/node/node_api.h" ] || export npm_config_nodedir="$directory"
    done
    echo "functions: compiling aws-lambda-ric, a minute or two, once" >&2
    log=$(mktemp)
    if ! MAKEFLAGS="-j$(nproc)" npm rebuild aws-lambda-ric --foreground-scripts >"$log" 2>&1 || [ ! -f $built ]; then
        tail -20 "$log" >&2
        rm -f "$log"
        echo "functions: aws-lambda-ric cannot be compiled, see above (make deps installs what that takes)" >&2
        exit 1
    fi
    rm -rf "$log" $client/build $client/deps/*/
    cp $built "$kept.part" && mv "$kept.part" "$kept"
fi
cp "$kept" $built
