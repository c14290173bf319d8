/* SPDX-License-Identifier: Apache-2.0 */
/* proxied.h: clients of listeners with proxyProtocol, until their PROXY header has come. Private to
 * front/. */
#ifndef TURNPIKE_FRONT_PROXIED_H
#define TURNPIKE_FRONT_PROXIED_H

#include "http1.h"

struct proxied; /* one client; owned by its list until it is served or closed */

struct proxied_list {
    struct proxied *first;
    size_t count;
};

/* Waits for the header that the proxy at `peer` sends before anything else, at most for `timeout`
 * microseconds, then serves the client that it names. Closes where the peer is no trusted proxy or
 * the header is malformed. */
void proxied_open(struct proxied_list *list, struct http1_listener *listener, int fd,
                  const struct ip *peer, uint64_t timeout);
/* Closes those of one listener. */
void proxied_close_all(struct proxied_list *list, const struct http1_listener *listener);

/* Serves a client whose address is known (front.c). */
void edge_serve(struct http1_listener *listener, int fd, const struct ip *peer);

#endif
