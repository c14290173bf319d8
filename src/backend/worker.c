/* SPDX-License-Identifier: Apache-2.0 */
#include "worker.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "function_environment.h"
#include "turnpike/backend/lambda.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#define END_PATIENCE  (2 * USEC_PER_SEC)
#define EXIT_PATIENCE (500 * USEC_PER_MSEC) /* for what a process that has ended wrote before */
#define SAID_MAX      1024
#define MEMORY_PERIOD USEC_PER_SEC

void start_failure_release(struct start_failure *f)
{
    buf_release(&f->body);
    buf_release(&f->why);
}

/* The log. */

static void keep_tail(struct worker *w, struct str line)
{
    line = str_head(line, LAMBDA_LOG_TAIL_MAX);
    buf_append(&w->tail, line);
    buf_append_char(&w->tail, '\n');
    if (buf_len(&w->tail) > 2 * LAMBDA_LOG_TAIL_MAX)
        buf_consume(&w->tail, buf_len(&w->tail) - LAMBDA_LOG_TAIL_MAX);
}

static struct str tail_of(const struct worker *w)
{
    struct str tail = buf_str(&w->tail);
    return str_skip(tail, tail.len > LAMBDA_LOG_TAIL_MAX ? tail.len - LAMBDA_LOG_TAIL_MAX : 0);
}

static void log_line(struct worker *w, struct str text)
{
    if (!w->context)
        return;
    const struct hosting_owner *owner = &w->context->hosting->owner;
    struct hosted_line line = {w->context->function_name, str_from(w->request_id), text};
    keep_tail(w, text);
    owner->on_line(owner->data, &line);
}

static void log_start(struct worker *w)
{
    char line[96];
    int len = snprintf(line, sizeof(line), "START RequestId: %s Version: $LATEST", w->request_id);
    buf_clear(&w->tail);
    log_line(w, str_of(line, (size_t)len));
}

/* VmHWM of /proc/PID/status; not more often than once a second. */
static void read_memory(struct worker *w)
{
    char path[64], text[4096];
    uint64_t now = loop_now(w->loop);
    pid_t pid = w->child ? child_pid(w->child) : 0;
    if (pid <= 0 || (w->memory_read && now - w->memory_read < MEMORY_PERIOD))
        return;
    w->memory_read = now;
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        (void)close(fd);
    text[len > 0 ? len : 0] = '\0';
    const char *at = strstr(text, "VmHWM:");
    unsigned long kib = at ? strtoul(at + 6, NULL, 10) : 0;
    if (kib > 0)
        w->memory_used = (unsigned)((kib + 1023) / 1024);
}

static const struct {
    const char *status; /* behind the figures of REPORT, or "" */
} report_ends[] = {
    [INVOCATION_ANSWERED] = {""},
    [INVOCATION_FAILED] = {""},
    [INVOCATION_TIMED_OUT] = {"Status: timeout\t"},
    [INVOCATION_CRASHED] = {"Status: error\tError Type: Runtime.ExitError\t"},
    [INVOCATION_REFUSED] = {""},
};

/* AWS: Lambda, "Viewing CloudWatch logs for Lambda functions". */
static void log_end(struct worker *w, enum invocation_end end)
{
    char line[320];
    double duration = (double)(loop_now(w->loop) - w->given) / 1e3;
    int len = snprintf(line, sizeof(line), "END RequestId: %s", w->request_id);
    log_line(w, str_of(line, (size_t)len));
    read_memory(w);
    len = snprintf(line, sizeof(line),
                   "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %.0f ms\t"
                   "Memory Size: %u MB\tMax Memory Used: %u MB\t",
                   w->request_id, duration, duration < 1 ? 1 : (double)(uint64_t)(duration + 0.999),
                   w->memory_size, w->memory_used);
    if (w->init_duration)
        len += snprintf(line + len, sizeof(line) - (size_t)len, "Init Duration: %.2f ms\t",
                        (double)w->init_duration / 1e3);
    w->init_duration = 0;
    len += snprintf(line + len, sizeof(line) - (size_t)len, "%s", report_ends[end].status);
    log_line(w, str_of(line, (size_t)len));
}

/* The end of an invocation. */

