/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a WebSocket connection: what it is, when it is closed. Its exchanges: message.c. */
#include "turnpike/gateway/connection.h"

#include <stdlib.h>

#include "message.h"
#include "turnpike/base/short_id.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/gateway/exchange.h"
#include "turnpike/gateway/gateway.h"
#include "turnpike/gateway/websocket_figures.h"

#define GOING_AWAY       1001
#define POLICY_VIOLATION 1008

struct connection *connection_new(struct gateway *gateway)
{
    struct connection *c = xcalloc(1, sizeof(*c));
    c->gateway = gateway;
    c->references = 1;
    short_id_make(c->facts.id);
    c->facts.connected_at = loop_wall(gateway->loop);
    return c;
}

struct connection *connection_ref(struct connection *c)
{
    c->references++;
    return c;
}

void connection_unref(struct connection *c)
{
    if (!c || --c->references > 0)
        return;
    assert(!c->transport);
    snapshot_unref(c->last);
    free(c->text);
    free(c);
}

/* --- what the handshake leaves --- */

/* Copies texts behind each other into one block, which was measured before. */
static struct str keep(char **at, struct str s)
{
    char *start = *at;
    if (s.len)
        *at = mempcpy(start, s.at, s.len);
    return str_of(start, s.len);
}

static size_t identity_size(const struct identity *identity)
{
    size_t size = sizeof(struct identity) + identity->claim_count * sizeof(struct claim);
    FOR_EACH (claim, identity->claims, identity->claim_count)
        size += claim->name.len + claim->value.len;
    return size;
}

/* Claims alone: scopes were asked for at the door. */
static const struct identity *keep_identity(char *memory, const struct identity *identity)
{
    struct identity *kept = (struct identity *)(void *)memory;
    struct claim *claims = (struct claim *)(void *)(memory + sizeof(*kept));
    char *at = memory + sizeof(*kept) + identity->claim_count * sizeof(*claims);
    for (size_t i = 0; i < identity->claim_count; i++)
        claims[i] = (struct claim){keep(&at, identity->claims[i].name),
                                   keep(&at, identity->claims[i].value)};
    *kept = (struct identity){.claims = claims, .claim_count = identity->claim_count};
    return kept;
}

static void keep_facts(struct connection *c, const struct transaction *t)
{
    const struct {
        struct str *to;
        struct str from;
    } texts[] = {
        {&c->api_id,      t->selection.api->api_id      },
        {&c->stage_name,  t->selection.stage->stage_name},
        {&c->mapping_key, t->selection.mapping_key      },
        {&c->domain_name, t->selection.domain_name      },
        {&c->scheme,      t->request.scheme             },
        {&c->source_ip,   t->request.source_ip          },
        {&c->user_agent,  t->request.user_agent         },
    };
    size_t size = t->identity ? identity_size(t->identity) : 0, identity = size;
    FOR_EACH (text, texts, ARRAY_LENGTH(texts))
        size += text->from.len;
    c->text = xmalloc(size + 1);
    if (t->identity)
        c->identity = keep_identity(c->text, t->identity);
    char *at = c->text + identity;
    FOR_EACH (text, texts, ARRAY_LENGTH(texts))
        *text->to = keep(&at, text->from);
}

/* --- time --- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t deadline(const struct connection *c)
{
    const struct limit_settings *limits = &c->gateway->snapshot->settings.limits;
    uint64_t due =
        earlier(c->opened + limits->websocket_duration, c->active + limits->websocket_idle);
    if (limits->websocket_ping_interval > 0)
        due = earlier(due, c->heard + limits->websocket_ping_interval);
    return due;
}

static void on_timer(struct timer *timer);

static void arm_timer(struct connection *c)
{
    if (!c->closing)
        timer_start(c->gateway->loop, &c->timer, deadline(c), on_timer);
}

/* A client that has not answered a ping by the next one is not there any more; nothing is heard of
 * one whose wire is paused. */
static void ping(struct connection *c, uint64_t now)
{
    if (c->pinged && !c->paused) {
        c->closing = true;
        c->transport->kill(c->wire);
        return;
    }
    c->pinged = true;
    c->heard = now;
    c->transport->ping(c->wire);
}

