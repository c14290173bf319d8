/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of functions that are hosted here: what their invocations are told, and what becomes of
 * them. */
#include "lambda_private.h"

void lambda_call_describe(struct lambda_call *call, const struct lambda_request *request)
{
    struct invocation *i = &call->invocation;
    struct str id = request->request_id;
    if (id.len == REQUEST_ID_SIZE - 1)
        memcpy(i->request_id, id.at, id.len); /* its end is zero already */
    else
        uuid_make(i->request_id);
    trace_id_complete(request->trace_id, loop_wall(call->function->lambda->loop), i->trace_id);
    i->wants_log = request->wants_log;
    buf_append(&i->client_context, request->client_context);
    buf_append(&i->arn, call->target->arn);
    if (request->qualifier.len > 0)
        buf_printf(&i->arn, ":%" STR_F, STR_A(request->qualifier));
}

static void on_invoked(struct invocation *invocation, struct invocation_result *result)
{
    struct lambda_call *call = container_of(invocation, struct lambda_call, invocation);
    struct lambda_answer answer = {.status = 200,
                                   .payload = result->payload,
                                   .content_type = result->content_type,
                                   .log_tail = result->log_tail};
    char request_id[REQUEST_ID_SIZE];
    memcpy(request_id, invocation->request_id, sizeof(request_id));
    answer.request_id = str_from(request_id);
    struct arena arena;
    arena_init(&arena, 4096);
    struct lambda_verdict verdict = lambda_classify_invocation(result, &arena);
    lambda_call_finish(call, &verdict, &answer);
    result->payload = answer.payload;
    arena_release(&arena);
}

/* The function runs on, or waits on for a process; its slot is taken until it is through. */
static void on_integration_time(struct timer *timer)
{
    struct lambda_call *call = container_of(timer, struct lambda_call, timer);
    lambda_done_fn *done = call->done;
    struct arena arena;
    struct error error;
    call->done = NULL;
    if (!done)
        return;
    arena_init(&arena, 1024);
    error_set(&error, ERROR_TIMEOUT, "no answer");
    struct lambda_verdict verdict = lambda_classify_error(&error, &arena);
    struct lambda_answer answer = {.failure = verdict.failure,
                                   .error = verdict.error,
                                   .detail = verdict.detail,
                                   .request_id = str_from(call->invocation.request_id)};
    done(call->data, &answer);
    arena_release(&arena);
}

void lambda_call_give(struct lambda_call *call, const struct lambda_target *t)
{
    struct lambda_function *f = call->function;
    call->invocation.payload = call->payload;
    call->payload = (struct buf){0};
    call->invocation.timeout = t->timeout;
    call->invocation.done = on_invoked;
    timer_start(f->lambda->loop, &call->timer, call->deadline, on_integration_time);
    pool_invoke(f->pool, &call->invocation);
}
