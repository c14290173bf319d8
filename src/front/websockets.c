/* SPDX-License-Identifier: Apache-2.0 */
#include "websockets.h"

#include "turnpike/base/xalloc.h"
#include "turnpike/gateway/connection.h"

#define GOING_AWAY 1001

/* Owned by its WebSocket, until that has closed. */
struct client {
    struct http1_listener *listener;
    struct connection *connection; /* until connection_on_closed was called */
};

/* --- down: what a connection does to its wire --- */

static enum connection_sent send_message(void *wire, struct str message, bool binary)
{
    if (websocket_send(wire, message, binary))
        return CONNECTION_SENT;
    return websocket_is_open(wire) ? CONNECTION_TOO_SLOW : CONNECTION_GONE;
}

static void ping(void *wire)
{
    websocket_ping(wire);
}

static void pause_messages(void *wire)
{
    websocket_pause(wire);
}

static void resume_messages(void *wire)
{
    websocket_resume(wire);
}

static void close_politely(void *wire, unsigned code, struct str reason)
{
    websocket_close(wire, code, reason);
}

static void end_now(void *wire)
{
    websocket_kill(wire);
}

static const struct connection_transport transport = {.send = send_message,
                                                      .ping = ping,
                                                      .pause = pause_messages,
                                                      .resume = resume_messages,
                                                      .close = close_politely,
                                                      .kill = end_now};

/* --- up --- */

static void on_message(struct websocket *ws, struct str message, bool binary)
{
    struct client *client = websocket_owner(ws);
    connection_on_message(client->connection, message, binary);
}

static void on_control(struct websocket *ws)
{
    struct client *client = websocket_owner(ws);
    connection_on_control(client->connection);
}

static void on_closed(struct websocket *ws, unsigned code, struct str reason)
{
    struct client *client = websocket_owner(ws);
    struct http1_listener *listener = client->listener;
    connection_on_closed(client->connection, code, reason);
    free(client);
    http1_client_gone(listener);
}

static const struct websocket_events events = {
    .on_message = on_message, .on_control = on_control, .on_closed = on_closed};

/* --- life --- */

static bool has_websocket_api(const struct snapshot *snapshot)
{
    FOR_EACH_IN (api, &snapshot->apis)
        if ((*api)->protocol_type == PROTOCOL_WEBSOCKET)
            return true;
    return false;
}

bool websockets_prepare(struct websockets *w, const struct snapshot *snapshot,
                        struct error *ret_error)
{
    if (!w->hub && has_websocket_api(snapshot))
        w->hub = websocket_hub_new(w->gateway->loop, &events, ret_error);
    return w->hub || !has_websocket_api(snapshot);
}

/* What never ends or is never read must not keep bodies and results out: half of the memory for
 * them all is theirs alone. */
void websockets_limit(struct websockets *w, const struct limit_settings *limits)
{
    if (w->hub)
        websocket_hub_limit(
            w->hub, &(struct websocket_limits){.message_max = limits->websocket_message_bytes,
                                               .frame_max = limits->websocket_frame_bytes,
                                               .pending_max = limits->websocket_pending_bytes,
                                               .buffered_max = limits->buffered_bytes / 2,
                                               .buffered = &w->gateway->buffered});
}

size_t websockets_count(const struct websockets *w)
{
    return w->hub ? websocket_count(w->hub) : 0;
}

static struct str key_of(const struct request *r)
{
    return str_trim(request_header(r, STR("sec-websocket-key"))->value); /* it was checked */
}

bool websockets_open(struct http1_listener *listener, const struct websocket_socket *socket,
                     struct exchange *x, const struct response *response)
{
    struct websockets *w = listener->websockets;
    struct client *client = xcalloc(1, sizeof(*client));
    struct websocket_handshake handshake = {.key = key_of(&x->t.request),
                                            .headers = response->headers.items,
                                            .header_count = response->headers.count,
                                            .early = buf_str(&socket->early),
                                            .takes_binary =
                                                x->t.selection.api->websocket.delivers_binary};
    struct websocket *ws = websocket_open(w->hub, socket->fd, socket->ssl, &handshake, client);
    if (!ws) {
        free(client);
        return false;
    }
    *client = (struct client){listener, x->connection};
    listener->clients++;
    connection_open(x->connection, x, &transport, ws);
    if (w->draining || socket->dismissed)
        connection_close(x->connection, GOING_AWAY, STR("Going away"));
    return true;
}

static void dismiss_if_of(struct websocket *ws, void *listener)
{
    struct client *client = websocket_owner(ws);
    if (client->listener == listener)
        connection_close(client->connection, GOING_AWAY, STR("Going away"));
}

void websockets_dismiss(struct websockets *w, const struct http1_listener *listener)
{
    union {
        const struct http1_listener *wanted;
        void *data;
    } of = {.wanted = listener}; /* only compared */
    if (w->hub)
        websocket_each(w->hub, dismiss_if_of, of.data);
}

void websockets_drain(struct websockets *w)
{
    w->draining = true;
    connections_close_all(w->gateway);
}

static void kill_one(struct websocket *ws, void *data)
{
    (void)data;
    websocket_kill(ws);
}

void websockets_abort(struct websockets *w)
{
    connections_stop(w->gateway);
    if (w->hub)
        websocket_each(w->hub, kill_one, NULL);
}

void websockets_release(struct websockets *w)
{
    websocket_hub_free(w->hub);
}