static void on_timer(struct timer *timer)
{
    struct connection *c = container_of(timer, struct connection, timer);
    const struct limit_settings *limits = &c->gateway->snapshot->settings.limits;
    uint64_t now = loop_now(c->gateway->loop);
    if (now >= c->opened + limits->websocket_duration || now >= c->active + limits->websocket_idle)
        connection_close(c, GOING_AWAY, STR("Going away"));
    else if (now >= deadline(c))
        ping(c, now);
    arm_timer(c);
}

/* The client has said something. */
static void hear(struct connection *c)
{
    c->heard = loop_now(c->gateway->loop);
    c->pinged = false;
}

/* A message went one way or the other. */
static void be_active(struct connection *c)
{
    c->active = loop_now(c->gateway->loop);
    c->last_active = loop_wall(c->gateway->loop);
}

/* --- life --- */

/* What a handshake began with, a reload may have taken away. */
static void close_if_gone(struct connection *c, struct snapshot *last)
{
    if (message_stage(c->gateway->snapshot, c))
        return;
    if (!c->last)
        c->last = snapshot_ref(last);
    connection_close(c, GOING_AWAY, STR("Going away"));
}

void connection_open(struct connection *c, const struct exchange *handshake,
                     const struct connection_transport *transport, void *wire)
{
    struct gateway *g = c->gateway;
    keep_facts(c, &handshake->t);
    c->by_domain = handshake->t.selection.by_domain;
    c->transport = transport;
    c->wire = wire;
    c->opened = loop_now(g->loop);
    hear(c);
    be_active(c);
    (void)map_set(&g->connections.open, str_from(c->facts.id), connection_ref(c));
    websocket_figures_opened(c);
    close_if_gone(c, handshake->snapshot);
    arm_timer(c);
}

void connection_on_message(struct connection *c, struct str message, bool binary)
{
    hear(c);
    be_active(c);
    if (!c->closing)
        message_begin(c, message, binary);
}

static bool control_keeps_alive(const struct connection *c)
{
    const struct api *api = map_get(&c->gateway->snapshot->apis_by_id, c->api_id);
    return api && api->websocket.control_resets_idle;
}

void connection_on_control(struct connection *c)
{
    hear(c);
    if (control_keeps_alive(c))
        c->active = loop_now(c->gateway->loop);
}

void connection_on_closed(struct connection *c, unsigned code, struct str reason)
{
    struct gateway *g = c->gateway;
    timer_cancel(g->loop, &c->timer);
    c->transport = NULL;
    c->wire = NULL;
    c->closing = true;
    (void)map_remove(&g->connections.open, str_from(c->facts.id));
    websocket_figures_closed(c, code);
    if (!g->connections.stopped)
        disconnect_begin(c, code, reason); /* first: a gateway without exchanges may be stopping */
    messages_abandon(c);
    connection_unref(c);
}

enum connection_sent connection_send(struct connection *c, struct str message, bool binary)
{
    enum connection_sent sent = CONNECTION_GONE;
    if (c->transport && !c->closing)
        sent = c->transport->send(c->wire, message, binary);
    if (sent == CONNECTION_SENT)
        be_active(c);
    if (sent == CONNECTION_TOO_SLOW)
        connection_close(c, POLICY_VIOLATION, STR("The client reads too slowly"));
    return sent;
}

void connection_close(struct connection *c, unsigned code, struct str reason)
{
    if (!c->transport || c->closing)
        return;
    c->closing = true;
    timer_cancel(c->gateway->loop, &c->timer);
    c->transport->close(c->wire, code, reason);
}

/* --- the directory --- */

void connections_release(struct connections *all)
{
    assert(all->open.count == 0);
    map_release(&all->open);
}

struct connection *connections_find(const struct connections *all, struct str id)
{
    return map_get(&all->open, id);
}

void connections_follow(struct gateway *g, struct snapshot *last)
{
    struct connection *c;
    for (size_t i = 0; (c = map_next(&g->connections.open, &i));) {
        close_if_gone(c, last);
        arm_timer(c);
    }
}

void connections_close_all(struct gateway *g)
{
    struct connection *c;
    for (size_t i = 0; (c = map_next(&g->connections.open, &i));)
        connection_close(c, GOING_AWAY, STR("Going away"));
}

void connections_stop(struct gateway *g)
{
    g->connections.stopped = true;
    disconnects_abandon(g);
}
