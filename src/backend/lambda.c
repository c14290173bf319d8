/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/backend/lambda.h"

#include "turnpike/base/xalloc.h"

#include "lambda_private.h"

#define SPARE_MAX 256

/* AWS: "Lambda quotas": 6 MB of a synchronous request. */
#define PAYLOAD_MAX (6 * 1024 * 1024)

struct lambda *lambda_new(struct loop *loop, struct curl_loop *curl, struct counters *counters)
{
    struct lambda *l = xcalloc(1, sizeof(*l));
    *l = (struct lambda){
        .loop = loop,
        .curl = curl,
        .counters = counters,
        .references = 1,
        .host = {.loop = loop, .counters = counters}
    };
    TAILQ_INIT(&l->spare);
    return l;
}

void lambda_host(struct lambda *l, const struct hosting *hosting)
{
    l->host.hosting = hosting;
}

size_t lambda_calls(const struct lambda *l)
{
    return l->call_count;
}

/* The life of a call. */

static struct lambda_call *take_call(struct lambda *l)
{
    struct lambda_call *call = TAILQ_FIRST(&l->spare);
    if (call) {
        TAILQ_REMOVE(&l->spare, call, entry);
        l->spare_count--;
        *call = (struct lambda_call){0};
    } else {
        call = xcalloc(1, sizeof(*call));
    }
    l->call_count++;
    return call;
}

static void set_running(struct lambda_function *f, int change)
{
    f->running += (unsigned)change;
    f->in_flight->value += change;
}

static size_t *waiting_count(const struct lambda_call *call)
{
    return call->apart ? &call->function->apart_count : &call->function->waiting_count;
}

/* Takes the call out of its list and stops what could still reach it. */
static void detach_call(struct lambda_call *call)
{
    struct lambda_function *f = call->function;
    bool waits = call->state == LAMBDA_CALL_WAITS;
    TAILQ_REMOVE(waits ? &f->waiting : &f->under_way, call, entry);
    if (waits)
        --*waiting_count(call);
    if (call->state == LAMBDA_CALL_RUNS)
        set_running(f, -1);
    timer_cancel(f->lambda->loop, &call->timer);
    task_cancel(f->lambda->loop, &call->refusing);
    buf_release(&call->head);
    buf_release(&call->payload);
    invocation_release(&call->invocation);
    share_release(&call->held);
}

/* After detach_call. The function, its endpoint, even the whole backend may go with it. */
static void release_call(struct lambda_call *call)
{
    struct lambda_function *f = call->function;
    struct lambda *l = f->lambda;
    struct lambda_endpoint *e = call->endpoint;
    l->call_count--;
    if (l->spare_count < SPARE_MAX) {
        TAILQ_INSERT_HEAD(&l->spare, call, entry);
        l->spare_count++;
    } else {
        free(call);
    }
    if (e)
        lambda_endpoint_unref(e);
    lambda_function_unref(f);
}

static void start_waiting(struct lambda_function *f);

void lambda_call_finish(struct lambda_call *call, const struct lambda_verdict *verdict,
                        struct lambda_answer *answer)
{
    struct lambda_function *f = call->function;
    lambda_done_fn *done = call->done;
    void *data = call->data;
    answer->failure = verdict->failure;
    answer->error = verdict->error;
    answer->detail = verdict->detail;
    figure_add(f->results[verdict->result], 1);
    detach_call(call);
    start_waiting(f);
    release_call(call);
    if (done)
        done(data, answer);
}

static void finish_with_error(struct lambda_call *call, const struct error *error)
{
    struct arena arena;
    arena_init(&arena, 1024);
    struct lambda_verdict verdict = error->code == ERROR_TIMEOUT && call->function_timeout
                                        ? lambda_classify_timeout(call->function_timeout, &arena)
                                        : lambda_classify_error(error, &arena);
    struct lambda_answer answer = {0};
    lambda_call_finish(call, &verdict, &answer);
    arena_release(&arena);
}

