/* SPDX-License-Identifier: Apache-2.0 */
/* websocket.h: the WebSocket protocol (RFC 6455) once a handshake has been accepted: frames, their
 * reassembly, pings and closes, through libwebsockets. It knows nothing of APIs or exchanges.
 *
 * No event comes from within a call of this module. A handler may make any call. */
#ifndef TURNPIKE_NET_WEBSOCKET_H
#define TURNPIKE_NET_WEBSOCKET_H

#include "turnpike/base/budget.h"
#include "turnpike/base/error.h"
#include "turnpike/base/http_message.h"
#include "turnpike/net/loop.h"

struct websocket_hub; /* libwebsockets' context on the loop; owned by the front */
struct websocket;     /* one connection; owned by its hub until on_closed has returned */
struct ssl_st;        /* OpenSSL's SSL */

enum {
    WEBSOCKET_NORMAL = 1000,
    WEBSOCKET_GOING_AWAY = 1001,
    WEBSOCKET_PROTOCOL_ERROR = 1002,
    WEBSOCKET_UNSUPPORTED = 1003,
    WEBSOCKET_NO_STATUS = 1005, /* never sent: the peer's close frame was empty */
    WEBSOCKET_ABNORMAL = 1006,  /* never sent: the connection ended without a close frame */
    WEBSOCKET_INVALID = 1007,   /* text that is not UTF-8 */
    WEBSOCKET_TOO_BIG = 1009,
};

/* Of all connections of a hub, may be changed at any time; takes_binary is each connection's own.
 */
struct websocket_limits {
    size_t message_max;    /* bytes of a message: beyond it, 1009 */
    size_t frame_max;      /* bytes of one frame's payload: beyond it, 1009; sent ones keep to it */
    size_t pending_max;    /* bytes that wait to be sent: beyond it websocket_send refuses */
    uint64_t buffered_max; /* of `buffered`: where parts of messages would take more, their
                            * connections are not read until memory is free */
    struct budget *buffered;
};

struct websocket_events {
    /* A complete message: valid UTF-8 where it is text. Valid during the call. Not while paused. */
    void (*on_message)(struct websocket *ws, struct str message, bool binary);
    /* A ping (which was answered) or pong came. */
    void (*on_control)(struct websocket *ws);
    /* The last call, exactly once for each websocket_open that did not return NULL: the connection
     * is freed when it returns. The code and reason are the peer's where it closed first, ours
     * where we did, WEBSOCKET_ABNORMAL where the connection just ended. */
    void (*on_closed)(struct websocket *ws, unsigned code, struct str reason);
};

/* NULL with an error where libwebsockets cannot be used (its plugin for libuv is missing). */
MUST_USE struct websocket_hub *websocket_hub_new(struct loop *loop,
                                                 const struct websocket_events *events,
                                                 struct error *ret_error);
void websocket_hub_limit(struct websocket_hub *hub, const struct websocket_limits *limits);
/* Every connection must have been closed. The loop has to turn until it is gone. Takes NULL. */
void websocket_hub_free(struct websocket_hub *hub);
size_t websocket_count(const struct websocket_hub *hub);

/* The answer to an accepted handshake. */
struct websocket_handshake {
    struct str key;               /* Sec-WebSocket-Key, checked by the caller */
    const struct header *headers; /* of the 101 beside Upgrade, Connection, Sec-WebSocket-Accept */
    size_t header_count;
    struct str early;  /* bytes that came behind the client's head */
    bool takes_binary; /* otherwise a binary message closes with 1003 */
};

/* Takes over fd (connected, non-blocking) and `ssl` (or NULL), sends the 101 and begins. Events
 * come from the next turn on. NULL where the client was gone already; fd and ssl are closed then
 * too. `owner` must live until on_closed. */
struct websocket *websocket_open(struct websocket_hub *hub, int fd, struct ssl_st *ssl,
                                 const struct websocket_handshake *handshake, void *owner);
void *websocket_owner(const struct websocket *ws);

/* Sends a message, in frames of at most frame_max. What the kernel does not take is kept. False,
 * with nothing sent, where more than pending_max would wait, or it is closing. */
MUST_USE bool websocket_send(struct websocket *ws, struct str message, bool binary);
/* A ping without payload; ignored while output waits. */
void websocket_ping(struct websocket *ws);
/* No on_message comes until websocket_resume; the client feels it. Pings and closes wait too. */
void websocket_pause(struct websocket *ws);
void websocket_resume(struct websocket *ws);
/* Closes politely once what waits was sent: code and reason (at most 123 bytes of UTF-8) go out,
 * the peer's close frame is awaited for a bounded time. Later calls are ignored. */
void websocket_close(struct websocket *ws, unsigned code, struct str reason);
/* Ends the connection without a close frame; on_closed comes in a later turn. */
void websocket_kill(struct websocket *ws);

/* The same for all of a hub's connections, one by one. */
void websocket_each(struct websocket_hub *hub, void (*fn)(struct websocket *ws, void *data),
                    void *data);

#endif
