/* SPDX-License-Identifier: Apache-2.0 */
/* listener.h: a socket that listens, on an address, on a path or inherited, and what it accepts. */
#ifndef TURNPIKE_NET_LISTENER_H
#define TURNPIKE_NET_LISTENER_H

#include <sys/socket.h>
#include <sys/types.h>

#include "turnpike/base/error.h"
#include "turnpike/base/str.h"
#include "turnpike/net/loop.h"

struct listener;

/* Where to listen: exactly one of the three. */
struct listener_place {
    struct str address; /* numeric, IPv4 or IPv6 without brackets; "::" does not mean IPv4 too */
    uint16_t port;      /* 0: any; ask listener_port */
    /* A socket that nobody answers on is replaced, any other file is not. The new one can be used
     * by the daemon's user and group (mode 0660), and is removed at close. */
    struct str unix_path;
    int inherited; /* a listening socket from systemd, taken over; with a str set above: ignored */
};

/* Called from the loop. */
struct listener_events {
    /* Takes over fd: connected, non-blocking, close-on-exec, and without Nagle's delay on TCP. */
    void (*on_accept)(struct listener *l, int fd, const struct sockaddr *peer);
    void (*on_closed)(struct listener *l); /* the last call: the owner may be freed */
};

/* Embedded in its owner. */
struct listener {
    const struct listener_events *events;

    /* private */
    struct loop *loop;
    uv_poll_t poll;
    int fd;
    int reserve; /* a descriptor to give up when there are no others */
    bool paused, starved, closing;
    struct timer pause;
    char *path; /* to remove at close; NULL: none */
    dev_t path_device;
    ino_t path_inode;
};

/* Listens from now on. On failure nothing is left open, not even an inherited socket. */
MUST_USE bool listener_open(struct listener *l, struct loop *loop,
                            const struct listener_place *place,
                            const struct listener_events *events, struct error *ret_error);
/* Stops at once; on_closed follows in a later turn. */
void listener_close(struct listener *l);

/* While paused, clients wait in the kernel's queue: for the bound on connections. */
void listener_pause(struct listener *l);
void listener_resume(struct listener *l);

/* Where it is bound. */
void listener_address(const struct listener *l, struct sockaddr_storage *ret_address);
uint16_t listener_port(const struct listener *l); /* 0: not TCP */

#endif
