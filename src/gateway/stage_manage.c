/* SPDX-License-Identifier: Apache-2.0 */
/* What backends do to connections: send, look, close (AWS: "Use @connections commands in your
 * backend service"). */
#include "turnpike/base/clock.h"
#include "turnpike/base/json.h"
#include "turnpike/base/short_id.h"
#include "turnpike/base/utf8.h"
#include "turnpike/gateway/pipeline.h"
#include "turnpike/gateway/websocket_figures.h"

#define NORMAL_CLOSURE 1000

/* Whether it belongs to the API and stage that the URL names. */
static bool is_theirs(const struct exchange *x, const struct connection *c)
{
    const struct selection *s = &x->t.selection;
    return str_eq(c->api_id, s->api->api_id) && str_eq(c->stage_name, s->stage->stage_name);
}

static enum verdict refuse_foreign(struct exchange *x)
{
    const struct selection *s = &x->t.selection;
    return exchange_refuse(
        x, GATEWAY_FORBIDDEN,
        "connection '%" STR_F "' is not one of API '%" STR_F "', stage '%" STR_F "'",
        STR_A(x->t.websocket.managed), STR_A(s->api->api_id), STR_A(s->stage->stage_name));
}

/* Without a body: SDKs take a GoneException by its header alone, and some fail to read another. */
static enum verdict refuse_gone(struct exchange *x)
{
    (void)exchange_refuse(x, GATEWAY_GONE, "connection '%" STR_F "' is not open",
                          STR_A(x->t.websocket.managed));
    x->t.response.body = STR("");
    return DONE;
}

static enum verdict refuse_id(struct exchange *x)
{
    struct str id = x->t.websocket.managed;
    scoped_buf struct buf body = {0};
    (void)exchange_refuse(x, GATEWAY_BAD_REQUEST, "'%" STR_F "' is no connection id", STR_A(id));
    buf_literal(&body, "{\"message\":\"Invalid connectionId: ");
    json_write_escaped(&body, id);
    buf_literal(&body, "\",\"connectionId\":");
    json_write_string(&body, id);
    buf_printf(&body, ",\"requestId\":\"%s\"}", x->t.request.id);
    x->t.response.body = arena_copy(&x->arena, buf_str(&body));
    return DONE;
}

static enum verdict done(struct exchange *x, unsigned status)
{
    x->t.response = (struct response){.status = status};
    return NEXT;
}

static enum verdict post(struct exchange *x, struct connection *c)
{
    struct str body = x->t.request.body;
    bool binary = !utf8_is_valid(body);
    if (binary && !x->t.selection.api->websocket.delivers_binary)
        return exchange_refuse_saying(x, GATEWAY_BAD_REQUEST, STR("The payload is not valid UTF-8"),
                                      "the payload is no text (binaryFrames: close)");
    switch (connection_send(c, body, binary)) {
    case CONNECTION_TOO_SLOW:
        return exchange_refuse(
            x, GATEWAY_LIMIT_EXCEEDED,
            "the client reads too slowly: more than limits.websocketPendingBytes "
            "wait for it");
    case CONNECTION_GONE:
        return refuse_gone(x);
    case CONNECTION_SENT:
        break;
    }
    websocket_figures_pushed(x->gateway->counters, x->t.selection.stage);
    return done(x, 200);
}

static void put_time(struct buf *out, uint64_t wall)
{
    char text[CLOCK_ISO_SIZE];
    json_write_string(out, clock_iso(wall, text));
}

static enum verdict get(struct exchange *x, struct connection *c)
{
    scoped_buf struct buf body = {0};
    buf_literal(&body, "{\"connectedAt\":");
    put_time(&body, c->facts.connected_at);
    buf_literal(&body, ",\"identity\":{\"sourceIp\":");
    json_write_string(&body, c->source_ip);
    buf_literal(&body, ",\"userAgent\":");
    json_write_string(&body, c->user_agent);
    buf_literal(&body, "},\"lastActiveAt\":");
    put_time(&body, c->last_active);
    buf_append_char(&body, '}');
    (void)done(x, 200);
    x->t.response.body = arena_copy(&x->arena, buf_str(&body));
    exchange_add_header(x, STR("content-type"), STR("application/json"));
    return NEXT;
}

static enum verdict disconnect(struct exchange *x, struct connection *c)
{
    connection_close(c, NORMAL_CLOSURE, STR("Connection Closed Normally"));
    return done(x, 204);
}

static const struct {
    const char *method;
    enum verdict (*run)(struct exchange *x, struct connection *c);
} operations[] = {
    {"POST",   post      },
    {"GET",    get       },
    {"DELETE", disconnect},
};

enum verdict stage_manage(struct exchange *x)
{
    FOR_EACH (operation, operations, ARRAY_LENGTH(operations)) {
        if (!str_is(x->t.request.method, operation->method))
            continue;
        if (!short_id_is(x->t.websocket.managed))
            return refuse_id(x);
        struct connection *c = connections_find(&x->gateway->connections, x->t.websocket.managed);
        if (!c || c->closing)
            return refuse_gone(x);
        return is_theirs(x, c) ? operation->run(x, c) : refuse_foreign(x);
    }
    return exchange_refuse(x, GATEWAY_FORBIDDEN, "@connections knows POST, GET and DELETE");
}
