#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # traps call what looks unreachable
# Starts the gateway, which runs the functions of the todo API and of the chat itself, says what to
# try, and stops it with Ctrl-C. What this needs is built and installed already (make run does).
#   make/run.sh PROGRAM NODE
set -eu
program=$1
node=$2
config=conf/turnpike.yaml
authority=conf/tls/ca.pem
plain=http://localhost:8080
secure=https://localhost:8443
admin=http://127.0.0.1:9901

gateway_pid='' stopped=''

stop() {
    stopped=1
    [ -z "$gateway_pid" ] || kill "$gateway_pid" 2>/dev/null || true
}

finish() {
    status=$?
    trap - EXIT
    stop
    wait
    exit "$status"
}
trap stop INT TERM
trap finish EXIT

fail() {
    echo "run: $1" >&2
    exit 1
}

# A connection that is accepted means that the port is somebody else's.
check_free() {
    "$node" -e '
        const socket = require("node:net").connect(Number(process.argv[1]), "127.0.0.1");
        socket.on("connect", () => process.exit(1)).on("error", () => process.exit(0));
    ' "$1" || fail "port $1 is in use already: stop what listens there (the gateway needs it)"
}

answers() {
    "$node" -e '
        fetch(process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1));
    ' "$1"
}

check_alive() {
    kill -0 "$gateway_pid" 2>/dev/null || fail "the gateway ended$1"
}

wait_ready() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        check_alive '; see above'
        answers "$admin/readyz" && return
        [ -z "$stopped" ] || exit 130
        sleep 0.3
    done
    fail "the gateway does not become ready: see $admin/readyz"
}

token_for() {
    "$program" token --config $config --issuer https://dev.localhost --sub "$1" \
        --scope 'todo/read todo/write chat/connect' --expires 8h
}

advise() {
    ann=$(token_for ann)
    bob=$(token_for bob)
    cat <<END

The gateway is ready. Try, in another terminal:

  curl $plain/health                 # open to everybody: 200
  curl -i $plain/todos               # needs a token: 401

  TOKEN=$ann
  curl -H "Authorization: Bearer \$TOKEN" -d '{"title":"milk"}' $plain/todos
  curl -H "Authorization: Bearer \$TOKEN" $plain/todos

  curl --cacert $authority $secure/health
  $program routes --config $config

In a browser, with the token behind "Authorize": $plain/docs

The chat, a WebSocket API, in two windows of a browser, as Ann and as Bob:

  $plain/chat#token=$ann
  $plain/chat#token=$bob

or in a terminal, with the TOKEN of above:

  $node --experimental-websocket docs/examples/chat/talk.mjs "ws${plain#http}/ws?token=\$TOKEN" lobby

Ctrl-C stops the gateway and the functions.

END
}

for port in 8080 8443 9901; do check_free $port; done

# The functions' command is `node`: the one that was found here is to be the first in their PATH.
PATH=$(cd "$(dirname "$node")" && pwd):$PATH
export PATH

"$program" init conf >/dev/null || fail 'certificate and signing key cannot be made; see above'
"$program" check --config $config >/dev/null 2>&1 || "$program" check --config $config || exit

# In a session of its own: Ctrl-C is for this script, which tells the gateway once.
setsid "$program" serve --config $config &
gateway_pid=$!
wait_ready
advise

# Until Ctrl-C, or until the gateway ends.
while [ -z "$stopped" ]; do
    check_alive ''
    sleep 1 &
    wait $! || true
done
exit 0
