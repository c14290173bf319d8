/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "turnpike/base/http_message.h"
#include "turnpike/base/xalloc.h"

#include "websocket_bridge.h"
#include "websocket_private.h"

/* Beside the headers: the empty line behind them, and what lws may put there. */
#define HEAD_RESERVE 64

static char *put(char *out, struct str s)
{
    if (s.len)
        memcpy(out, s.at, s.len);
    return out + s.len;
}

/* What could end the line early becomes a space (RFC 9110, 5.5). */
static char *put_value(char *out, struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        char at = value.at[i];
        out[i] = at == '\r' || at == '\n' || at == '\0' ? ' ' : at;
    }
    return out + value.len;
}

/* A request with nothing in it but what lws needs: it knows neither the client's own nor, thereby,
 * a protocol to choose from. The client's early bytes follow. */
static void write_request(struct buf *out, const struct websocket_handshake *handshake)
{
    assert(http_is_field_value(handshake->key));
    buf_literal(out, "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
    buf_append(out, handshake->key);
    buf_literal(out, "\r\n\r\n");
    buf_append(out, handshake->early);
}

/* lws goes through the whole handshake within the call, and closes fd where that fails. */
static void adopt(struct websocket *ws, int fd, const struct websocket_handshake *handshake)
{
    struct websocket_hub *hub = ws->hub;
    scoped_buf struct buf request = {0};
    if (fd >= hub->descriptors_max) {
        (void)close(fd);
        return;
    }
    write_request(&request, handshake);
    hub->opening = ws;
    hub->handshake = handshake;
    (void)lws_adopt_socket_vhost_readbuf(hub->vhost, fd, request.data, buf_len(&request));
    hub->opening = NULL;
    hub->handshake = NULL;
}

static void discard(struct websocket *ws)
{
    if (ws->wsi)
        lws_set_wsi_user(ws->wsi, NULL);
    if (ws->bridge)
        bridge_leave(ws->bridge, true);
    timer_cancel(ws->hub->loop, &ws->deadline);
    task_cancel(ws->hub->loop, &ws->later);
    free(ws->farewell);
    free(ws);
}

static void link_to_hub(struct websocket *ws)
{
    struct websocket_hub *hub = ws->hub;
    ws->next = hub->first;
    if (ws->next)
        ws->next->previous = ws;
    hub->first = ws;
    hub->count++;
}

bool websocket_write_headers(struct websocket *ws, struct lws_process_html_args *args)
{
    const struct websocket_handshake *handshake = ws->hub->handshake;
    size_t room = (size_t)args->max_len - HEAD_RESERVE;
    FOR_EACH (header, handshake->headers, handshake->header_count) {
        size_t size = header->name.len + header->value.len + 4;
        if (size > room)
            return false;
        args->p = put(put(args->p, header->name), STR(": "));
        args->p = put(put_value(args->p, header->value), STR("\r\n"));
        room -= size;
    }
    return true;
}

struct websocket *websocket_open(struct websocket_hub *hub, int fd, struct ssl_st *ssl,
                                 const struct websocket_handshake *handshake, void *owner)
{
    struct websocket *ws = xcalloc(1, sizeof(*ws));
    ws->hub = hub;
    ws->owner = owner;
    ws->takes_binary = handshake->takes_binary;
    ws->reading = true;
    kept_messages_init(&ws->held);
    kept_messages_init(&ws->queue);
    if (ssl)
        fd = bridge_open(ws, fd, ssl);
    if (fd >= 0)
        adopt(ws, fd, handshake);
    if (!ws->wsi || !ws->established) {
        discard(ws);
        return NULL;
    }
    link_to_hub(ws);
    return ws;
}
