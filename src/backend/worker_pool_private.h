/* SPDX-License-Identifier: Apache-2.0 */
/* worker_pool_private.h: what the files of a pool share: worker_pool.c (definitions, who gets an
 * invocation, ends), worker_pool_start.c (when processes are started, and when not). */
#ifndef TURNPIKE_BACKEND_WORKER_POOL_PRIVATE_H
#define TURNPIKE_BACKEND_WORKER_POOL_PRIVATE_H

#include "worker_pool.h"

TAILQ_HEAD(worker_list, worker);

struct worker_pool {
    struct pool_host *host;
    struct worker_context context;
    struct snapshot *snapshot; /* a reference; NULL: it has no definition any longer */
    const struct function *function;
    bool removed;
    struct buf fingerprint;                  /* all that a process's start depends on */
    unsigned generation;                     /* of processes that may have invocations */
    struct worker_list workers, idle;        /* the latter: last used first */
    unsigned counts[WORKER_OVER + 1];        /* by state */
    struct invocation_list waiting, refused; /* the latter: about to be told */
    size_t waiting_count;
    unsigned failures; /* starts in a row */
    uint64_t back_off_until;
    struct start_failure failure; /* of the last start */
    struct timer grace;           /* until it is looked whether more are to be started */
    struct timer timer;           /* until one has been idle for too long */
    struct task releasing;
    struct watch *watch;
    struct buf watched; /* which directory */
    struct figure *processes, *started, *start_failed;
};

static inline unsigned pool_alive(const struct worker_pool *p)
{
    return p->counts[WORKER_STARTING] + p->counts[WORKER_IDLE] + p->counts[WORKER_RUNNING] +
           p->counts[WORKER_ANSWERED];
}

static inline uint64_t pool_now(const struct worker_pool *p)
{
    return loop_now(p->host->loop);
}

/* Starts what is wanted by what waits and by `minimum`; where starts have failed just now, later.
 * Where there is no process then, what waits is refused. */
void pool_start_wanted(struct worker_pool *p);
/* A start has failed: for who waits, and for the next one's time. */
void pool_note_failure(struct worker_pool *p, const struct start_failure *failure, struct str said);
void pool_forget_failures(struct worker_pool *p);
/* Answers in place of a process, by why the last one could not be started. */
void pool_fail_invocation(struct worker_pool *p, struct invocation *i);
/* The same at the end of the turn; it waits no longer. */
void pool_refuse(struct worker_pool *p, struct invocation *i);
/* The one that has waited for longest, or NULL. */
struct invocation *pool_take_waiting(struct worker_pool *p);
/* To whoever runs the gateway. */
void pool_trouble(struct worker_pool *p, const char *format, ...) PRINTF(2, 3);

#endif
