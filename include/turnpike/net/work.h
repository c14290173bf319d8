/* SPDX-License-Identifier: Apache-2.0 */
/* work.h: one piece of work on the thread pool: for what would hold the loop up too long. */
#ifndef TURNPIKE_NET_WORK_H
#define TURNPIKE_NET_WORK_H

#include "turnpike/net/loop.h"

struct work;

typedef void work_fn(struct work *work);

/* Embedded in its owner, which must live until `done` was called. */
struct work {
    uv_work_t request;
    work_fn *run;  /* on a thread of the pool: touches only what its owner leaves alone meanwhile */
    work_fn *done; /* on the loop, once */
};

/* `done` follows exactly once, never before this has returned. */
void work_start(struct loop *loop, struct work *work, work_fn *run, work_fn *done);

#endif
