/* SPDX-License-Identifier: Apache-2.0 */
/* sink.h: where an exchange's answer goes: an HTTP/1.1 connection, a frame of a WebSocket, a test's
 * loopback, later an HTTP/2 stream. The edge makes one and hands it to the exchange. */
#ifndef TURNPIKE_GATEWAY_SINK_H
#define TURNPIKE_GATEWAY_SINK_H

#include "turnpike/model/request.h"

struct sink;

/* Calls downwards. Upwards go exchange_on_body, exchange_on_body_end, exchange_on_writable and
 * exchange_on_gone, never from within one of these. */
struct sink_ops {
    /* The door is passed: the body may come (100 Continue goes out where it was asked for). */
    void (*want_body)(struct sink *sink);
    /* Sends the answer, or its beginning where it is streamed. Its head and body live until
     * exchange_on_gone. */
    void (*respond)(struct sink *sink, const struct response *response);
    /* Sends a 101 with the response's headers: the client is a WebSocket from here on, that of
     * the exchange's connection (connection.h). NULL where no handshake can come. */
    void (*upgrade)(struct sink *sink, const struct response *response);

    /* What follows of a streamed answer, in pieces that need live during the call only. False asks
     * to wait for exchange_on_writable; nothing is lost if not. */
    bool (*send)(struct sink *sink, struct str bytes);
    /* The streamed answer is complete, or (abort) cannot be completed: the client must not take
     * what it got for a whole answer. exchange_on_gone follows both. */
    void (*end)(struct sink *sink);
    void (*abort)(struct sink *sink);
};

/* Embedded in what the edge keeps for a request. */
struct sink {
    const struct sink_ops *ops;
};

#endif
