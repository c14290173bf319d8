/* SPDX-License-Identifier: Apache-2.0 */
#include "websocket_bridge.h"

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/net/stream.h"

#include "websocket_private.h"

#define CHUNK_SIZE 16384 /* a TLS record */

/* For what lws has left to say, and then for the client to end: closing a socket that has something
 * unread is a reset, which may overtake the close frame. */
#define LINGER (5 * USEC_PER_SEC)

/* Either end of the bridge. */
struct side {
    struct stream stream;
    struct buf stash; /* what it has not taken yet; while there is any, the other is not read */
    bool ended;       /* nothing more comes from it */
    bool deaf;        /* it takes nothing more */
    bool told;        /* that nothing more comes to it */
};

struct bridge {
    struct websocket_hub *hub;
    struct websocket *ws; /* NULL once lws has done with it */
    struct bridge *next, *previous;
    struct side client, lws;
    struct timer linger;
    unsigned open; /* streams */
    bool closing;
};

static void close_now(struct bridge *b)
{
    b->closing = true;
    timer_cancel(b->hub->loop, &b->linger);
    stream_close(&b->client.stream);
    stream_close(&b->lws.stream);
}

static void on_linger(struct timer *timer)
{
    close_now(container_of(timer, struct bridge, linger));
}

static void tell_end(const struct side *from, struct side *to)
{
    if (!from->ended || to->told || buf_len(&to->stash) > 0)
        return;
    to->told = true;
    if (!to->deaf)
        stream_shutdown(&to->stream);
}

static void watch(struct side *side, const struct side *other)
{
    stream_watch(&side->stream, !side->ended && buf_len(&other->stash) == 0,
                 buf_len(&side->stash) > 0);
}

static void settle(struct bridge *b)
{
    struct loop *loop = b->hub->loop;
    if (b->closing)
        return;
    tell_end(&b->client, &b->lws);
    tell_end(&b->lws, &b->client);
    if (b->client.told && (b->client.ended || b->client.deaf || b->hub->ending)) {
        close_now(b);
        return;
    }
    if (b->lws.ended && !timer_is_running(&b->linger))
        timer_start(loop, &b->linger, loop_now(loop) + LINGER, on_linger);
    watch(&b->client, &b->lws);
    watch(&b->lws, &b->client);
}

/* An end that does not take any more is still read until it ends: lws's last word is a close frame.
 */
static size_t hand_over(struct side *to, struct str bytes)
{
    struct iovec part = {(void *)(uintptr_t)bytes.at, bytes.len}; /* never written through */
    if (to->deaf)
        return bytes.len;
    ssize_t sent = stream_write(&to->stream, &part, 1);
    if (sent >= 0)
        return (size_t)sent;
    to->deaf = true;
    return bytes.len;
}

static void carry(struct bridge *b, struct side *from, struct side *to)
{
    char *chunk = b->hub->loop->scratch;
    ssize_t got = stream_read(&from->stream, chunk, CHUNK_SIZE);
    if (got > 0) {
        size_t sent = hand_over(to, str_of(chunk, (size_t)got));
        buf_append(&to->stash, str_skip(str_of(chunk, (size_t)got), sent));
    } else if (got != -EAGAIN) {
        from->ended = true;
        from->deaf |= got < 0 || from == &b->lws;
    }
    settle(b);
}

static void flush(struct bridge *b, struct side *to)
{
    buf_consume(&to->stash, hand_over(to, buf_str(&to->stash)));
    if (buf_len(&to->stash) == 0)
        buf_release(&to->stash);
    settle(b);
}

static void unlink_from_hub(struct bridge *b)
{
    struct bridge **here = b->previous ? &b->previous->next : &b->hub->bridges;
    *here = b->next;
    if (b->next)
        b->next->previous = b->previous;
}

static void on_side_closed(struct bridge *b)
{
    if (--b->open > 0)
        return;
    if (b->ws)
        b->ws->bridge = NULL;
    unlink_from_hub(b);
    buf_release(&b->client.stash);
    buf_release(&b->lws.stash);
    websocket_hub_bridge_gone(b->hub);
    free(b);
}

static void on_client_readable(struct stream *stream)
{
    struct bridge *b = container_of(stream, struct bridge, client.stream);
    carry(b, &b->client, &b->lws);
}

static void on_client_writable(struct stream *stream)
{
    struct bridge *b = container_of(stream, struct bridge, client.stream);
    flush(b, &b->client);
}

static void on_client_closed(struct stream *stream)
{
    on_side_closed(container_of(stream, struct bridge, client.stream));
}

static void on_lws_readable(struct stream *stream)
{
    struct bridge *b = container_of(stream, struct bridge, lws.stream);
    carry(b, &b->lws, &b->client);
}

static void on_lws_writable(struct stream *stream)
{
    struct bridge *b = container_of(stream, struct bridge, lws.stream);
    flush(b, &b->lws);
}

static void on_lws_closed(struct stream *stream)
{
    on_side_closed(container_of(stream, struct bridge, lws.stream));
}

int bridge_open(struct websocket *ws, int fd, struct ssl_st *ssl)
{
    static const struct stream_events client_events = {on_client_readable, on_client_writable,
                                                       on_client_closed};
    static const struct stream_events lws_events = {on_lws_readable, on_lws_writable,
                                                    on_lws_closed};
    struct websocket_hub *hub = ws->hub;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0) {
        SSL_free(ssl);
        (void)close(fd);
        return -1;
    }
    struct bridge *b = xcalloc(1, sizeof(*b));
    b->hub = hub;
    b->ws = ws;
    b->open = 2;
    b->next = hub->bridges;
    if (b->next)
        b->next->previous = b;
    hub->bridges = b;
    stream_open(&b->client.stream, hub->loop, fd, ssl, &client_events);
    stream_open(&b->lws.stream, hub->loop, pair[0], NULL, &lws_events);
    settle(b);
    ws->bridge = b;
    return pair[1];
}

void bridge_leave(struct bridge *b, bool at_once)
{
    b->ws = NULL;
    if (at_once)
        close_now(b);
}

void bridges_hurry(struct websocket_hub *hub)
{
    for (struct bridge *b = hub->bridges; b; b = b->next)
        settle(b);
}
