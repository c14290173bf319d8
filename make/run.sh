#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # traps call what looks unreachable
# Starts the todo function and the gateway in front of it, says what to try, and stops both with
# Ctrl-C. What this needs is built and installed already (make run does).
#   make/run.sh PROGRAM NODE
set -eu
program=$1
node=$2
config=conf/turnpike.yaml
plain=http://localhost:8080
secure=https://localhost:8443
admin=http://127.0.0.1:9901

function_pid='' gateway_pid='' stopped=''

stop() {
    stopped=1
    for pid in $gateway_pid $function_pid; do kill "$pid" 2>/dev/null || true; done
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
    ' "$1" || fail "port $1 is in use already: stop what listens there ($2 needs it)"
}

answers() {
    "$node" -e '
        fetch(process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1));
    ' "$1"
}

wait_ready() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        kill -0 "$function_pid" 2>/dev/null || fail 'the function process ended; see above'
        kill -0 "$gateway_pid" 2>/dev/null || fail 'the gateway ended; see above'
        answers "$admin/readyz" && return
        [ -z "$stopped" ] || exit 130
        sleep 0.3
    done
    fail "the gateway does not become ready: see $admin/readyz"
}

advise() {
    token=$("$program" token --config $config --issuer https://dev.localhost --sub ann \
        --scope 'todo/read todo/write' --expires 8h)
    cat <<END

The gateway is ready. Try, in another terminal:

  curl $plain/health                 # open to everybody: 200
  curl -i $plain/todos               # needs a token: 401

  TOKEN=$token
  curl -H "Authorization: Bearer \$TOKEN" -d '{"title":"milk"}' $plain/todos
  curl -H "Authorization: Bearer \$TOKEN" $plain/todos

  curl --cacert conf/tls/ca.pem $secure/health
  $program routes --config $config

In a browser, with the token behind "Authorize": $plain/docs

Ctrl-C stops the gateway and the function.

END
}

check_free 9000 'the function'
check_free 8080 'the gateway'
check_free 8443 'the gateway'
check_free 9901 'the gateway'

"$program" init conf >/dev/null || fail 'certificate and signing key cannot be made; see above'
"$program" check --config $config >/dev/null 2>&1 || "$program" check --config $config || exit

# Each in a session of its own: Ctrl-C is for this script, which tells them once.
setsid "$node" docs/examples/todo/serve.mjs &
function_pid=$!
setsid "$program" serve --config $config &
gateway_pid=$!
wait_ready
advise

# Until Ctrl-C, or until one of the two ends.
while [ -z "$stopped" ]; do
    kill -0 "$function_pid" 2>/dev/null || fail 'the function process ended'
    kill -0 "$gateway_pid" 2>/dev/null || fail 'the gateway ended'
    sleep 1 &
    wait $! || true
done
exit 0
