/* SPDX-License-Identifier: Apache-2.0 */
/* websocket_bridge.h: under TLS, the way between the client's stream and a pair of sockets of which
 * the other end is lws's. Either direction is read only as far as the other side takes it. */
#ifndef TURNPIKE_NET_WEBSOCKET_BRIDGE_H
#define TURNPIKE_NET_WEBSOCKET_BRIDGE_H

#include <stdbool.h>

struct bridge;
struct ssl_st;
struct websocket;
struct websocket_hub;

/* Takes over fd and ssl, and returns lws's end; -1, with both closed, where there is no descriptor
 * for it. The bridge belongs to the hub, and ws->bridge points to it while it lasts. */
int bridge_open(struct websocket *ws, int fd, struct ssl_st *ssl);

/* lws has done with it: what it sent is still delivered, or `at_once` nothing more. */
void bridge_leave(struct bridge *b, bool at_once);

/* The hub is ending: what lws sent is delivered, but no bridge waits for its client to end. */
void bridges_hurry(struct websocket_hub *hub);

#endif