/* Running. */

static struct str field_of(const struct http_client_answer *http, struct str name)
{
    const struct header *field = http_find_header(http->headers, http->header_count, name);
    return field ? field->value : (struct str){0};
}

static void finish_with_answer(struct lambda_call *call, struct http_client_answer *http)
{
    struct lambda_reply reply = {.status = http->status,
                                 .headers = http->headers,
                                 .header_count = http->header_count,
                                 .body = buf_str(&http->body)};
    struct lambda_answer answer = {.status = http->status,
                                   .payload = http->body,
                                   .request_id = field_of(http, STR("x-amzn-requestid"))};
    if (call->emulator == EMULATOR_NONE) /* others do not know it */
        answer.content_type = field_of(http, STR("content-type"));
    struct arena arena;
    arena_init(&arena, 4096);
    struct lambda_verdict verdict = lambda_classify(&reply, call->emulator, &arena);
    lambda_call_finish(call, &verdict, &answer);
    http->body = answer.payload;
    arena_release(&arena);
}

static void on_answer(void *data, struct http_client_answer *answer, const struct error *error)
{
    struct lambda_call *call = data;
    call->http = NULL;
    if (answer)
        finish_with_answer(call, answer);
    else
        finish_with_error(call, error);
}

static void call_endpoint(struct lambda_call *call, const struct lambda_target *t)
{
    struct lambda_function *f = call->function;
    uint64_t now = loop_now(f->lambda->loop);
    uint64_t timeout = call->deadline > now ? call->deadline - now : 0;
    if (t->timeout < timeout)
        timeout = call->function_timeout = t->timeout;
    lambda_target_end_head(t, &call->head, buf_str(&call->payload), loop_wall(f->lambda->loop));
    http_client_configure(call->endpoint->client, &t->options);
    call->http = http_call_start(call->endpoint->client, call->head, call->payload, timeout,
                                 on_answer, call);
    call->head = call->payload = (struct buf){0};
}

/* The call is in no list. What belongs to its snapshot is not looked at again. */
static void run_call(struct lambda_call *call)
{
    struct lambda_function *f = call->function;
    const struct lambda_target *t = call->target;
    call->state = LAMBDA_CALL_RUNS;
    call->target = NULL;
    TAILQ_INSERT_TAIL(&f->under_way, call, entry);
    set_running(f, 1);
    if (t->endpoint)
        call_endpoint(call, t);
    else
        lambda_call_give(call, t);
}

static void start_waiting(struct lambda_function *f)
{
    struct lambda_call *call;
    while ((call = TAILQ_FIRST(&f->waiting)) && f->running < call->target->max_concurrency) {
        TAILQ_REMOVE(&f->waiting, call, entry);
        --*waiting_count(call);
        timer_cancel(f->lambda->loop, &call->timer);
        run_call(call);
    }
}

/* Waiting. */

static void on_waited(struct timer *timer)
{
    struct lambda_call *call = container_of(timer, struct lambda_call, timer);
    struct error error;
    error_set(&error, ERROR_TIMEOUT, "waited for a free slot");
    finish_with_error(call, &error);
}

static void queue_call(struct lambda_call *call)
{
    struct lambda_function *f = call->function;
    call->state = LAMBDA_CALL_WAITS;
    TAILQ_INSERT_TAIL(&f->waiting, call, entry);
    ++*waiting_count(call);
    timer_start(f->lambda->loop, &call->timer, call->deadline, on_waited);
}

/* Refusing. */

static const struct {
    struct lambda_verdict verdict;
    unsigned status;
} refusals[] = {
    [LAMBDA_REFUSAL_QUEUE_FULL] =
        {.verdict = {.failure = INTEGRATION_THROTTLED,
                     .result = LAMBDA_RESULT_THROTTLE,
                     .error =
                         STR_INIT("The function runs as many invocations as it may "
                                  "(maxConcurrency; of a process, concurrency), and its queue is "
                                  "full (maxQueue).")}},
    [LAMBDA_REFUSAL_PAYLOAD] =  /* as the service itself would */
    { .verdict = {.failure = INTEGRATION_STATUS,
                 .result = LAMBDA_RESULT_ERROR,
                 .error = STR_INIT("Lambda refuses invocations of more than 6291456 bytes.")},
                                     .status = 413},
};

