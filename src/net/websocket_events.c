/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/utf8.h"

#include "websocket_bridge.h"
#include "websocket_private.h"

#define CODE_MAX 4999 /* RFC 6455, 7.4.2 */

/* lws has written the head of the 101 and asks for more of it. */
static int on_add_headers(struct websocket *ws, void *in, size_t len)
{
    (void)len;
    return websocket_write_headers(ws, in) ? 0 : -1;
}

static int on_established(struct websocket *ws, void *in, size_t len)
{
    (void)in, (void)len;
    ws->established = true;
    ws->stuck = lws_partial_buffered(ws->wsi);
    return 0;
}

static int on_receive(struct websocket *ws, void *in, size_t len)
{
    websocket_input_take(ws, str_of(in, len));
    return 0;
}

static void tell_control(struct websocket *ws)
{
    if (ws->state == WEBSOCKET_OPEN)
        ws->hub->events->on_control(ws);
}

static int on_pong(struct websocket *ws, void *in, size_t len)
{
    (void)in, (void)len;
    tell_control(ws);
    return 0;
}

/* lws does not tell of pings. But once it has answered one it says that it can write again, and we
 * did not ask. Who takes what waited is there, too; that he has answered a ping is not read yet. */
static int on_writeable(struct websocket *ws, void *in, size_t len)
{
    (void)in, (void)len;
    if (ws->stuck)
        websocket_output_continue(ws);
    tell_control(ws);
    return 0;
}

/* 0: lws answers with what the peer said, and ends the connection; 1: it ends it without a word.
 * A mistake of the peer's is answered with our code. */
static int on_peer_close(struct websocket *ws, void *in, size_t len)
{
    const unsigned char *bytes = in;
    unsigned code = len >= 2 ? (unsigned)bytes[0] << 8 | bytes[1] : WEBSOCKET_NO_STATUS;
    struct str reason = str_skip(str_of(in, len), 2);
    if (ws->state >= WEBSOCKET_CLOSING)
        return 1; /* the answer to ours */
    unsigned mistake = len == 1 || code > CODE_MAX ? WEBSOCKET_PROTOCOL_ERROR
                       : utf8_is_valid(reason)     ? 0
                                                   : WEBSOCKET_INVALID;
    websocket_start_deadline(ws);
    websocket_say(ws, mistake ? mistake : code, mistake ? STR("") : reason);
    if (mistake)
        websocket_output_close(ws);
    ws->state = WEBSOCKET_LEAVING;
    return mistake != 0;
}

/* lws closes, or has lost the socket. Where it found a mistake, it keeps ready what it will say. */
static int on_closing(struct websocket *ws, void *in, size_t len)
{
    (void)in, (void)len;
    if (ws->state > WEBSOCKET_DRAINING)
        return 0;
    ws->state = WEBSOCKET_LEAVING;
    websocket_start_deadline(ws);
    const unsigned char *said = lws_get_close_payload(ws->wsi);
    size_t said_len = (size_t)lws_get_close_length(ws->wsi);
    if (said_len >= 2)
        websocket_say(ws, (unsigned)said[0] << 8 | said[1],
                      str_of((const char *)said + 2, said_len - 2));
    return 0;
}

static void leave_bridge(struct websocket *ws)
{
    if (ws->bridge)
        bridge_leave(ws->bridge, ws->state == WEBSOCKET_KILLED);
    ws->bridge = NULL;
}

static int on_closed(struct websocket *ws, void *in, size_t len)
{
    (void)in, (void)len;
    lws_set_wsi_user(ws->wsi, NULL);
    ws->wsi = NULL;
    if (ws->state < WEBSOCKET_LEAVING)
        ws->state = WEBSOCKET_LEAVING;
    timer_cancel(ws->hub->loop, &ws->deadline);
    websocket_input_forget(ws);
    websocket_output_release(ws);
    leave_bridge(ws);
    websocket_schedule(ws);
    return 0;
}

/* What lws calls back for. A result other than 0 ends the connection. */
typedef int event_fn(struct websocket *ws, void *in, size_t len);

static event_fn *const handlers[] = {
    [LWS_CALLBACK_ADD_HEADERS] = on_add_headers,
    [LWS_CALLBACK_ESTABLISHED] = on_established,
    [LWS_CALLBACK_RECEIVE] = on_receive,
    [LWS_CALLBACK_RECEIVE_PONG] = on_pong,
    [LWS_CALLBACK_SERVER_WRITEABLE] = on_writeable,
    [LWS_CALLBACK_WS_PEER_INITIATED_CLOSE] = on_peer_close,
    [LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL] = on_closing,
    [LWS_CALLBACK_CLOSED] = on_closed,
    [LWS_CALLBACK_CLOSED_HTTP] = on_closed, /* during the handshake */
    [LWS_CALLBACK_WSI_DESTROY] = on_closed, /* likewise: otherwise it knows us no longer */
};

static void attach(struct lws *wsi)
{
    struct websocket_hub *hub = lws_context_user(lws_get_context(wsi));
    hub->opening->wsi = wsi;
    lws_set_wsi_user(wsi, hub->opening);
}

int websocket_on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                     size_t len)
{
    if (reason == LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED)
        attach(wsi);
    if (!user || reason >= ARRAY_LENGTH(handlers) || !handlers[reason])
        return 0;
    return handlers[reason](user, in, len);
}
