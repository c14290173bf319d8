/* SPDX-License-Identifier: Apache-2.0 */
/* lambda.h: functions behind the Lambda Invoke API (AWS: Lambda "Invoke"): who may run now, who
 * waits, and what the service's answer means. */
#ifndef TURNPIKE_BACKEND_LAMBDA_H
#define TURNPIKE_BACKEND_LAMBDA_H

#include "turnpike/base/buf.h"
#include "turnpike/base/counters.h"
#include "turnpike/model/request.h"
#include "turnpike/model/snapshot.h"
#include "turnpike/net/loop.h"

struct lambda;        /* the live state of all functions; owned by the gateway, survives reload */
struct lambda_target; /* one function: its connections, calls and queue; found by name */
struct lambda_call;   /* one invocation; owned by its target until it is over */

struct lambda *lambda_new(struct loop *loop, struct counters *counters);
/* Drops all calls without callbacks. Takes NULL. */
void lambda_free(struct lambda *l);

/* Gives every stage route of the snapshot its target; new limits take hold for calls to come.
 * Targets that no snapshot uses any longer go when their last call is over. */
void lambda_prepare(struct lambda *l, struct snapshot *snapshot);

struct lambda_answer {
    enum integration_failure failure; /* INTEGRATION_OK: payload is the function's result */
    unsigned status;                  /* of the Invoke call; 0: none came */
    struct buf payload;               /* the callback may take it; otherwise it is released */
    struct str request_id;            /* x-amzn-RequestId, or empty; valid during the callback */
    struct str error;                 /* integrationErrorMessage, or empty; likewise */
};

typedef void lambda_done_fn(void *data, struct lambda_answer *answer);

/* What one invocation needs. The payload is taken over. */
struct lambda_request {
    const struct stage_route *route;
    struct buf payload;
    struct str trace_id;
    uint64_t timeout; /* the integration's, microseconds, waiting in the queue included */
};

/* Starts or queues an invocation. Never calls back before it has returned, then exactly once
 * unless abandoned. A full queue is answered as INTEGRATION_THROTTLED, by the callback too. */
struct lambda_call *lambda_invoke(struct lambda *l, struct lambda_request *request,
                                  lambda_done_fn *done, void *data);

/* The interest is gone, not the call: a function that runs goes on to its end or timeout, its
 * answer is dropped and its slot freed then. One that still waits is never started. */
void lambda_abandon(struct lambda_call *call);

/* Calls running and waiting, for draining. */
size_t lambda_calls(const struct lambda *l);

#endif
