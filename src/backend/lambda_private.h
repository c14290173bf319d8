/* SPDX-License-Identifier: Apache-2.0 */
/* lambda_private.h: what the parts of the Lambda backend share: definitions and connections
 * (lambda_target.c), calls and queues (lambda.c), those of hosted functions (lambda_hosted.c). */
#ifndef TURNPIKE_BACKEND_LAMBDA_PRIVATE_H
#define TURNPIKE_BACKEND_LAMBDA_PRIVATE_H

#include <sys/queue.h>

#include "turnpike/backend/lambda.h"
#include "turnpike/base/map.h"
#include "turnpike/net/http_client.h"

#include "invocation.h"
#include "lambda_classify.h"
#include "worker_pool.h"

TAILQ_HEAD(lambda_call_list, lambda_call);

/* What runs and waits under one function name. Counted by targets and calls. */
struct lambda_function {
    struct lambda *lambda;
    size_t references;
    struct str name;                   /* behind the struct */
    unsigned running;                  /* slots in use */
    size_t waiting_count, apart_count; /* those that maxQueue counts, and the others */
    struct lambda_call_list waiting;   /* first come, first served */
    struct lambda_call_list under_way; /* running, or about to be refused */
    LIST_HEAD(, lambda_endpoint) endpoints;
    struct worker_pool *pool; /* where it is hosted, or was; NULL: nobody has put that in force */
    struct figure *results[LAMBDA_RESULTS], *in_flight;
};

/* The connections to where a function was found. Counted by targets and calls. */
struct lambda_endpoint {
    struct lambda_function *function;
    size_t references;
    LIST_ENTRY(lambda_endpoint) entry;
    struct http_client *client; /* NULL once the backend is gone */
    bool tls;
    uint16_t port;
    struct str host; /* behind the struct */
};

/* A function as one snapshot defines it. */
struct lambda_target {
    struct lambda_function *function;
    struct str arn;                   /* without a qualifier; where hosted */
    struct lambda_endpoint *endpoint; /* NULL: hosted; what follows up to timeout is of endpoints */
    struct http_client_options options;
    struct str head_before;        /* of the request, up to where the qualifier goes */
    struct str head_behind;        /* from the version on, up to the fields that differ */
    const struct signing *signing; /* NULL: calls are not signed */
    struct header signed_headers[3];
    enum emulator emulator;
    uint64_t timeout; /* of the function */
    unsigned max_concurrency, max_queue;
};

enum lambda_refusal { LAMBDA_REFUSAL_QUEUE_FULL, LAMBDA_REFUSAL_PAYLOAD };

enum lambda_call_state { LAMBDA_CALL_WAITS, LAMBDA_CALL_RUNS, LAMBDA_CALL_REFUSED };

struct lambda_call {
    struct lambda_function *function;
    struct lambda_endpoint *endpoint;
    const struct lambda_target *target; /* until it runs */
    enum lambda_call_state state;
    TAILQ_ENTRY(lambda_call) entry;
    struct buf head, payload;     /* until it runs; the head's end is missing */
    struct share held;            /* for the payload, while it runs too */
    struct http_call *http;       /* while it runs */
    struct invocation invocation; /* where it is hosted: in place of head, payload and http */
    enum emulator emulator;
    uint64_t deadline;
    uint64_t function_timeout; /* where it ends before the integration's; else 0 */
    struct timer timer;        /* while it waits; of a hosted one also while it runs */
    bool apart;                /* maxQueue does not count it */
    struct task refusing;
    enum lambda_refusal refusal;
    lambda_done_fn *done; /* NULL: abandoned */
    void *data;
};

struct lambda {
    struct loop *loop;
    struct curl_loop *curl;
    struct counters *counters;
    size_t references; /* the owner's, and one for each function */
    struct map functions;
    size_t call_count;
    struct lambda_call_list spare;
    size_t spare_count;
    struct pool_host host;
};

struct lambda_function *lambda_function_ref(struct lambda_function *f);
void lambda_function_unref(struct lambda_function *f);
struct lambda_endpoint *lambda_endpoint_ref(struct lambda_endpoint *e);
void lambda_endpoint_unref(struct lambda_endpoint *e);
void lambda_unref(struct lambda *l);

/* Frees the slot for the next call before the callback. The payload that the callback leaves is the
 * caller's to release. */
void lambda_call_finish(struct lambda_call *call, const struct lambda_verdict *verdict,
                        struct lambda_answer *answer);

/* Of hosted functions: fills in the invocation, and gives it to the function's processes. */
void lambda_call_describe(struct lambda_call *call, const struct lambda_request *request);
void lambda_call_give(struct lambda_call *call, const struct lambda_target *t);

/* The head of one Invoke request, without its end. */
struct buf lambda_target_head(const struct lambda_target *t, struct str qualifier,
                              struct str trace_id, size_t payload_size);
/* Ends the head: with a signature of that time where the target's calls are signed. */
void lambda_target_end_head(const struct lambda_target *t, struct buf *head, struct str payload,
                            uint64_t wall);

#endif
