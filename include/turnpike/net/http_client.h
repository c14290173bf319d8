/* SPDX-License-Identifier: Apache-2.0 */
/* http_client.h: HTTP/1.1 requests to one endpoint. Plain ones go through the hot path's own
 * client: pooled keep-alive connections, one request at a time on each. Those over TLS go through
 * libcurl (curl_loop.h); who calls does not see the difference. */
#ifndef TURNPIKE_NET_HTTP_CLIENT_H
#define TURNPIKE_NET_HTTP_CLIENT_H

#include "turnpike/base/buf.h"
#include "turnpike/base/error.h"
#include "turnpike/base/http_message.h"
#include "turnpike/net/loop.h"

struct curl_loop;
struct http_client; /* one endpoint: its idle connections and the calls that are under way */
struct http_call;   /* one request and its answer; owned by the client */

/* Microseconds. */
struct http_client_options {
    struct str host; /* name or address, without brackets; copied */
    uint16_t port;
    uint64_t connect_timeout;    /* looking the name up and trying all its addresses */
    uint64_t keep_alive_timeout; /* an idle connection is not used beyond this; 0: never kept (over
                                  * TLS below a second, too) */
    size_t answer_max;           /* bytes of an answer's body: beyond it, ERROR_TOO_LARGE */
    size_t idle_max;             /* connections kept */
    struct curl_loop *curl;      /* where not NULL: over TLS, through this; certificates checked */
    struct str server_name;      /* over TLS: for SNI and verification; empty: host; copied */
};

struct http_client_answer {
    unsigned status;
    const struct header *headers; /* valid during the callback */
    size_t header_count;
    /* The callback may take it (set it to zero), otherwise it is released. The headers lie in its
     * memory, in front of its content. */
    struct buf body;
    /* Of a streamed answer: what its Content-Length says, also where no body follows (HEAD, 304).
     */
    bool has_content_length;
    uint64_t content_length;
};

/* Exactly one of answer and error is not NULL. Errors: ERROR_CONNECT (no connection, in time or at
 * all), ERROR_TIMEOUT (of the whole call), ERROR_CONNECTION (it broke), ERROR_PROTOCOL,
 * ERROR_TOO_LARGE; over TLS also ERROR_TLS (handshake or certificate, which the text tells). */
typedef void http_call_fn(void *data, struct http_client_answer *answer, const struct error *error);

MUST_USE struct http_client *http_client_new(struct loop *loop,
                                             const struct http_client_options *options);
/* New limits, for calls to come; host and port stay: another endpoint is another client. */
void http_client_configure(struct http_client *c, const struct http_client_options *options);
/* Cancels the calls under way and closes everything; memory goes when the loop has turned. May be
 * called within a callback. Takes NULL. */
void http_client_free(struct http_client *c);

/* Sends a complete request: `head` (request line, fields, empty line) and `body` are taken over.
 * Not for HEAD, whose answers are framed differently. Never calls back before it has returned,
 * exactly once unless cancelled, within `timeout` (ERROR_TIMEOUT).
 *
 * A reused connection that died before any byte of the answer, and was reset or ended with bytes
 * of the request unacknowledged, is replaced once by a fresh one; nothing else is ever
 * sent twice. An answer that comes before the request was sent completely is taken, and its
 * connection not used again. */
struct http_call *http_call_start(struct http_client *c, struct buf head, struct buf body,
                                  uint64_t timeout, http_call_fn *done, void *data);
/* An answer that is passed on as it comes. */
struct http_stream_events {
    /* Its head, and what came of the body together with it: often all, then `complete` is set and
     * the call is over: it may be neither paused nor cancelled any more, and no other event
     * follows. The headers are valid during the callback, which may take the body. */
    void (*on_head)(void *data, struct http_client_answer *answer, bool complete);
    /* More of the body; valid during the callback. Not while the call is paused. */
    void (*on_bytes)(void *data, struct str bytes);
    /* All of it has come; or error is not NULL, instead of on_head too. The call is over. */
    void (*on_end)(void *data, const struct error *error);
};

struct http_stream_request {
    struct buf head, body; /* taken over */
    bool is_head;          /* of method HEAD: the answer has no body, whatever it says */
    uint64_t timeout;      /* until the answer is complete, without the time that it is paused */
};

/* As http_call_start, but for answers of any size: answer_max bounds the whole body, not memory.
 * Events may call any function of the call, cancel too; none comes from within a function. */
struct http_call *http_call_stream(struct http_client *c, struct http_stream_request *request,
                                   const struct http_stream_events *events, void *data);
/* No on_bytes or on_end comes until http_call_resume; the server feels it. Once on_head has come.
 */
void http_call_pause(struct http_call *call);
void http_call_resume(struct http_call *call);

/* Drops the call and its connection; no callback follows. */
void http_call_cancel(struct http_call *call);

#endif
