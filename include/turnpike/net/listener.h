/* SPDX-License-Identifier: Apache-2.0 */
/* listener.h: a socket that accepts connections, on an address, a UNIX path or handed over. */
#ifndef TURNPIKE_NET_LISTENER_H
#define TURNPIKE_NET_LISTENER_H

#include <stdint.h>
#include <sys/socket.h>

#include "turnpike/base/error.h"
#include "turnpike/base/str.h"
#include "turnpike/net/loop.h"

struct listener; /* owned by its opener until on_closed */

struct listener_events {
    /* A connection, non-blocking and close-on-exec, with TCP_NODELAY; the callee owns fd. */
    void (*on_accept)(struct listener *l, int fd, const struct sockaddr *peer);
    /* The last call: the listener is freed when it returns. */
    void (*on_closed)(struct listener *l);
};

/* Binds and listens; nothing is accepted before listener_start. NULL with an error that names the
 * address. `address` is numeric, IPv4 or IPv6 (which then takes no IPv4 clients). */
MUST_USE struct listener *listener_open_tcp(struct loop *loop, struct str address, uint16_t port,
                                            const struct listener_events *events, void *owner,
                                            struct error *ret_error);
/* A socket that lies at `path` is replaced where nobody listens on it. Mode 0660: who may connect
 * is decided by its group and its folder. The file is removed when the listener closes. */
MUST_USE struct listener *listener_open_unix(struct loop *loop, struct str path,
                                             const struct listener_events *events, void *owner,
                                             struct error *ret_error);
/* A listening socket that was handed over. It is duplicated: the original stays open. */
MUST_USE struct listener *listener_open_inherited(struct loop *loop, int fd,
                                                  const struct listener_events *events, void *owner,
                                                  struct error *ret_error);

void *listener_owner(const struct listener *l);
/* Where it is bound: for a TCP listener the address with the port that the kernel chose for 0. */
void listener_address(const struct listener *l, struct sockaddr_storage *ret_address);

/* Connections are accepted from now on. Where descriptors run out, it pauses for 100 ms and the
 * waiting client is turned away through a descriptor that is kept in reserve. */
void listener_start(struct listener *l);

/* Stops and closes; on_closed follows in a later turn. */
void listener_close(struct listener *l);

#endif
