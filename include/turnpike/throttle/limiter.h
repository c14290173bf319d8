/* SPDX-License-Identifier: Apache-2.0 */
/* limiter.h: takes a token from bucket K. This is the one in memory; a shared one may answer
 * LIMITER_PENDING and call back. Buckets survive reload: they are found by name. */
#ifndef TURNPIKE_THROTTLE_LIMITER_H
#define TURNPIKE_THROTTLE_LIMITER_H

#include <stdint.h>

#include "turnpike/model/snapshot.h"

struct limiter; /* owned by the gateway */

enum limiter_result {
    LIMITER_PASSED,
    LIMITER_ROUTE_THROTTLED,
    LIMITER_ACCOUNT_THROTTLED,
    LIMITER_CONNECTS_THROTTLED, /* limits.websocketConnectRate */
    LIMITER_PENDING,            /* never answered by the one in memory */
};

struct limiter *limiter_new(void);
void limiter_free(struct limiter *l);

/* Gives every throttled route of the snapshot its bucket, the one that it had before where it had
 * one. Buckets that no snapshot uses any longer are dropped with the last one that did. */
void limiter_prepare(struct limiter *l, struct snapshot *snapshot, uint64_t now);

/* One token of the account, one of the route (NULL: none): neither is taken where one of them is
 * missing. `now` is monotonic microseconds. */
enum limiter_result limiter_take(struct limiter *l, const struct settings *settings,
                                 const struct stage_route *route, uint64_t now);

/* The same for a new WebSocket connection, and one of those that all of them share. */
enum limiter_result limiter_take_connect(struct limiter *l, const struct settings *settings,
                                         const struct stage_route *route, uint64_t now);

#endif
