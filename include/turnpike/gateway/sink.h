/* SPDX-License-Identifier: Apache-2.0 */
/* sink.h: where an exchange's answer goes: an HTTP/1.1 connection, a test's loopback, later an
 * HTTP/2 stream or a WebSocket frame. The edge makes one and hands it to the exchange. */
#ifndef TURNPIKE_GATEWAY_SINK_H
#define TURNPIKE_GATEWAY_SINK_H

#include "turnpike/model/request.h"

struct sink;

/* What an answer's body is made of. */
struct body_source {
    enum { BODY_FIXED } kind; /* all of it is there; a source that is pulled will be another kind */
    struct str bytes;         /* lives until the exchange is told that its answer has left */
};

/* Calls downwards. Upwards go exchange_on_body, exchange_on_body_end and exchange_on_gone, never
 * from within one of these. */
struct sink_ops {
    /* The door is passed: the body may come (100 Continue goes out where it was asked for). */
    void (*want_body)(struct sink *sink);
    /* Sends the answer. Its head and body live until exchange_on_gone. */
    void (*respond)(struct sink *sink, const struct response *response, struct body_source body);
};

/* Embedded in what the edge keeps for a request. */
struct sink {
    const struct sink_ops *ops;
};

#endif
