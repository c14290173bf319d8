/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_private.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "turnpike/base/clock.h"

#define END_PATIENCE  (2 * USEC_PER_SEC)
#define EXIT_PATIENCE (500 * USEC_PER_MSEC) /* for what a process that has ended wrote before */
#define SAID_MAX      1024

void start_failure_release(struct start_failure *f)
{
    buf_release(&f->body);
    buf_release(&f->why);
}

/* The end of an invocation. */

/* The caller is told; the worker keeps the request id, which later mistakes are judged by. */
static void conclude(struct worker *w, struct invocation_result *result)
{
    struct invocation *invocation = w->invocation;
    w->invocation = NULL;
    if (worker_is_heard(w)) /* else its order is nobody's matter */
        worker_output_drain(&w->output);
    worker_log_end(w, result->end);
    result->log_tail = worker_tail(w);
    if (invocation)
        invocation->done(invocation, result);
    buf_release(&result->payload);
}

static void fail(struct worker *w, enum invocation_end end, const char *type, struct str why)
{
    struct invocation_result result = {.end = end, .content_type = STR("application/json")};
    invocation_write_error(&result.payload, str_from(type), w->request_id, why);
    conclude(w, &result);
}

static void set_state(struct worker *w, enum worker_state state)
{
    enum worker_state before = w->state;
    w->state = state;
    if (w->context)
        w->context->events->on_state(w, before);
}

/* Time. */

static void on_kill_time(struct timer *timer)
{
    struct worker *w = container_of(timer, struct worker, timer);
    if (w->child)
        child_kill(w->child, SIGKILL);
}

static void kill_now(struct worker *w)
{
    timer_cancel(w->loop, &w->timer);
    set_state(w, WORKER_ENDING);
    if (w->child)
        child_kill(w->child, SIGKILL);
}

static void on_init_time(struct timer *timer)
{
    struct worker *w = container_of(timer, struct worker, timer);
    w->failure.type = "Sandbox.Timedout";
    buf_clear(&w->failure.why);
    buf_printf(&w->failure.why, "Task timed out after %.2f seconds",
               (double)w->init_timeout / (double)USEC_PER_SEC);
    if (w->child) /* still starting: what is reported is this */
        child_kill(w->child, SIGKILL);
}

void worker_await_start(struct worker *w)
{
    timer_start(w->loop, &w->timer, w->started + w->init_timeout, on_init_time);
}

/* Of a function that has answered and does something else since, nobody is told. */
static void on_function_time(struct timer *timer)
{
    struct worker *w = container_of(timer, struct worker, timer);
    char why[64], line[160], time[CLOCK_ISO_SIZE];
    bool answered = w->state == WORKER_ANSWERED;
    double seconds = answered ? 0 : (double)w->invocation->timeout / (double)USEC_PER_SEC;
    kill_now(w);
    if (answered)
        return;
    int len = snprintf(why, sizeof(why), "Task timed out after %.2f seconds", seconds);
    int line_len = snprintf(line, sizeof(line), "%s %s %s", clock_iso(loop_wall(w->loop), time).at,
                            w->request_id, why);
    worker_log(w, str_of(line, (size_t)line_len));
    fail(w, INVOCATION_TIMED_OUT, "Sandbox.Timedout", str_of(why, (size_t)len));
}

/* What the Runtime API tells. */

static struct worker *worker_of(struct runtime_api *api)
{
    return container_of(api, struct worker, api);
}

/* The process that asks may be another than the one that has ended: it gets nothing more. */
static enum runtime_verdict on_next(struct runtime_api *api)
{
    struct worker *w = worker_of(api);
    if (w->exited || w->failure.type) /* before it was heard; too late */
        return RUNTIME_WRONG_STATE;
    if (w->state == WORKER_STARTING)
        w->init_duration = loop_now(w->loop) - w->started;
    else if (w->state != WORKER_ANSWERED)
        return RUNTIME_WRONG_STATE;
    timer_cancel(w->loop, &w->timer);
    w->idle_since = loop_now(w->loop);
    buf_release(&w->said);
    set_state(w, WORKER_IDLE);
    return RUNTIME_ACCEPTED;
}

/* It must ask again, or it is of no use. */
static void on_unasked(struct runtime_api *api)
{
    struct worker *w = worker_of(api);
    if (w->state != WORKER_IDLE)
        return;
    timer_start(w->loop, &w->timer, loop_now(w->loop) + w->init_timeout, on_function_time);
    set_state(w, WORKER_ANSWERED);
}

