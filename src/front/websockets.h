/* SPDX-License-Identifier: Apache-2.0 */
/* websockets.h: clients whose handshake was accepted: the way between the wire (net/websocket.h)
 * and a connection (gateway/connection.h). Private to front/. */
#ifndef TURNPIKE_FRONT_WEBSOCKETS_H
#define TURNPIKE_FRONT_WEBSOCKETS_H

#include "http1.h"
#include "turnpike/net/websocket.h"

/* Embedded in the front. */
struct websockets {
    struct gateway *gateway;
    struct websocket_hub *hub; /* NULL until a snapshot has a WebSocket API */
    bool draining;             /* who comes now may go again */
};

/* Makes the hub where the snapshot needs one. */
MUST_USE bool websockets_prepare(struct websockets *w, const struct snapshot *snapshot,
                                 struct error *ret_error);
void websockets_limit(struct websockets *w, const struct limit_settings *limits);
size_t websockets_count(const struct websockets *w);

/* What was taken off an HTTP connection. */
struct websocket_socket {
    int fd;
    struct ssl_st *ssl; /* or NULL */
    struct buf early;   /* stays the caller's */
    bool dismissed;     /* its listener went while it shook hands: it is closed at once */
};

/* Sends the 101 and begins x's connection. Takes over the socket; false where the client was gone
 * already. The client counts as the listener's until it has gone. */
bool websockets_open(struct http1_listener *listener, const struct websocket_socket *socket,
                     struct exchange *x, const struct response *response);

/* Closes those of one listener politely. */
void websockets_dismiss(struct websockets *w, const struct http1_listener *listener);
/* Closes all of them politely, and whoever still comes. */
void websockets_drain(struct websockets *w);
/* Ends all of them at once, and no function hears of it. */
void websockets_abort(struct websockets *w);
/* Once there is none. */
void websockets_release(struct websockets *w);

#endif
