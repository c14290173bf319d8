/* SPDX-License-Identifier: Apache-2.0 */
/* worker.h: one process of a hosted function, from its start to its end: what it is asked, when it
 * is late, and what its caller gets in place of an answer (AWS: "Understanding the Lambda execution
 * environment lifecycle"). */
#ifndef TURNPIKE_BACKEND_WORKER_H
#define TURNPIKE_BACKEND_WORKER_H

#include "turnpike/backend/hosting.h"
#include "turnpike/model/api.h"
#include "turnpike/net/keeper.h"

#include "function_endpoints.h"
#include "invocation.h"
#include "runtime_api.h"
#include "worker_output.h"

enum worker_state {
    WORKER_STARTING, /* it has not asked for an invocation yet */
    WORKER_IDLE,     /* its `next` waits */
    WORKER_RUNNING,  /* it has an invocation that is not answered */
    WORKER_ANSWERED, /* it has answered, and not asked for another */
    WORKER_ENDING,   /* it was told to end, or killed */
    WORKER_OVER,     /* the process is gone */
};

struct worker;

/* Why a process never asked for an invocation. */
struct start_failure {
    struct buf body;  /* what the runtime itself reported; empty: an error of this kind: */
    const char *type; /* "Runtime.ExitError" */
    struct buf why;
};

void start_failure_release(struct start_failure *f);

struct worker_events {
    /* From within worker_asks, worker_give and worker_end, too. It was in the state `before`. IDLE:
     * it asks for an invocation, to be given now or later. OVER: the last but for on_start_failed;
     * the worker goes when the loop has turned. */
    void (*on_state)(struct worker *w, enum worker_state before);
    /* It has ended before it asked; `said` is the beginning of what it wrote. Following OVER. */
    void (*on_start_failed)(struct worker *w, const struct start_failure *failure, struct str said);
};

/* What all workers of a function share. Lives as long as its workers. */
struct worker_context {
    struct loop *loop;
    const struct hosting *hosting;
    const struct worker_events *events;
    struct str function_name;
};

struct worker {
    const struct worker_context *context; /* NULL: nobody is interested any more */
    void *owner;                          /* whoever started it */
    unsigned generation;                  /* the owner's */
    TAILQ_ENTRY(worker) entry, idle_entry;
    enum worker_state state;
    uint64_t idle_since;
    bool idle_listed; /* the owner's: its idle_entry is in a list */

    /* private */
    struct loop *loop;
    struct child *child;
    struct runtime_api api;
    struct worker_output output;
    unsigned open_parts;           /* of the two above */
    struct timer timer;            /* of the start, of the function's timeout, of the end */
    struct invocation *invocation; /* NULL: none, or its caller was answered */
    char request_id[REQUEST_ID_SIZE];
    uint64_t started, given;
    uint64_t init_duration; /* not told yet; 0: it has been */
    uint64_t memory_read;   /* when; */
    unsigned memory_used;   /* MB at its highest */
    unsigned memory_size;
    uint64_t init_timeout;
    struct buf directory, program; /* that it was started with */
    bool exited;
    struct child_exit exit;
    struct start_failure failure;
    struct buf said; /* while it starts: what it wrote */
    bool keeps_tail; /* of the log of the invocation: somebody wants it */
    struct buf tail;
    struct sigv4_key key;
};

/* What one is started with: texts may go when worker_start has returned. */
struct worker_start {
    struct keeper *keeper;
    const struct function *function;
    const struct settings *settings;
    struct function_endpoints endpoints;
    unsigned generation;
};

/* NULL where it cannot even be tried. */
MUST_USE struct worker *worker_new(const struct worker_context *context,
                                   const struct worker_start *start, void *owner,
                                   struct error *ret_error);
/* Whether an idle one still asks; otherwise it is idle no longer. */
bool worker_asks(struct worker *w);
/* An idle one gets an invocation, which lives until its `done` was called. */
void worker_give(struct worker *w, struct invocation *invocation);
/* Asks it to end, kills it two seconds later. Not while it runs an invocation. */
void worker_end(struct worker *w);
/* Nobody is interested any more: it goes without callbacks, whatever it does, as does its process
 * with its keeper. */
void worker_drop(struct worker *w);

#endif