static enum runtime_verdict on_begin(struct runtime_api *api, struct str request_id)
{
    struct worker *w = worker_of(api);
    if (w->request_id[0] == '\0')
        return RUNTIME_WRONG_STATE;
    if (w->state == WORKER_IDLE || w->state == WORKER_ENDING ||
        !str_eq(request_id, str_from(w->request_id)))
        return RUNTIME_WRONG_ID;
    return w->state == WORKER_RUNNING ? RUNTIME_ACCEPTED : RUNTIME_WRONG_STATE;
}

static void on_report(struct runtime_api *api, struct runtime_report *report)
{
    struct worker *w = worker_of(api);
    struct invocation_result result = {.end =
                                           report->failed ? INVOCATION_FAILED : INVOCATION_ANSWERED,
                                       .payload = report->body,
                                       .content_type = report->content_type};
    report->body = (struct buf){0};
    if (w->state != WORKER_RUNNING) { /* its time was up while the answer came */
        buf_release(&result.payload);
        return;
    }
    if (report->failed && buf_len(&result.payload) == 0) /* callers are told something always */
        invocation_write_error(&result.payload, invocation_error_type(report->error_type),
                               w->request_id, STR("the runtime did not say why"));
    set_state(w, WORKER_ANSWERED);
    conclude(w, &result);
}

static void on_too_large(struct runtime_api *api)
{
    struct worker *w = worker_of(api);
    struct invocation_result result = {.end = INVOCATION_FAILED,
                                       .content_type = STR("application/json")};
    if (w->state != WORKER_RUNNING)
        return;
    set_state(w, WORKER_ANSWERED);
    buf_literal(&result.payload,
                "{\"errorMessage\":\"Response payload size exceeded maximum allowed payload size "
                "(6291556 bytes).\",\"errorType\":\"Function.ResponseSizeTooLarge\"}");
    conclude(w, &result);
}

static void on_broken(struct runtime_api *api)
{
    (void)api; /* it may try again, until its time is up */
}

static enum runtime_verdict on_init_begin(struct runtime_api *api)
{
    return worker_of(api)->state == WORKER_STARTING ? RUNTIME_ACCEPTED : RUNTIME_WRONG_STATE;
}

static void on_init_error(struct runtime_api *api, struct runtime_report *report)
{
    struct worker *w = worker_of(api);
    if (w->state != WORKER_STARTING)
        return;
    buf_release(&w->failure.body);
    w->failure.body = report->body;
    report->body = (struct buf){0};
}

static void on_refused(struct runtime_api *api, const char *why)
{
    struct worker *w = worker_of(api);
    if (w->context)
        w->context->hosting->owner.on_trouble(w->context->hosting->owner.data,
                                              w->context->function_name, str_from(why));
}

/* The end of the process. */

static void free_if_closed(struct worker *w)
{
    if (--w->open_parts > 0)
        return;
    buf_release(&w->said);
    buf_release(&w->tail);
    buf_release(&w->directory);
    buf_release(&w->program);
    start_failure_release(&w->failure);
    free(w);
}

static void close_parts(struct worker *w)
{
    timer_cancel(w->loop, &w->timer);
    runtime_api_close(&w->api);
    worker_output_close(&w->output);
}

static void tell_start_failure(struct worker *w)
{
    worker_describe_start_failure(w);
    if (w->context)
        w->context->events->on_start_failed(w, &w->failure, buf_str(&w->said));
}

/* The process is gone, and all that it has said was heard. */
static void finish(struct worker *w)
{
    enum worker_state state = w->state;
    scoped_buf struct buf why = {0};
    if (state == WORKER_OVER)
        return;
    timer_cancel(w->loop, &w->timer);
    set_state(w, WORKER_OVER);
    if (state == WORKER_STARTING) {
        tell_start_failure(w);
    } else if (state == WORKER_RUNNING) {
        worker_describe_exit(&w->exit, &why);
        fail(w, INVOCATION_CRASHED, "Runtime.ExitError", buf_str(&why));
    }
    if (w->key.access_key_id.len > 0 && w->context)
        w->context->hosting->owner.revoke_key(w->context->hosting->owner.data, &w->key);
    close_parts(w);
}

static void on_exit_time(struct timer *timer)
{
    finish(container_of(timer, struct worker, timer));
}

/* Of one that was not to answer, nothing is waited for. */
static void finish_if_heard(struct worker *w)
{
    bool may_tell = w->state == WORKER_STARTING || w->state == WORKER_RUNNING;
    if (w->exited && !(may_tell && runtime_api_has_connections(&w->api)))
        finish(w);
}

