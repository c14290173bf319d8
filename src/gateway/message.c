/* SPDX-License-Identifier: Apache-2.0 */
/* The exchanges that a WebSocket connection begins: one for each message, one for its end. Their
 * sink is the connection itself: a reply is a frame. */
#include "message.h"

#include "turnpike/base/short_id.h"
#include "turnpike/gateway/exchange.h"
#include "turnpike/gateway/figures.h"

#define NO_STATUS 1005

/* The sink of such an exchange, in its arena. */
struct message {
    struct sink sink;
    struct exchange *exchange;
    struct task end; /* the reply is out: nothing may come up from within the call down */
    struct message *next, **previous; /* among the connection's; previous is NULL: it is none */
};

static void no_body(struct sink *sink)
{
    (void)sink; /* it is there from the beginning */
}

static void unlink_message(struct message *m)
{
    if (!m->previous)
        return;
    *m->previous = m->next;
    if (m->next)
        m->next->previous = m->previous;
    m->previous = NULL;
}

static unsigned in_flight_max(const struct connection *c)
{
    const struct snapshot *s = c->gateway->snapshot;
    const struct api *api = map_get(&s->apis_by_id, c->api_id);
    return api && api->websocket.serializes ? 1 : s->settings.limits.websocket_messages_in_flight;
}

/* What the client answered to a ping meanwhile is still to be read. */
static void resume(struct connection *c)
{
    c->pinged = false;
    c->transport->resume(c->wire);
}

/* The wire gives no more messages than may be under way. */
static void regulate(struct connection *c)
{
    if (!c->transport || c->closing)
        return;
    bool full = c->in_flight >= in_flight_max(c);
    if (full && !c->paused)
        c->transport->pause(c->wire);
    else if (!full && c->paused)
        resume(c);
    c->paused = full;
}

/* The exchange ends first: its arena holds m. */
static void on_end(struct task *task)
{
    struct message *m = container_of(task, struct message, end);
    struct connection *c = connection_ref(m->exchange->connection);
    if (m->previous)
        c->in_flight--;
    unlink_message(m);
    exchange_on_gone(m->exchange, true);
    regulate(c);
    connection_unref(c);
}

static void respond(struct sink *sink, const struct response *response)
{
    struct message *m = container_of(sink, struct message, sink);
    struct connection *c = m->exchange->connection;
    if (response->body.len > 0 &&
        connection_send(c, response->body, response->binary) == CONNECTION_SENT)
        figures_count_reply(&m->exchange->t);
    task_defer(c->gateway->loop, &m->end, on_end);
}

static const struct sink_ops ops = {.want_body = no_body, .respond = respond};

/* What every event of the connection repeats. */
static void recall(struct exchange *x, const struct connection *c)
{
    struct request *r = &x->t.request;
    r->host = x->t.selection.domain_name = c->domain_name;
    r->scheme = c->scheme;
    r->source_ip = r->forwarded_for = c->source_ip;
    r->user_agent = c->user_agent;
    r->method = STR("POST"); /* of HTTP integrations that name none */
    x->t.selection.mapping_key = c->mapping_key;
    x->t.identity = c->identity;
    x->t.websocket.connection = &c->facts;
}

const struct stage *message_stage(const struct snapshot *snapshot, const struct connection *c)
{
    const struct api *api = map_get(&snapshot->apis_by_id, c->api_id);
    return api && api->protocol_type == PROTOCOL_WEBSOCKET ? api_find_stage(api, c->stage_name)
                                                           : NULL;
}

/* NULL where a reload has taken API or stage away, unless the connection has kept them. */
static struct message *begin(struct connection *c, enum exchange_kind kind,
                             enum websocket_event event)
{
    static const struct listener_facts none;
    struct snapshot *snapshot = c->gateway->snapshot;
    if (c->last && !message_stage(snapshot, c))
        snapshot = c->last;
    const struct stage *stage = message_stage(snapshot, c);
    if (!stage)
        return NULL;

    struct exchange *x = exchange_new(c->gateway, kind, NULL, &none);
    exchange_follow(x, snapshot);
    struct message *m = arena_new(&x->arena, struct message);
    m->sink.ops = &ops;
    m->exchange = x;
    x->sink = &m->sink;
    x->connection = connection_ref(c);
    x->t.selection.api = stage->api;
    x->t.selection.stage = stage;
    x->t.websocket.event = event;
    recall(x, c);
    return m;
}

static void link_message(struct connection *c, struct message *m)
{
    m->next = c->messages;
    m->previous = &c->messages;
    if (m->next)
        m->next->previous = &m->next;
    c->messages = m;
    c->in_flight++;
}

void message_begin(struct connection *c, struct str message, bool binary)
{
    struct message *m = begin(c, EXCHANGE_MESSAGE, EVENT_MESSAGE);
    if (!m)
        return;
    struct exchange *x = m->exchange;
    link_message(c, m);
    short_id_make(x->t.websocket.message_id);
    x->t.websocket.binary = binary;
    /* The wire has let it in by the same budget. */
    share_add(&x->held, &x->gateway->buffered, message.len);
    buf_append(&x->body, message);
    x->t.request.body = buf_str(&x->body);
    x->t.outcome.bytes_in = message.len;
    exchange_start(x);
    regulate(c);
}

void messages_abandon(struct connection *c)
{
    while (c->messages) {
        struct message *m = c->messages;
        unlink_message(m);
        task_cancel(c->gateway->loop, &m->end);
        exchange_on_gone(m->exchange, false);
    }
    c->in_flight = 0;
}

/* AWS has words of its own for a close frame without a status. */
static struct str told_reason(unsigned code, struct str reason)
{
    return code == NO_STATUS ? STR("Client-side close frame status not set") : reason;
}

void disconnect_begin(struct connection *c, unsigned code, struct str reason)
{
    struct message *m = begin(c, EXCHANGE_DISCONNECT, EVENT_DISCONNECT);
    if (!m)
        return;
    struct exchange *x = m->exchange;
    x->t.websocket.disconnect_code = code;
    x->t.websocket.disconnect_reason = arena_copy(&x->arena, told_reason(code, reason));
    exchange_start(x);
}

void disconnects_abandon(struct gateway *g)
{
    for (struct exchange *x = g->exchanges, *next; x; x = next) {
        next = x->next;
        if (x->kind != EXCHANGE_DISCONNECT || !x->sink)
            continue;
        struct message *m = container_of(x->sink, struct message, sink);
        task_cancel(g->loop, &m->end);
        exchange_on_gone(x, false);
    }
}
