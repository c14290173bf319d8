/* SPDX-License-Identifier: Apache-2.0 */
/* http1.h: HTTP/1.1 connections and the exchanges of their requests. Private to front/. */
#ifndef TURNPIKE_FRONT_HTTP1_H
#define TURNPIKE_FRONT_HTTP1_H

#include "turnpike/gateway/exchange.h"
#include "turnpike/net/http_connection.h"

struct websockets;

/* What a connection needs of the listener that it came from; a listener outlives its clients. */
struct http1_listener {
    struct gateway *gateway;
    struct listener_facts facts; /* settings are the snapshot's in force */
    bool tls;
    uint16_t port;
    struct websockets *websockets;                           /* where clients go that become one */
    size_t clients;                                          /* those, too */
    void (*on_client_gone)(struct http1_listener *listener); /* each time */
};

extern const struct http_connection_events http1_events;

/* Serves a client: takes over fd and ssl (or NULL: plain). */
void http1_open(struct http_server *server, struct http1_listener *listener, int fd,
                struct ssl_st *ssl, const struct ip *peer);

/* One of its clients has gone, whatever it had become. */
void http1_client_gone(struct http1_listener *listener);

/* Closes the idle connections of one listener, others with their next answer, or, where that is a
 * 101, behind it. */
void http1_shutdown(struct http_server *server, struct http1_listener *listener);

#endif
