/* SPDX-License-Identifier: Apache-2.0 */
/* lambda.h: functions behind the Lambda Invoke API (AWS: Lambda "Invoke"): who may run now, who
 * waits, and what the service's answer means. */
#ifndef TURNPIKE_BACKEND_LAMBDA_H
#define TURNPIKE_BACKEND_LAMBDA_H

#include "turnpike/backend/hosting.h"
#include "turnpike/base/budget.h"
#include "turnpike/base/buf.h"
#include "turnpike/base/counters.h"
#include "turnpike/model/request.h"
#include "turnpike/model/snapshot.h"
#include "turnpike/net/loop.h"

struct curl_loop;
struct lambda;        /* the live state of all functions; owned by the gateway, survives reload */
struct lambda_target; /* a function as one snapshot defines it; in the snapshot's arena */
struct lambda_call;   /* one invocation; owned by the live state until it is over */

/* curl is for endpoints over TLS and stays the caller's. */
MUST_USE struct lambda *lambda_new(struct loop *loop, struct curl_loop *curl,
                                   struct counters *counters);
/* Drops all calls without callbacks and closes all connections. Snapshots may be released later;
 * no call may be started. Not from within a callback. Takes NULL. */
void lambda_free(struct lambda *l);

/* Gives every function of the snapshot its target. What runs and waits is counted by function
 * name across snapshots; limits, times and the endpoint are those of the snapshot that a call comes
 * from, so a snapshot that is never put in force changes nothing. Connections to an endpoint are
 * closed when neither a snapshot nor a call uses it any longer. */
void lambda_prepare(struct lambda *l, struct snapshot *snapshot);

/* Whose functions may be hosted from here on. Without it none is (where snapshots are only looked
 * at). `hosting` outlives the live state. */
void lambda_host(struct lambda *l, const struct hosting *hosting);
/* A snapshot that was prepared is put in force: processes of hosted functions are started, replaced
 * and ended as it says. */
void lambda_use(struct lambda *l, struct snapshot *snapshot);

struct lambda_answer {
    enum integration_failure failure; /* INTEGRATION_OK: payload is the function's result */
    unsigned status;                  /* of the Invoke call; 0: none came */
    struct buf payload; /* the callback may take it, with request_id; otherwise it is released */
    /* Text is valid during the callback, and empty where there is none. */
    struct str request_id;   /* x-amzn-RequestId */
    struct str content_type; /* of the payload */
    struct str log_tail;     /* where wanted: the log's end, at most LAMBDA_LOG_TAIL_MAX bytes */
    struct str error;        /* integrationErrorMessage */
    struct str detail;       /* what the log says in its place */
};

#define LAMBDA_LOG_TAIL_MAX 4096

typedef void lambda_done_fn(void *data, struct lambda_answer *answer);

/* What one invocation needs. The payload is taken over. */
struct lambda_request {
    /* Its snapshot is held until the call is over or abandoned. */
    const struct function *function;
    struct str qualifier; /* alias or version, or empty */
    struct buf payload;
    struct share held;         /* of a budget, for the payload; taken over likewise */
    struct str trace_id;       /* may be empty */
    struct str client_context; /* JSON of the caller's, or empty; hosted functions alone see it */
    struct str request_id;     /* of a hosted function's invocation; empty: a new one */
    bool wants_log;            /* of a hosted function: the answer has its log's end */
    uint64_t timeout;          /* the integration's, microseconds, waiting in the queue included */
    uint64_t apart_max; /* not 0: it waits in its turn, but maxQueue does not count it; so many of
                         * these may wait. For what nobody would ask for again */
};

/* Starts or queues an invocation. Where the function's calls are signed, it is when it starts.
 * Never calls back before it has returned, then exactly once unless abandoned. A full queue is
 * answered as INTEGRATION_THROTTLED, by the callback too.
 *
 * The function's own timeout begins when it starts. Where it ends first, the function has failed
 * (INTEGRATION_FUNCTION_ERROR, as Lambda would report it); otherwise INTEGRATION_TIMED_OUT. */
struct lambda_call *lambda_invoke(struct lambda *l, struct lambda_request *request,
                                  lambda_done_fn *done, void *data);

/* The interest is gone, not the call: a function that runs goes on to its end or timeout, its
 * answer is dropped and its slot freed then. One that still waits for a slot is never started; a
 * hosted one that has its slot and waits for a process is. */
void lambda_abandon(struct lambda_call *call);

/* Calls running, waiting and being refused, those of clients that left too. */
size_t lambda_calls(const struct lambda *l);

#endif
