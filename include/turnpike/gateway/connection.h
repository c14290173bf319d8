/* SPDX-License-Identifier: Apache-2.0 */
/* connection.h: WebSocket connections: what is known of one from its handshake to its $disconnect,
 * the exchanges of its messages, its timers, and the directory in which others find it by its id.
 * The wire is behind an interface: net/websocket.h by way of the edge, or a test. */
#ifndef TURNPIKE_GATEWAY_CONNECTION_H
#define TURNPIKE_GATEWAY_CONNECTION_H

#include "turnpike/base/map.h"
#include "turnpike/model/request.h"
#include "turnpike/net/loop.h"

struct gateway;
struct exchange;
struct message; /* the exchange of a message and its sink */

enum connection_sent {
    CONNECTION_SENT,
    CONNECTION_TOO_SLOW, /* more would wait than limits.websocketPendingBytes allow, or memory is
                          * short */
    CONNECTION_GONE      /* closed or closing */
};

/* Calls downwards, with the contracts of net/websocket.h. Upwards go connection_on_message,
 * connection_on_control and connection_on_closed, never from within one of these. */
struct connection_transport {
    enum connection_sent (*send)(void *wire, struct str message, bool binary);
    void (*ping)(void *wire);
    void (*pause)(void *wire);
    void (*resume)(void *wire);
    void (*close)(void *wire, unsigned code, struct str reason);
    void (*kill)(void *wire);
};

/* Counted: held by its wire while it is open, by its exchanges, and by the handshake before. It
 * knows its API and stage by name: each message meets the snapshot then in force. */
struct connection {
    struct gateway *gateway;
    size_t references;
    struct connection_facts facts;

    /* As the handshake left them; in `text`. */
    struct str api_id, stage_name, mapping_key, domain_name, scheme, source_ip, user_agent;
    const struct identity *identity; /* NULL: none */
    char *text;

    const struct connection_transport *transport; /* NULL: not open yet, or no longer */
    void *wire;
    bool by_domain;     /* it came through a configured one, whose mapping key was mapping_key */
    bool closing;       /* the wire was told to */
    bool paused;        /* likewise: as many messages are under way as may be */
    bool pinged;        /* since anything was heard last */
    unsigned in_flight; /* messages */
    struct message *messages; /* under way */
    struct snapshot *last; /* NULL, or where a reload has taken its API or stage away, the one that
                            * still had them: its $disconnect is run */
    uint64_t last_active;  /* microseconds since 1970 */
    uint64_t opened, active; /* monotonic microseconds; active: what idle counts from */
    uint64_t heard;          /* likewise; when the client or a ping last said something */
    struct timer timer;      /* rings not after the next deadline; moved as seldom as possible */
};

/* What a handshake begins with: an id, and the time. */
struct connection *connection_new(struct gateway *gateway);
struct connection *connection_ref(struct connection *c);
void connection_unref(struct connection *c); /* takes NULL */

/* The 101 is on its way: takes what belongs to the connection out of the handshake,
 * starts its timers and enters it into the directory; closes it where a reload has taken its API or
 * stage away meanwhile. Holds a reference until connection_on_closed. */
void connection_open(struct connection *c, const struct exchange *handshake,
                     const struct connection_transport *transport, void *wire);

/* From the wire. A message's bytes live during the call only. */
void connection_on_message(struct connection *c, struct str message, bool binary);
void connection_on_control(struct connection *c);
/* The last call: leaves the directory, drops the interest in what is under way, runs $disconnect.
 */
void connection_on_closed(struct connection *c, unsigned code, struct str reason);

/* Sends a message. A client that is too slow for it is closed. */
MUST_USE enum connection_sent connection_send(struct connection *c, struct str message,
                                              bool binary);
/* Once; later calls are ignored. */
void connection_close(struct connection *c, unsigned code, struct str reason);

/* The directory. Embedded in the gateway. */
struct connections {
    struct map open; /* by id */
    bool stopped;    /* no $disconnect is run any more */
};

void connections_release(struct connections *all);
/* An open connection by its id, or NULL. */
struct connection *connections_find(const struct connections *all, struct str id);
/* Another snapshot than `last` is in force: those whose API or stage is gone are closed, timers
 * follow new limits. */
void connections_follow(struct gateway *g, struct snapshot *last);
/* Closes all of them; their $disconnect runs. */
void connections_close_all(struct gateway *g);
/* For the end: no $disconnect is run from here on, and those under way are given up. */
void connections_stop(struct gateway *g);

#endif