static void on_refusing(struct task *task)
{
    struct lambda_call *call = container_of(task, struct lambda_call, refusing);
    struct lambda_answer answer = {.status = refusals[call->refusal].status};
    lambda_call_finish(call, &refusals[call->refusal].verdict, &answer);
}

static void refuse_call(struct lambda_call *call, enum lambda_refusal why)
{
    struct lambda_function *f = call->function;
    call->state = LAMBDA_CALL_REFUSED;
    call->refusal = why;
    TAILQ_INSERT_TAIL(&f->under_way, call, entry);
    task_defer(f->lambda->loop, &call->refusing, on_refusing);
}

struct lambda_call *lambda_invoke(struct lambda *l, struct lambda_request *request,
                                  lambda_done_fn *done, void *data)
{
    const struct lambda_target *t = request->function->target;
    struct lambda_function *f = t->function;
    size_t size = buf_len(&request->payload);
    struct lambda_call *call = take_call(l);
    call->function = lambda_function_ref(f);
    call->endpoint = t->endpoint ? lambda_endpoint_ref(t->endpoint) : NULL;
    call->target = t;
    call->emulator = t->emulator;
    call->deadline = loop_now(l->loop) + request->timeout;
    call->done = done;
    call->data = data;
    call->apart = request->apart_max > 0;
    if (t->endpoint)
        call->head = lambda_target_head(t, request->qualifier, request->trace_id, size);
    else
        lambda_call_describe(call, request);
    call->payload = request->payload;
    call->held = request->held;
    request->payload = (struct buf){0};
    request->held = (struct share){0};

    if (size > PAYLOAD_MAX)
        refuse_call(call, LAMBDA_REFUSAL_PAYLOAD);
    else if (f->running < t->max_concurrency && TAILQ_EMPTY(&f->waiting))
        run_call(call);
    else if (*waiting_count(call) < (call->apart ? request->apart_max : t->max_queue))
        queue_call(call);
    else
        refuse_call(call, LAMBDA_REFUSAL_QUEUE_FULL);
    return call;
}

void lambda_abandon(struct lambda_call *call)
{
    call->done = NULL;
    if (call->state == LAMBDA_CALL_RUNS)
        return;
    detach_call(call);
    release_call(call);
}

/* The end of it all. */

static void drop_calls(struct lambda_call_list *calls)
{
    for (struct lambda_call *call = TAILQ_FIRST(calls), *next; call; call = next) {
        next = TAILQ_NEXT(call, entry);
        if (call->http)
            http_call_cancel(call->http);
        detach_call(call);
        release_call(call);
    }
}

/* What snapshots still hold is left to them, without connections. */
static void end_function(struct lambda_function *f)
{
    struct lambda_endpoint *e;
    (void)lambda_function_ref(f);
    pool_free(take(&f->pool));
    drop_calls(&f->waiting);
    drop_calls(&f->under_way);
    LIST_FOREACH(e, &f->endpoints, entry)
    {
        http_client_free(e->client);
        e->client = NULL;
    }
    lambda_function_unref(f);
}

static void free_spare(struct lambda *l)
{
    struct lambda_call *call;
    while ((call = TAILQ_FIRST(&l->spare))) {
        TAILQ_REMOVE(&l->spare, call, entry);
        free(call);
    }
}

void lambda_free(struct lambda *l)
{
    struct lambda_function *f;
    if (!l)
        return;
    for (size_t i = 0; (f = map_next(&l->functions, &i));)
        end_function(f);
    keeper_free(take(&l->host.keeper));
    free_spare(l);
    lambda_unref(l);
}
