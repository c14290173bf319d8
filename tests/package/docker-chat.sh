# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2016,SC2086,SC2154,SC2317 # as in ./docker
# Sourced by ./docker: the compose.yaml of the chat, run by podman-compose as it stands but for the ports on
# this machine, which are any that are free. Debian's podman-compose does not wait for `service_healthy`, and
# podman without systemd does not ask for health by itself: both are done here, between the two services.
command -v podman-compose >/dev/null 2>&1 || skip 'there is no podman-compose for the chat'
in_image docker.io/library/node:22-bookworm sh -c 'command -v npm && test -f /usr/local/include/node/node_api.h' >/dev/null 2>&1 ||
    skip 'the Node of this machine has no npm and headers beside it, with which the chat is built'

chat=$work/context/docs/examples/chat
sed -i 's/"127\.0\.0\.1:[0-9]*:/"127.0.0.1::/g' "$chat/compose.yaml"
mkdir "$work/chat"

# Named as the folder is: chat_gateway_1, of the image chat_gateway.
compose() {
    (cd "$chat" && timeout 900 podman-compose --podman-path "$work/podman" \
        --podman-build-args="--format docker --network host --ulimit nofile=1024:1024 --pull-never" \
        --podman-run-args="--health-interval disable --read-only-tmpfs=false $limits" "$@")
}
named() { echo "chat_${1}_1"; }
container_is() { [ "$(container inspect -f "$1" "$(named "$3")")" = "$2" ]; }
is_running() { container_is '{{.State.Running}}' true "$1"; }
up() {
    compose up -d --no-build "$1" && is_running "$1" || return
    tries=0
    until container healthcheck run "$(named "$1")"; do
        tries=$((tries + 1))
        if [ "$tries" -ge 300 ] || ! is_running "$1"; then
            container logs "$(named "$1")"
            return 1
        fi
        sleep 0.1
    done
}
port() { container port "$(named "$1")" "$2/tcp" | cut -d: -f2; }
built() { container image exists "localhost/chat_$1"; }
build_chat() { compose build && built stand-ins && built gateway; }
within() {
    image=$1
    shift
    container run --rm --network none --no-healthcheck $limits --entrypoint "" "localhost/chat_$image" "$@"
}

test_that 'the images of the chat are built' build_chat
built gateway || finish
test_that 'the key of the authority of its certificate is not in it' within gateway sh -c '[ -s /app/tls/ca.pem ] && [ ! -e /app/tls/ca-key.pem ] && [ ! -e /app/dev-key.pem ]'
test_that 'no compiler, either' within gateway sh -c 'for tool in gcc cc make g++ npm; do ! command -v $tool || exit 1; done'

# --- as compose.yaml says

publishes() {
    container port "$(named "$1")" >"$work/ports" && [ "$(sed 's/^\([0-9]*\).* -> 127\.0\.0\.1:[0-9]*$/\1/' "$work/ports" | sort | xargs)" = "$2" ]
}
belong_to_user() { [ "$(container exec "$(named "$1")" id -u)" = 64000 ]; }
have_no_rights() { container exec "$(named "$1")" grep -c -x -e 'CapBnd:.0*' -e 'NoNewPrivs:.1' /proc/1/status | grep -qx 2; }
node_in() {
    name=$(named "$1")
    shift
    container exec "$name" node --input-type=module -e "$@"
}
cannot_write() {
    container exec --user 0 "$(named gateway)" \
        sh -c 'for place in /app /state /usr/bin; do touch $place/x 2>&1 | grep "Read-only file system" || exit 1; done; touch /tmp/x'
}
trusted=$work/chat/ca.pem
asked_by_tls() { curl -sS --fail --max-time 10 "$@" "https://localhost:$(port gateway 8443)/api/health"; }
client() {
    CHAT_PORT=$(port gateway 8080) CHAT_COGNITO_PORT=$(port stand-ins 9229) \
        timeout 60 "$node" "$repository/tests/package/chat.mjs" "$@"
}
# The code of the mail, from the log.
code_of() { container logs "$(named stand-ins)" 2>&1 | sed -n "s/^The code for $1 is //p" | tail -n 1; }
confirms() { client confirm "$(code_of dan@example.com)"; }

install_client() { [ -f "$repository/tests/e2e/node_modules/.package-lock.json" ] || (cd "$repository/tests/e2e" && npm ci --ignore-scripts --silent); }

test_that 'a client' install_client
test_that 'the stand-ins start and are healthy' up stand-ins
test_that 'then the gateway' up gateway
test_that 'nothing is published but on this machine, of the gateway' publishes gateway '8080 8443'
test_that 'and of the stand-ins' publishes stand-ins 9229
test_that 'the gateway is not root' belong_to_user gateway
test_that 'nor are the stand-ins' belong_to_user stand-ins
test_that 'there are no rights in it' have_no_rights gateway
test_that 'nor in the other' have_no_rights stand-ins
test_that 'not even root writes into its file system or the shared state' cannot_write
test_that 'check says what is only a warning, and no error' container exec "$(named gateway)" turnpike check
test_that 'the authority of its certificate' container cp "$(named gateway):/app/tls/ca.pem" "$trusted"
test_that 'is what a client trusts' asked_by_tls --cacert "$trusted"
test_that 'and without it, nobody' not asked_by_tls
test_that 'the page' client page
test_that 'who signs up' client sign-up
test_that 'finds the code in the log, and may write' confirms
test_that 'refusals: 401, 403, with their reason' client refusals
test_that 'talking, over the gateway' client talk
test_that 'a moderator removes somebody' client remove
test_that 'the other container invokes no function without the key' node_in stand-ins \
    'const { status } = await fetch("http://gateway:3001/2015-03-31/functions/chat-tokens/invocations", { method: "POST", body: "{}" }); process.exit(status === 403 ? 0 : 1)'

# --- stopped, and started again

stops_chat() {
    : >"$work/stay"
    client stay >"$work/stay" 2>&1 &
    stays=$!
    tries=0
    until grep -q connected "$work/stay"; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || return 1
        sleep 0.1
    done
    compose stop -t 10
    wait $stays || { cat "$work/stay"; return 1; }
    container_is '{{.State.ExitCode}}' 0 gateway && container_is '{{.State.ExitCode}}' 0 stand-ins
}
starts_again() { container start "$(named stand-ins)" && up stand-ins && up gateway; }
restarts_stand_ins() { container restart "$(named stand-ins)" && up stand-ins; }

test_that 'both stop before they would be killed, with 0; who is connected is told' stops_chat
test_that 'they start again' starts_again
test_that 'accounts and what was said are still there' client again
test_that 'the stand-ins are restarted alone' restarts_stand_ins
test_that 'which the gateway does not mind' client again
anew() { compose down -v && up stand-ins && up gateway; }
test_that 'made anew, with another volume' anew
test_that 'the accounts of those who signed up are gone' client anew
compose down -v >/dev/null 2>&1
