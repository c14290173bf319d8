/* SPDX-License-Identifier: Apache-2.0 */
/* resolver.h: the addresses of one host name: numeric ones at once, others asked for on libuv's
 * threads and kept for a few seconds. */
#ifndef TURNPIKE_NET_RESOLVER_H
#define TURNPIKE_NET_RESOLVER_H

#include <netinet/in.h>

#include "turnpike/base/error.h"
#include "turnpike/base/str.h"
#include "turnpike/net/loop.h"

struct resolver; /* one host and port; owned by whoever connects there */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

#define ADDRESSES_MAX 8

/* In the order in which they shall be tried. */
struct addresses {
    union address items[ADDRESSES_MAX];
    size_t count;
};

struct resolver_wait;

/* Exactly one of addresses and error is not NULL; addresses are valid during the call. */
typedef void resolver_fn(struct resolver_wait *wait, const struct addresses *addresses,
                         const struct error *error);

/* Embedded in its owner; all zero is one that does not wait. */
struct resolver_wait {
    resolver_fn *fn;
    struct resolver_wait *next, **at; /* at: NULL where it does not wait */
};

/* The host is a name or an address without brackets. */
struct resolver *resolver_new(struct loop *loop, struct str host, uint16_t port);
/* Nobody may wait any longer; memory goes when a question under way is answered. Takes NULL. */
void resolver_free(struct resolver *r);

/* Returns the addresses where they are known; then fn is not called. Otherwise NULL, and fn is
 * called exactly once unless cancelled, after this has returned. */
const struct addresses *resolver_start(struct resolver *r, struct resolver_wait *wait,
                                       resolver_fn *fn);
void resolver_cancel(struct resolver_wait *wait);

#endif