static void on_exit_of_child(struct child *child, const struct child_exit *exit)
{
    struct worker *w = child_owner(child);
    w->child = NULL;
    w->exited = true;
    w->exit = *exit;
    worker_output_drain_last(&w->output);
    timer_start(w->loop, &w->timer, loop_now(w->loop) + EXIT_PATIENCE, on_exit_time);
    finish_if_heard(w);
}

const struct child_events worker_child_events = {on_exit_of_child};

static void on_quiet(struct runtime_api *api)
{
    finish_if_heard(worker_of(api));
}

static void on_api_closed(struct runtime_api *api)
{
    free_if_closed(worker_of(api));
}

const struct runtime_events worker_runtime_events = {
    .on_next = on_next,
    .on_unasked = on_unasked,
    .on_begin = on_begin,
    .on_report = on_report,
    .on_too_large = on_too_large,
    .on_broken = on_broken,
    .on_init_begin = on_init_begin,
    .on_init_error = on_init_error,
    .on_refused = on_refused,
    .on_quiet = on_quiet,
    .on_closed = on_api_closed,
};

/* Its output. */

/* The first words of a process that will not start are the reason, most of the time. */
static void keep_said(struct worker *w, struct str line)
{
    size_t room = SAID_MAX - buf_len(&w->said);
    if (w->state != WORKER_STARTING || room < 4)
        return;
    if (buf_len(&w->said) > 0)
        buf_literal(&w->said, " | ");
    buf_append(&w->said, str_head(line, room - 3));
}

static void on_output_line(struct worker_output *o, struct str line)
{
    struct worker *w = o->owner;
    keep_said(w, line);
    worker_log(w, line);
}

static void on_output_end(struct worker_output *o)
{
    (void)o; /* it may have closed its stdout, and live */
}

static void on_output_closed(struct worker_output *o)
{
    free_if_closed(o->owner);
}

const struct worker_output_events worker_output_events = {on_output_line, on_output_end,
                                                          on_output_closed};

/* Invocations. */

bool worker_asks(struct worker *w)
{
    return runtime_api_is_asked(&w->api);
}

#define HEADERS_MAX 6

static void add_header(struct header *headers, size_t *count, const char *name, struct str value)
{
    if (value.len > 0)
        headers[(*count)++] = (struct header){str_from(name), value};
}

void worker_give(struct worker *w, struct invocation *invocation)
{
    struct header headers[HEADERS_MAX];
    size_t count = 0;
    char deadline[STR_U64_SIZE];
    uint64_t now = loop_now(w->loop);
    uint64_t due = (loop_wall(w->loop) + invocation->timeout) / USEC_PER_MSEC;
    w->invocation = invocation;
    w->given = now;
    w->keeps_tail = invocation->wants_log;
    memcpy(w->request_id, invocation->request_id, sizeof(w->request_id));
    worker_log_start(w);
    add_header(headers, &count, "content-type", STR("application/json"));
    add_header(headers, &count, "Lambda-Runtime-Aws-Request-Id", str_from(w->request_id));
    add_header(headers, &count, "Lambda-Runtime-Deadline-Ms", str_u64(due, deadline));
    add_header(headers, &count, "Lambda-Runtime-Invoked-Function-Arn", buf_str(&invocation->arn));
    add_header(headers, &count, "Lambda-Runtime-Trace-Id", str_from(invocation->trace_id));
    add_header(headers, &count, "Lambda-Runtime-Client-Context",
               buf_str(&invocation->client_context));
    timer_start(w->loop, &w->timer, now + invocation->timeout, on_function_time);
    set_state(w, WORKER_RUNNING);
    runtime_api_give(&w->api, headers, count, &invocation->payload);
}

void worker_end(struct worker *w)
{
    if (w->state == WORKER_ENDING || w->state == WORKER_OVER)
        return;
    set_state(w, WORKER_ENDING);
    if (!w->child) /* it has ended: its last timer runs */
        return;
    child_kill(w->child, SIGTERM);
    timer_start(w->loop, &w->timer, loop_now(w->loop) + END_PATIENCE, on_kill_time);
}

void worker_drop(struct worker *w)
{
    if (w->key.access_key_id.len > 0)
        w->context->hosting->owner.revoke_key(w->context->hosting->owner.data, &w->key);
    w->context = NULL;
    w->invocation = NULL;
    if (w->child)
        child_release(take(&w->child));
    if (w->open_parts == 0)
        free(w);
    else
        close_parts(w);
}
