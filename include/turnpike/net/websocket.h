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
    WEBSOCKET_TRY_AGAIN_LATER = 1013, /* for the rest of a message there is no memory */
};

/* Of all connections of a hub, may be changed at any time; takes_binary is each connection's own.
 */
struct websocket_limits {
    size_t message_max;    /* bytes of a message: beyond it, 1009 */
    size_t frame_max;      /* bytes of one frame's payload: beyond it, 1009; sent ones keep to it,
                            * and to 64 KiB; above 0 */
    size_t pending_max;    /* bytes that wait to be sent: beyond it websocket_send refuses */
    uint64_t buffered_max; /* of `buffered`: where parts of messages would take more, their
                            * connections are not read until memory is free; where that takes more
                            * than ten seconds, the message that began first is given up, with 1013.
                            * Messages that come in one piece (of 512 bytes) need none. Where what
                            * waits to be sent would take more, websocket_send refuses */
    struct budget *buffered;
};

struct websocket_events {
    /* A complete message: valid UTF-8 where it is text. Valid during the call. Not while paused. */
    void (*on_message)(struct websocket *ws, struct str message, bool binary);
    /* A ping (which was answered) or pong came, or the client took output that had waited. */
    void (*on_control)(struct websocket *ws);
    /* The last call, exactly once for each websocket_open that did not return NULL: the connection
     * is freed when it returns. It waits for messages that came before the end and are held back by
     * a pause, for nothing else. The code and reason are the peer's where it closed first, ours
     * where we did (or libwebsockets, for mistakes: 1002), WEBSOCKET_ABNORMAL where the connection
     * just ended. Under TLS the last bytes may still be on their way. */
    void (*on_closed)(struct websocket *ws, unsigned code, struct str reason);
};

/* NULL with an error where libwebsockets cannot be used (its plugin for libuv is missing). Its
 * tables are as large as the limit of descriptors at this moment, and take those below it. While
 * there is a hub, the loop always has something to wait for. */
MUST_USE struct websocket_hub *websocket_hub_new(struct loop *loop,
                                                 const struct websocket_events *events,
                                                 struct error *ret_error);
/* To be called before the first websocket_open. */
void websocket_hub_limit(struct websocket_hub *hub, const struct websocket_limits *limits);
/* Every connection must have been closed. The loop has to turn until it is gone: under TLS, until
 * the last bytes have been delivered, five seconds at most. Takes NULL. */
void websocket_hub_free(struct websocket_hub *hub);
size_t websocket_count(const struct websocket_hub *hub);

/* The answer to an accepted handshake. */
struct websocket_handshake {
    struct str key;               /* Sec-WebSocket-Key, checked by the caller */
    const struct header *headers; /* of the 101 beside Upgrade, Connection, Sec-WebSocket-Accept;
                                   * 15,000 bytes together at most. Line ends become spaces */
    size_t header_count;
    struct str early;  /* bytes that came behind the client's head */
    bool takes_binary; /* otherwise a binary message closes with 1003 */
};

/* Takes over fd (connected, non-blocking, on TCP without Nagle's delay) and `ssl` (or NULL), sends
 * the 101 and begins. Events come from the next turn on. NULL where the client was gone already or
 * descriptors are short (under TLS it takes two more); fd and ssl are closed then too. `owner` must
 * live until on_closed. */
struct websocket *websocket_open(struct websocket_hub *hub, int fd, struct ssl_st *ssl,
                                 const struct websocket_handshake *handshake, void *owner);
void *websocket_owner(const struct websocket *ws);

/* Sends a message, in frames of at most frame_max. What the kernel does not take is kept, and until
 * it has been sent the client is not read. False, with nothing sent, where more than pending_max
 * could wait (so for any message that is longer), or it is closing. */
MUST_USE bool websocket_send(struct websocket *ws, struct str message, bool binary);
/* False once it is closing, whoever began. */
bool websocket_is_open(const struct websocket *ws);
/* A ping; ignored while output waits. The pong comes as on_control. */
void websocket_ping(struct websocket *ws);
/* No on_message comes until websocket_resume; the client feels it. What it sends meanwhile, its end
 * included, is heard of afterwards: the end only where it had been read along with a message. */
void websocket_pause(struct websocket *ws);
void websocket_resume(struct websocket *ws);
/* Closes politely once what waits was sent: code and reason (at most 123 bytes of UTF-8, else cut)
 * go out, the peer's close frame is awaited; ten seconds for both. No on_message comes any more.
 * Later calls are ignored. */
void websocket_close(struct websocket *ws, unsigned code, struct str reason);
/* Ends the connection without a close frame; on_closed comes in a later turn, and no other event
 * before it. */
void websocket_kill(struct websocket *ws);

/* The same for all of a hub's connections, one by one. */
void websocket_each(struct websocket_hub *hub, void (*fn)(struct websocket *ws, void *data),
                    void *data);

#endif
