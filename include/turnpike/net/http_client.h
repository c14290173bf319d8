/* SPDX-License-Identifier: Apache-2.0 */
/* http_client.h: the hot path's HTTP/1.1 client: pooled keep-alive connections to one plain
 * endpoint, one request at a time on each. */
#ifndef TURNPIKE_NET_HTTP_CLIENT_H
#define TURNPIKE_NET_HTTP_CLIENT_H

#include "turnpike/base/buf.h"
#include "turnpike/base/error.h"
#include "turnpike/base/http_message.h"
#include "turnpike/net/loop.h"

struct http_client; /* one endpoint: its idle connections and the calls that are under way */
struct http_call;   /* one request and its answer; owned by the client */

/* May change at reload; microseconds. */
struct http_client_options {
    struct str host; /* name or address, without brackets */
    uint16_t port;
    uint64_t connect_timeout;
    uint64_t keep_alive_timeout; /* an idle connection is not used beyond this */
    size_t answer_max;           /* bytes of an answer's body: beyond it, ERROR_TOO_LARGE */
    size_t idle_max;             /* connections kept */
};

struct http_client_answer {
    unsigned status;
    const struct header *headers; /* valid during the callback */
    size_t header_count;
    struct buf body; /* the callback may take it (set it to zero); otherwise it is released */
};

/* Exactly one of answer and error is not NULL. */
typedef void http_call_fn(void *data, struct http_client_answer *answer, const struct error *error);

struct http_client *http_client_new(struct loop *loop, const struct http_client_options *options);
void http_client_configure(struct http_client *c, const struct http_client_options *options);
/* Cancels the calls under way and closes everything; memory goes when the loop has turned. */
void http_client_free(struct http_client *c);

/* Sends a complete request: `head` (request line, fields, empty line) and `body` are taken over.
 * Never calls back before it has returned, exactly once unless cancelled, within `timeout`
 * (ERROR_TIMEOUT). A reused connection that died before any byte of the answer, and was reset or
 * ended with bytes of the request unacknowledged (TCP_INFO), is replaced once by a fresh one;
 * nothing else is ever sent twice. */
struct http_call *http_call_start(struct http_client *c, struct buf head, struct buf body,
                                  uint64_t timeout, http_call_fn *done, void *data);
/* Drops the call and its connection; no callback follows. */
void http_call_cancel(struct http_call *call);

#endif
