/* SPDX-License-Identifier: Apache-2.0 */
/* http_connection.h: the server's side of HTTP/1.1 connections: heads in, bodies in with
 * back-pressure, answers out strictly in the order of the requests. It knows nothing of exchanges.
 *
 * The life of a request: head_memory, on_head, then, once http_connection_read_body was called,
 * on_body …, on_trailer …, on_body_end; one answer; on_gone. No event comes from within a call of
 * this module. A handler may make any call, but leaves the loop's scratch memory alone: input lies
 * there. */
#ifndef TURNPIKE_NET_HTTP_CONNECTION_H
#define TURNPIKE_NET_HTTP_CONNECTION_H

#include "turnpike/base/buf.h"
#include "turnpike/base/http_message.h"
#include "turnpike/net/loop.h"

struct http_connection; /* one client; owned by its server until on_closed has returned */
struct ssl_st;          /* OpenSSL's SSL */

/* Microseconds and bytes. */
struct http_server_options {
    size_t head_max;             /* of a request's head: beyond it, 431 */
    size_t trailers_max;         /* of the fields behind a chunked body: beyond it, 400; 0: they are
                                    held to their syntax and to 8 KiB, and dropped */
    uint64_t header_timeout;     /* from accept or a request's first byte to its whole head */
    uint64_t body_timeout;       /* between two pieces of a body that is wanted */
    uint64_t keep_alive_timeout; /* between two requests: then the connection is closed silently */
    uint64_t send_timeout;       /* without the client taking a byte: then it is reset */
};

struct http_connection_events {
    /* Memory for a complete head of `size` bytes: the first sign of a request. It holds all views
     * that on_head hands out and must live until the request's on_gone (or abort, or detach). */
    char *(*head_memory)(struct http_connection *c, size_t size);

    /* `head` is valid during the call; what its views show, as long as that memory. */
    void (*on_head)(struct http_connection *c, const struct http_head *head);

    /* Instead of on_head (with or without head_memory before it): 400, 408, 431, 501 or 505. After
     * on_head, instead of on_body_end: 400 or 408, and never once an answer was begun. `why` is
     * static text. The handler answers as ever, or aborts; the connection closes afterwards. */
    void (*on_error)(struct http_connection *c, unsigned status, const char *why);

    /* Never empty; valid during the call. */
    void (*on_body)(struct http_connection *c, struct str bytes);
    /* A field behind the body, in the order in which they came, once all of them are there: its
     * value without the white space around it. Valid during the call. NULL where the options ask
     * for none. */
    void (*on_trailer)(struct http_connection *c, struct str name, struct str value);
    void (*on_body_end)(struct http_connection *c); /* once; also where there is no body */

    /* Following a false from http_connection_respond_bytes. */
    void (*on_writable)(struct http_connection *c);

    /* The request is over, exactly once for each head or error, unless aborted or detached: the
     * kernel has taken the whole answer (complete), or the client vanished or stopped reading.
     * What the request owns may be released; no call may be made for it any more.
     *
     * A client that ends its side after a whole request (shutdown, a legal thing to do) is still
     * waiting: it is served. It counts as gone when it resets the connection, when it ends before
     * the request is whole, or when it had asked for an upgrade. */
    void (*on_gone)(struct http_connection *c, bool complete);

    /* The last call: the connection is freed when it returns. */
    void (*on_closed)(struct http_connection *c);
};

#define HTTP_DATE_LINE_SIZE 40

/* What the connections of one kind share. Embedded in its owner, which outlives all of them. */
struct http_server {
    struct loop *loop;
    const struct http_connection_events *events;
    struct http_server_options options; /* may be changed at any time */
    size_t connection_count;

    /* private */
    struct http_connection *connections;
    struct buf head; /* where answers' heads are written */
    uint64_t date_second;
    char date_line[HTTP_DATE_LINE_SIZE];
};

void http_server_init(struct http_server *server, struct loop *loop,
                      const struct http_server_options *options,
                      const struct http_connection_events *events);
/* Calls fn for every connection, which it may shut down or abort. */
void http_server_each(struct http_server *server, void (*fn)(struct http_connection *c, void *data),
                      void *data);
/* http_connection_shutdown for every connection. Those opened later are served as usual. */
void http_server_shutdown(struct http_server *server);
/* Resets every connection at the end of this turn, with on_gone(false) where a request is under
 * way: for the end of the drain time. */
void http_server_abort(struct http_server *server);
/* Once the loop has closed every connection. */
void http_server_release(struct http_server *server);

/* Takes over fd (connected, non-blocking) and `ssl` (accepting side; NULL: plain). `owner` is
 * whatever the event handlers need to find; it must live until on_closed. */
struct http_connection *http_connection_open(struct http_server *server, int fd, struct ssl_st *ssl,
                                             void *owner);
void *http_connection_owner(const struct http_connection *c);
/* NULL: plain. For questions about the handshake only. */
struct ssl_st *http_connection_ssl(const struct http_connection *c);

/* Starts or resumes the delivery of the body; the first time, where the client waits for it, sends
 * 100 Continue. Ignored once the body has ended or failed. */
void http_connection_read_body(struct http_connection *c);
/* No on_body comes until the next read_body. The client feels it: a bounded amount is read ahead.
 */
void http_connection_pause_body(struct http_connection *c);

/* Fields are written as given, but for date, content-length, transfer-encoding and connection,
 * which the connection writes itself: `headers` holds none of them. Names are lower case where
 * they are ours; CR, LF and NUL in values are written as spaces. A HEAD request's answer and the
 * statuses 204 and 304 carry no body, whatever is given. */
struct http_answer {
    unsigned status; /* 200 to 599 */
    const struct header *headers;
    size_t header_count;
    struct str body; /* all of it, and must live until on_gone; of an answer piece by piece what
                        there is, sent together with the head */
    /* Where set, content_length is said instead of the body's: answers to HEAD, 304 and streams of
     * a known length. 204 never says one. */
    bool has_content_length;
    uint64_t content_length;
    bool close; /* the connection ends with this answer */
};

/* One complete answer: head and body leave in one write where the kernel takes them. */
void http_connection_respond(struct http_connection *c, const struct http_answer *answer);

/* An answer piece by piece: of the announced length, else chunked, else (HTTP/1.0) ended by the
 * close. Bytes are copied where the kernel does not take them; false asks to wait for on_writable
 * (nothing is lost if not). respond_end asserts that an announced length was kept. */
void http_connection_respond_head(struct http_connection *c, const struct http_answer *answer);
MUST_USE bool http_connection_respond_bytes(struct http_connection *c, struct str bytes);
void http_connection_respond_end(struct http_connection *c);

/* The client has ended its side, or is gone, as the kernel knows it now: for who holds a request
 * for long. Over plain TCP. */
bool http_connection_has_ended(const struct http_connection *c);

/* Resets the connection, so that a half-sent answer cannot pass for a whole one. Of its events
 * only on_closed follows. */
void http_connection_abort(struct http_connection *c);

/* Lets a request that has begun end (with connection: close where its head is still to be written),
 * then closes; closes now where none has. */
void http_connection_shutdown(struct http_connection *c);

/* For a request with `upgrade`, before any answer: gives the socket, its TLS session (or NULL) and
 * the bytes that came behind the head (appended to *early) to the caller, who writes the answer.
 * Of its events only on_closed follows. */
MUST_USE int http_connection_detach(struct http_connection *c, struct ssl_st **ret_ssl,
                                    struct buf *early);

#endif
