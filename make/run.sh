#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the chat of docs/examples/chat, whose start.mjs says what to try, and stops it with Ctrl-C. The
# program and what npm and compilers need are there already (make run does that); what npm installs
# goes into the example's own folder, what is compiled of it into TOOLS.
#   make/run.sh PROGRAM NODE TOOLS
set -eu
chat=docs/examples/chat

# npm, the functions and what stands in for AWS take the `node` that is first in the PATH.
PATH=$(cd "$(dirname "$2")" && pwd):$PATH
export PATH
# The SDKs' advice to whoever writes an application, at each start of each process.
export AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true

echo "run: packages of $chat"
make/functions.sh $chat "$3"
exec "$2" $chat/development/start.mjs "$1"
