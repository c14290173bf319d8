/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h: one connected socket, plain or TLS, as a non-blocking stream of bytes. */
#ifndef TURNPIKE_NET_STREAM_H
#define TURNPIKE_NET_STREAM_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "turnpike/net/loop.h"

struct stream;
struct ssl_st; /* OpenSSL's SSL */

/* Called from the loop, never from within a call of this module. */
struct stream_events {
    void (*on_readable)(struct stream *stream); /* bytes, the end or an error can be read */
    void (*on_writable)(struct stream *stream); /* a write that was refused may be tried again */
    void (*on_closed)(struct stream *stream);   /* the last call: the owner may be freed */
};

/* Embedded in its owner. */
struct stream {
    const struct stream_events *events;
    struct loop *loop;
    uv_poll_t poll;
    struct ssl_st *ssl; /* NULL: plain */
    int fd;
    bool want_read, want_write; /* what the owner asked for */
    bool closing;

    /* private */
    bool read_needs_write, write_needs_read; /* TLS: what a blocked call waits for */
    bool drained;                            /* TLS: the last read took all that had come */
    int polled;                              /* events given to uv_poll */
    struct task wake;                        /* bytes that TLS holds and no poll event announces */
};

/* Takes over fd, which is connected (or connecting) and non-blocking, and `ssl` where it is not
 * NULL (its handshake, server or client side, is done along the way). Nothing is watched yet. */
void stream_open(struct stream *s, struct loop *loop, int fd, struct ssl_st *ssl,
                 const struct stream_events *events);

/* What the owner waits for. Watching nothing costs nothing: the peer's bytes stay in the kernel. */
void stream_watch(struct stream *s, bool readable, bool writable);

/* Reads at most size bytes: > 0 that many, 0 the peer's orderly end, -EAGAIN nothing yet, another
 * negative errno a failure (-EPROTO: TLS). */
ssize_t stream_read(struct stream *s, void *out, size_t size);

/* Writes what it can: >= 0 that many (fewer than asked: watch for writable), or a negative errno.
 */
ssize_t stream_write(struct stream *s, const struct iovec *parts, int count);

/* Tells the peer that no more comes (FIN, under TLS after close_notify). Reading goes on. */
void stream_shutdown(struct stream *s);

/* Closes without ceremony; on_closed follows in a later turn, nothing else does. */
void stream_close(struct stream *s);

/* Like stream_close, but gives the socket and the TLS session away instead of ending them: the
 * caller may watch the returned fd in this same loop at once. */
MUST_USE int stream_detach(struct stream *s, struct ssl_st **ret_ssl);

#endif
