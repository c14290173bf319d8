/* SPDX-License-Identifier: Apache-2.0 */
/* fake_lambda.h: functions that the test answers by hand, in place of the library's lambda.o. For
 * one program: it defines what backend/lambda.h declares. */
#ifndef TURNPIKE_TESTS_FAKE_LAMBDA_H
#define TURNPIKE_TESTS_FAKE_LAMBDA_H

#include "testing.h"
#include "turnpike/backend/lambda.h"
#include "turnpike/base/xalloc.h"

/* Calls in the order in which they were made; answered from the first. */
struct lambda_call {
    struct lambda_request request;
    lambda_done_fn *done;
    void *data;
    bool abandoned;
    struct lambda_call *next;
};

static struct {
    struct lambda_call *call; /* the first */
    size_t count;             /* all that there ever were */
} backend;

struct lambda *lambda_new(struct loop *loop, struct curl_loop *curl, struct counters *counters)
{
    (void)curl;
    (void)loop;
    (void)counters;
    return (struct lambda *)&backend;
}

void lambda_free(struct lambda *l)
{
    (void)l;
}

void lambda_prepare(struct lambda *l, struct snapshot *snapshot)
{
    (void)l;
    (void)snapshot;
}

void lambda_host(struct lambda *l, const struct hosting *hosting)
{
    (void)l;
    (void)hosting;
}

void lambda_use(struct lambda *l, struct snapshot *snapshot)
{
    (void)l;
    (void)snapshot;
}

struct lambda_call *lambda_invoke(struct lambda *l, struct lambda_request *request,
                                  lambda_done_fn *done, void *data)
{
    (void)l;
    struct lambda_call *call = xcalloc(1, sizeof(*call)), **at = &backend.call;
    *call = (struct lambda_call){*request, done, data, false, NULL};
    while (*at)
        at = &(*at)->next;
    *at = call;
    backend.count++;
    return call;
}

void lambda_abandon(struct lambda_call *call)
{
    call->abandoned = true;
}

size_t lambda_calls(const struct lambda *l)
{
    (void)l;
    return backend.call != NULL;
}

/* The answer's payload is released. */
static inline void answer_call_with(struct lambda_answer *answer)
{
    struct lambda_call *call = backend.call;
    backend.call = call->next;
    if (!call->abandoned)
        call->done(call->data, answer);
    buf_release(&answer->payload);
    buf_release(&call->request.payload);
    share_release(&call->request.held);
    free(call);
}

static inline void answer_call(enum integration_failure failure, const char *payload)
{
    struct lambda_answer answer = {.failure = failure, .status = 200, .error = STR("why")};
    buf_append(&answer.payload, str_from(payload));
    answer_call_with(&answer);
}

#endif
