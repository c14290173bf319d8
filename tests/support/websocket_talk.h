/* SPDX-License-Identifier: Apache-2.0 */
/* websocket_talk.h: one WebSocket connection, its server side by the transport, its client side by
 * hand, byte for byte; plain or over TLS. Both are told of in words. */
#ifndef TURNPIKE_TESTS_WEBSOCKET_TALK_H
#define TURNPIKE_TESTS_WEBSOCKET_TALK_H

#include "turnpike/base/buf.h"
#include "turnpike/net/websocket.h"

enum talk_over { TALK_OVER_UNIX, TALK_OVER_TCP, TALK_OVER_TLS };

/* Opcodes, with or without FIN. */
enum {
    TALK_FIN = 0x80,
    TALK_CONTINUATION = 0x0,
    TALK_TEXT = 0x1,
    TALK_BINARY = 0x2,
    TALK_CLOSE = 0x8,
    TALK_PING = 0x9,
    TALK_PONG = 0xa,
};

struct talk {
    struct loop loop;
    struct budget buffered;
    struct websocket_limits limits;
    struct websocket_hub *hub;
    struct websocket *ws;    /* NULL once closed */
    int client;              /* -1 once closed */
    struct websocket *elder; /* another of the hub; NULL once closed, and where there was none */
    int elder_client;
    struct ssl_st *ssl; /* the client's */
    struct ssl_ctx_st *ssl_contexts[2];
    bool shaken; /* the 101 was read */

    struct buf head;   /* of the 101 */
    struct buf input;  /* of the client, not yet a whole frame */
    struct buf frames; /* what the client received, see talk_await_frames */
    struct buf trace;  /* what the server was told, see talk_await */
    void (*on_message)(struct talk *t, struct str message, bool binary); /* beside the trace */
    void (*on_control)(struct talk *t);
    void (*on_closed)(struct talk *t);
    void (*before_open)(void); /* right before the transport takes over */
    unsigned controls;         /* how often it was told of a ping or pong */
    size_t descriptors;        /* that were open before it began */
    size_t received;           /* bytes of messages that the client received */
};

/* Limits are AWS's where the caller changes none before talk_open. */
void talk_init(struct talk *t);
/* Opens with a handshake that has these early bytes behind it. */
void talk_open(struct talk *t, enum talk_over over, struct str early);
void talk_open_with(struct talk *t, enum talk_over over,
                    const struct websocket_handshake *handshake);
/* Another connection, to be opened before, on which these bytes are sent and no others: its message
 * is the oldest. The trace tells of it as "elder 5;" and "elder closed 1013;". */
void talk_open_elder(struct talk *t, struct str bytes);
/* Ends the client where that was not done, waits until all is closed and frees everything. */
void talk_release(struct talk *t);
/* Frees the hub, once the connection is closed; the client may still be there. */
void talk_end(struct talk *t);

/* A frame as clients send them, masked, with a length in as few bytes as possible. */
void talk_put_frame(struct buf *out, unsigned opcode, struct str payload);
void talk_put_close(struct buf *out, unsigned code, struct str reason);

/* From the client, all of it, while the loop turns. */
void talk_send_bytes(struct talk *t, struct str bytes);
void talk_send(struct talk *t, unsigned opcode, struct str payload);
void talk_send_close(struct talk *t, unsigned code, struct str reason);
void talk_shutdown(struct talk *t); /* FIN, after close_notify under TLS */
void talk_hang_up(struct talk *t);  /* closes the socket */
void talk_reset(struct talk *t);    /* RST; over TCP or TLS */

/* Sends what the client's kernel takes in so many turns; how much that was. */
size_t talk_try_to_send(struct talk *t, struct str bytes, unsigned turns);
/* Every timer of the loop rings now. */
void talk_hurry(struct talk *t);

/* One turn, without waiting, and the client's reading. */
void talk_turn(struct talk *t);
/* One turn in which the client does not read. */
void talk_turn_deaf(struct talk *t);
/* Turns until the server's trace is `want`: "text hello;", "binary 3;", "closed 1000 bye". A
 * message of more than 32 bytes is told by its length, "text 32768;". Controls are only counted. */
void talk_await(struct talk *t, const char *want);
/* Turns until the client has received this: "T hello;" a text frame, "B", "C" (continuation), "P"
 * (ping), "O" (pong); small letters where FIN is missing; "X 1000 bye;" a close frame, "X;" an
 * empty one; "end" where the server ended. Long ones are told by their length. */
void talk_await_frames(struct talk *t, const char *want);

#endif
