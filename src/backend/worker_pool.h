/* SPDX-License-Identifier: Apache-2.0 */
/* worker_pool.h: the processes of one hosted function: when they are started, which one gets an
 * invocation, when they end. */
#ifndef TURNPIKE_BACKEND_WORKER_POOL_H
#define TURNPIKE_BACKEND_WORKER_POOL_H

#include "turnpike/base/counters.h"
#include "turnpike/model/snapshot.h"

#include "worker.h"

struct worker_pool; /* owned by its function */

/* What all pools share; outlives them. */
struct pool_host {
    struct loop *loop;
    struct counters *counters;
    const struct hosting *hosting; /* NULL: nothing is hosted (a snapshot is only looked at) */
    struct keeper *keeper;         /* made when first needed */
};

/* The name is not copied. */
struct worker_pool *pool_new(struct pool_host *host, struct str name);
/* Drops everything, invocations without their callbacks. Takes NULL. */
void pool_free(struct worker_pool *p);

/* The function as it is from now on, of a snapshot that is put in force (a reference is taken), or
 * NULL where it is hosted no longer: then what runs and waits ends by the definition that it had.
 * Where processes would be started differently, or the code has changed, those that are there end
 * when they are idle. */
void pool_use(struct worker_pool *p, struct snapshot *snapshot, const struct function *function);

/* Gives it to a process, now or when there is one. No more are invoked at once than may run. */
void pool_invoke(struct worker_pool *p, struct invocation *invocation);

#endif
