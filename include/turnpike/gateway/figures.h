/* SPDX-License-Identifier: Apache-2.0 */
/* figures.h: what is counted of each request: once, when its sink reports the end. */
#ifndef TURNPIKE_GATEWAY_FIGURES_H
#define TURNPIKE_GATEWAY_FIGURES_H

#include "turnpike/base/counters.h"
#include "turnpike/model/request.h"
#include "turnpike/model/snapshot.h"
#include "turnpike/throttle/limiter.h"

/* Finds or makes the series of every stage and route, so that rates start from 0. */
void figures_prepare(struct counters *counters, struct snapshot *snapshot);

/* Counts a request that is over. */
void figures_count(struct counters *counters, const struct transaction *t);

/* The series of a WebSocket API's messages, from clients or to them. */
struct figure *figures_messages(struct counters *c, const struct stage *stage, struct str route,
                                bool out);

/* Counts a message that was sent in reply to one. */
void figures_count_reply(const struct transaction *t);

/* Counts a request that a bucket refused. */
void figures_count_throttled(struct counters *counters, const struct transaction *t,
                             enum limiter_result by);

#endif
