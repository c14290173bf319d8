/* SPDX-License-Identifier: Apache-2.0 */
/* invocation.h: one event for a hosted function, from when it may run until its caller has an
 * answer; and what Lambda says in place of a function that gave none. */
#ifndef TURNPIKE_BACKEND_INVOCATION_H
#define TURNPIKE_BACKEND_INVOCATION_H

#include <sys/queue.h>

#include "turnpike/base/arena.h"
#include "turnpike/base/buf.h"
#include "turnpike/base/uuid.h"
#include "turnpike/net/loop.h"

#define REQUEST_ID_SIZE UUID_SIZE
#define TRACE_ID_MAX    256

/* How an invocation ended. */
enum invocation_end {
    INVOCATION_ANSWERED,
    INVOCATION_FAILED,    /* the function reported an error, or its answer was no answer */
    INVOCATION_TIMED_OUT, /* the function's timeout */
    INVOCATION_CRASHED,   /* its process ended, or never came to ask for it */
    INVOCATION_REFUSED,   /* no process can be had at all: `error` says why; there is no payload */
};

struct invocation_result {
    enum invocation_end end;
    struct buf payload; /* the answer, or an error object; the callback may take it */
    struct str content_type;
    struct str log_tail;
    struct str error;
};

struct invocation;
struct worker_pool;
typedef void invocation_done_fn(struct invocation *invocation, struct invocation_result *result);

TAILQ_HEAD(invocation_list, invocation);

/* Embedded in its caller, who fills in the first part and must keep it until `done` was called,
 * exactly once, never before pool_invoke has returned. */
struct invocation {
    struct buf payload; /* the event; taken over */
    char request_id[REQUEST_ID_SIZE];
    char trace_id[TRACE_ID_MAX]; /* "Root=…;Parent=…;Sampled=…" */
    struct buf client_context;   /* JSON, or empty; taken over */
    struct buf arn;              /* as it was invoked; taken over */
    bool wants_log;              /* the result has the log's end */
    uint64_t timeout;            /* of the function, microseconds; begins when a process has it */
    invocation_done_fn *done;

    /* private */
    TAILQ_ENTRY(invocation) entry; /* while it waits for a process, or to be refused */
    struct task refusing;
    struct worker_pool *pool; /* while it is about to be refused */
};

/* Frees what it holds. */
void invocation_release(struct invocation *i);

/* What functions are told of a trace: Root, Parent and Sampled, those that are missing added; other
 * fields stay behind them. Without a root that is one, a new one. */
void trace_id_complete(struct str came, uint64_t wall, char out[TRACE_ID_MAX]);

/* {"errorType":…,"errorMessage":"RequestId: … Error: WHY"} (AWS: Lambda "Invoke"). */
void invocation_write_error(struct buf *out, struct str type, const char *request_id,
                            struct str why);

/* What a runtime calls an error where it is of the form that Lambda knows (Runtime.… or Function.…
 * and letters); otherwise the "Unknown" of its kind. A view of `said`, or static. */
struct str invocation_error_type(struct str said);

#endif