/* The caller is told; the worker keeps the request id, which later mistakes are judged by. */
static void conclude(struct worker *w, struct invocation_result *result)
{
    struct invocation *invocation = w->invocation;
    w->invocation = NULL;
    FOR_EACH (output, w->outputs, ARRAY_LENGTH(w->outputs))
        worker_output_drain(output);
    log_end(w, result->end);
    result->log_tail = tail_of(w);
    if (invocation)
        invocation->done(invocation, result);
    buf_release(&result->payload);
}

static void fail(struct worker *w, enum invocation_end end, const char *type, struct str why)
{
    struct invocation_result result = {.end = end, .content_type = STR("application/json")};
    invocation_write_error(&result.payload, type, w->request_id, why);
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
    log_line(w, str_of(line, (size_t)line_len));
    fail(w, INVOCATION_TIMED_OUT, "Sandbox.Timedout", str_of(why, (size_t)len));
}

/* What the Runtime API tells. */

static struct worker *worker_of(struct runtime_api *api)
{
    return container_of(api, struct worker, api);
}

static enum runtime_verdict on_next(struct runtime_api *api)
{
    struct worker *w = worker_of(api);
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
    start_failure_release(&w->failure);
    free(w);
}

static void close_parts(struct worker *w)
{
    timer_cancel(w->loop, &w->timer);
    runtime_api_close(&w->api);
    FOR_EACH (output, w->outputs, ARRAY_LENGTH(w->outputs))
        worker_output_close(output);
}

/* As Go writes an exit error. */
static void describe_exit(const struct child_exit *exit, struct buf *why)
{
    if (exit->signal) {
        const char *name = strsignal(exit->signal);
        buf_literal(why, "Runtime exited with error: signal: ");
        for (; name && *name; name++)
            buf_append_char(why, (char)tolower((unsigned char)*name));
    } else if (exit->status) {
        buf_printf(why, "Runtime exited with error: exit status %d", exit->status);
    } else {
        buf_literal(why, "Runtime exited without providing a reason");
    }
}

static const struct {
    const char *type, *what;
} step_failures[] = {
    [CHILD_STEP_FORK] = {"Runtime.Unknown",           "no process can be made"      },
    [CHILD_STEP_USER] = {"Runtime.InvalidTaskConfig", "its user cannot be taken on" },
    [CHILD_STEP_LIMIT] = {"Runtime.InvalidTaskConfig", "its memory cannot be limited"},
    [CHILD_STEP_DIRECTORY] = {"Runtime.InvalidWorkingDir", "chdir"                       },
    [CHILD_STEP_EXEC] = {"Runtime.InvalidEntrypoint", "fork/exec"                   },
};

