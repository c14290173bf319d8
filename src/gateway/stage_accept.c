/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a handshake: 101 where everybody agreed, else what was refused. Of the function's own
 * answer clients see its status and the subprotocol that it chose (AWS: "$connect routes that
 * require a WebSocket subprotocol"). */
#include "turnpike/base/clock.h"
#include "turnpike/base/http_message.h"
#include "turnpike/gateway/pipeline.h"
#include "turnpike/gateway/reason.h"
#include "turnpike/gateway/subprotocol.h"
#include "turnpike/gateway/xlog.h"

static void name_answer(struct exchange *x)
{
    struct str id = str_from(x->t.request.id);
    exchange_add_header(x, STR("x-amzn-RequestId"), id);
    exchange_add_header(x, STR("x-amz-apigw-id"), id);
}

static enum verdict respond(struct exchange *x)
{
    if (x->t.outcome.error)
        reason_tell(x);
    name_answer(x);
    exchange_respond(x);
    return DONE;
}

/* What else the function answers is nobody's business but its own. */
static enum verdict pass_on_refusal(struct exchange *x)
{
    unsigned status = x->t.response.status;
    x->t.response = (struct response){.status = status};
    x->t.response.body = arena_printf(
        &x->arena, "{\"message\": \"%s\", \"connectionId\":\"%s\", \"requestId\":\"%s\"}",
        http_reason(status), x->t.websocket.connection->id, x->t.request.id);
    exchange_add_header(x, STR("content-type"), STR("application/json"));
    return respond(x);
}

static struct str chosen_subprotocol(struct exchange *x)
{
    const struct header *chosen = http_find_header(
        x->t.response.headers.items, x->t.response.headers.count, STR("sec-websocket-protocol"));
    if (!chosen)
        return STR("");
    struct str name = str_trim(chosen->value);
    if (subprotocol_is_offered(&x->t.request, name) && !subprotocol_is_token(name))
        return name;
    xlog_info(x, "the subprotocol that $connect chose is none that the client offered, or a token");
    return STR("");
}

/* The status stays what it was: in logs, AWS shows what $connect has answered. */
static enum verdict accept_client(struct exchange *x)
{
    unsigned status = x->t.response.status;
    struct str subprotocol = chosen_subprotocol(x);
    char *date = arena_bytes(&x->arena, CLOCK_HTTP_SIZE);
    x->t.response = (struct response){.status = status ? status : 200};
    exchange_add_header(x, STR("date"), clock_http(loop_wall(x->gateway->loop), date));
    if (subprotocol.len)
        exchange_add_header(x, STR("sec-websocket-protocol"), subprotocol);
    exchange_upgrade(x);
    return DONE;
}

enum verdict stage_accept(struct exchange *x)
{
    unsigned status = x->t.response.status;
    if (x->t.outcome.error)
        return respond(x);
    if (status != 0 && (status < 200 || status > 299)) /* 0: nothing stands behind $connect */
        return pass_on_refusal(x);
    return accept_client(x);
}
