/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of what a connection begins: the frame that answers a message, and nothing for a
 * $disconnect. A route without a route response is one-way: nothing but errors comes back (AWS:
 * "Setting up route responses for a WebSocket API"). */
#include "turnpike/base/utf8.h"
#include "turnpike/gateway/pipeline.h"
#include "turnpike/gateway/reason.h"

static bool is_too_long(const struct exchange *x)
{
    return x->t.response.body.len > x->t.settings->limits.websocket_message_bytes;
}

/* Binary is what a function has written as base64, or bytes that are no text: where the API knows
 * no binary frames, it has to be text. */
static void check_reply(struct exchange *x)
{
    struct response *r = &x->t.response;
    bool text = utf8_is_valid(r->body);
    r->binary = x->t.selection.api->websocket.delivers_binary && (r->binary || !text);
    if (is_too_long(x))
        (void)exchange_refuse(x, GATEWAY_INTERNAL_ERROR,
                              "the reply is longer than limits.websocketMessageBytes");
    else if (!text && !r->binary)
        (void)exchange_refuse(x, GATEWAY_INTERNAL_ERROR,
                              "the reply is no text (binaryFrames: close)");
}

enum verdict stage_reply(struct exchange *x)
{
    const struct route *route = x->t.selection.match.route;
    if (!x->t.outcome.error) {
        if (route->websocket.two_way)
            check_reply(x);
        else
            x->t.response.body = STR("");
    }
    if (x->t.outcome.error)
        reason_tell(x);
    exchange_respond(x);
    return DONE;
}

enum verdict stage_end(struct exchange *x)
{
    if (x->t.outcome.error)
        reason_tell(x);
    x->t.response.body = STR("");
    exchange_respond(x);
    return DONE;
}