static void tell_start_failure(struct worker *w)
{
    struct start_failure *f = &w->failure;
    if (!w->exit.started) {
        f->type = step_failures[w->exit.step].type;
        buf_clear(&f->why);
        buf_printf(&f->why, "%s: %s", step_failures[w->exit.step].what, strerror(w->exit.number));
    } else if (!f->type) {
        f->type = "Runtime.ExitError";
        describe_exit(&w->exit, &f->why);
    }
    if (w->context)
        w->context->events->on_start_failed(w, f, buf_str(&w->said));
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
        describe_exit(&w->exit, &why);
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

static void finish_if_heard(struct worker *w)
{
    if (w->exited && !runtime_api_has_connections(&w->api))
        finish(w);
}

static void on_exit_of_child(struct child *child, const struct child_exit *exit)
{
    struct worker *w = child_owner(child);
    w->child = NULL;
    w->exited = true;
    w->exit = *exit;
    FOR_EACH (output, w->outputs, ARRAY_LENGTH(w->outputs))
        worker_output_drain(output);
    timer_start(w->loop, &w->timer, loop_now(w->loop) + EXIT_PATIENCE, on_exit_time);
    finish_if_heard(w);
}

static const struct child_events child_events = {on_exit_of_child};

static void on_quiet(struct runtime_api *api)
{
    finish_if_heard(worker_of(api));
}

static void on_api_closed(struct runtime_api *api)
{
    free_if_closed(worker_of(api));
}

static const struct runtime_events runtime_events = {
    .on_next = on_next,
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
    log_line(w, line);
}

static void on_output_end(struct worker_output *o)
{
    (void)o; /* it may have closed its stdout, and live */
}

static void on_output_closed(struct worker_output *o)
{
    free_if_closed(o->owner);
}

static const struct worker_output_events output_events = {on_output_line, on_output_end,
                                                          on_output_closed};

/* The start. */

/* "2026/03/01/[$LATEST]0123456789abcdef0123456789abcdef" */
static struct str make_log_stream(struct arena *a, uint64_t wall)
{
    char date[CLOCK_ISO_SIZE], id[REQUEST_ID_SIZE];
    scoped_buf struct buf hex = {0};
    (void)clock_iso(wall, date);
    uuid_make(id);
    for (const char *c = id; *c; c++)
        if (*c != '-')
            buf_append_char(&hex, *c);
    return arena_printf(a, "%.4s/%.2s/%.2s/[$LATEST]%" STR_F, date, date + 5, date + 8,
                        STR_A(buf_str(&hex)));
}

static bool open_parts(struct worker *w, uid_t user, int write_ends[2], struct error *ret_error)
{
    if (!runtime_api_open(&w->api, w->loop, user, &runtime_events, ret_error))
        return false;
    w->open_parts = 1;
    for (size_t i = 0; i < ARRAY_LENGTH(w->outputs); i++) {
        if (!worker_output_open(&w->outputs[i], w->loop, &output_events, w, &write_ends[i],
                                ret_error))
            return false;
        w->open_parts++;
    }
    return true;
}

static const char *const *make_environment(struct worker *w, const struct worker_start *start,
                                           struct arena *a)
{
    const struct hosting *hosting = w->context->hosting;
    if (start->function->process.credentials == FUNCTION_CREDENTIALS_GATEWAY)
        w->key = hosting->owner.issue_key(hosting->owner.data, start->function->name);
    struct function_environment_facts facts = {
        .function = start->function,
        .settings = start->settings,
        .runtime_api = arena_printf(a, "127.0.0.1:%u", runtime_api_port(&w->api)),
        .key = w->key.access_key_id.len > 0 ? &w->key : NULL,
        .log_stream = make_log_stream(a, loop_wall(w->loop)),
        .ca_file = start->ca_file,
        .management_endpoint = start->management_endpoint,
        .invoke_endpoint = start->invoke_endpoint,
        .inherited = hosting->environment};
    return function_environment(a, &facts);
}

static struct child *spawn(struct worker *w, const struct worker_start *start,
                           const int write_ends[2], struct error *ret_error)
{
    const struct process_settings *p = &start->function->process;
    struct arena arena;
    arena_init(&arena, 8192);
    const char **arguments = arena_array(&arena, const char *, p->command.count + 1);
    for (size_t i = 0; i < p->command.count; i++)
        arguments[i] = arena_cstring(&arena, p->command.items[i]);
    struct child_spec spec = {.arguments = arguments,
                              .environment = make_environment(w, start, &arena),
                              .directory = arena_cstring(&arena, p->directory.text),
                              .has_user = p->user.text.len > 0,
                              .user = p->user_id,
                              .group = p->group_id,
                              .data_max =
                                  p->memory_limited ? (uint64_t)p->memory_size * 1024 * 1024 : 0,
                              .output = write_ends[0],
                              .error = write_ends[1]};
    struct child *child = keeper_spawn(start->keeper, &spec, &child_events, w, ret_error);
    arena_release(&arena);
    return child;
}

static void close_ends(const int fds[2])
{
    for (size_t i = 0; i < 2; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
}

struct worker *worker_new(const struct worker_context *context, const struct worker_start *start,
                          void *owner, struct error *ret_error)
{
    const struct process_settings *p = &start->function->process;
    struct worker *w = xcalloc(1, sizeof(*w));
    int write_ends[2] = {-1, -1};
    *w = (struct worker){.context = context,
                         .owner = owner,
                         .generation = start->generation,
                         .loop = context->loop,
                         .memory_size = p->memory_size,
                         .init_timeout = p->init_timeout};
    w->started = loop_now(w->loop);
    if (open_parts(w, p->user.text.len > 0 ? p->user_id : geteuid(), write_ends, ret_error))
        w->child = spawn(w, start, write_ends, ret_error);
    close_ends(write_ends);
    if (!w->child) {
        worker_drop(w);
        return NULL;
    }
    timer_start(w->loop, &w->timer, w->started + p->init_timeout, on_init_time);
    return w;
}

/* Invocations. */

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
    memcpy(w->request_id, invocation->request_id, sizeof(w->request_id));
    log_start(w);
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
    if (w->child)
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
