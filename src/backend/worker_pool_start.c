/* SPDX-License-Identifier: Apache-2.0 */
/* When a pool starts processes, and what is said where none can be. */
#include <stdarg.h>

#include "turnpike/base/clock.h"

#include "lambda_classify.h"
#include "worker_pool_private.h"

/* A process that has answered asks again within microseconds, most of the time: no other one is
 * started before this has passed. */
#define GRACE (20 * USEC_PER_MSEC)

/* After the first failed start the next invocation tries again; then they wait ever longer. */
#define BACK_OFF_FIRST (250 * USEC_PER_MSEC)
#define BACK_OFF_MAX   (10 * USEC_PER_SEC)

/* Refusing. */

/* Without a process there is nobody whose log it could stand in. */
void pool_fail_invocation(struct worker_pool *p, struct invocation *i)
{
    struct invocation_result result = {.end = INVOCATION_CRASHED,
                                       .content_type = STR("application/json")};
    const struct start_failure *f = &p->failure;
    if (!p->function || !f->type) {
        result.end = INVOCATION_REFUSED;
        result.error = STR("the function is hosted here no longer");
    } else if (buf_len(&f->body) > 0) {
        result.end = INVOCATION_FAILED;
        buf_append(&result.payload, buf_str(&f->body));
    } else {
        invocation_write_error(&result.payload, str_from(f->type), i->request_id, buf_str(&f->why));
    }
    i->done(i, &result);
    buf_release(&result.payload);
}

static void on_refusing(struct task *task)
{
    struct invocation *i = container_of(task, struct invocation, refusing);
    struct worker_pool *p = i->pool;
    TAILQ_REMOVE(&p->refused, i, entry);
    pool_fail_invocation(p, i);
}

void pool_refuse(struct worker_pool *p, struct invocation *i)
{
    i->pool = p;
    TAILQ_INSERT_TAIL(&p->refused, i, entry);
    task_defer(p->host->loop, &i->refusing, on_refusing);
}

struct invocation *pool_take_waiting(struct worker_pool *p)
{
    struct invocation *i = TAILQ_FIRST(&p->waiting);
    if (i) {
        TAILQ_REMOVE(&p->waiting, i, entry);
        p->waiting_count--;
    }
    return i;
}

/* Starting. */

void pool_trouble(struct worker_pool *p, const char *format, ...)
{
    const struct hosting_owner *owner = &p->host->hosting->owner;
    scoped_buf struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    owner->on_trouble(owner->data, p->context.function_name, buf_str(&text));
}

static void count_failure(struct worker_pool *p)
{
    uint64_t wait = 0;
    if (p->failures > 0)
        wait = BACK_OFF_FIRST << (p->failures - 1 < 6 ? p->failures - 1 : 6);
    p->failures++;
    p->back_off_until = pool_now(p) + (wait < BACK_OFF_MAX ? wait : BACK_OFF_MAX);
}

void pool_forget_failures(struct worker_pool *p)
{
    p->failures = 0;
    p->back_off_until = 0;
    timer_cancel(p->host->loop, &p->grace); /* it may have been for later than is right now */
    start_failure_release(&p->failure);
    p->failure = (struct start_failure){0};
}

static void keep_failure(struct worker_pool *p, const struct start_failure *failure)
{
    start_failure_release(&p->failure);
    p->failure = (struct start_failure){.type = failure->type};
    buf_append(&p->failure.body, buf_str(&failure->body));
    buf_append(&p->failure.why, buf_str(&failure->why));
}

/* What the runtime itself reported says more than how it ended. */
static void tell_failure(struct worker_pool *p, const struct start_failure *failure,
                         struct str said)
{
    struct arena arena;
    arena_init(&arena, 1024);
    struct str why = lambda_reported_error(buf_str(&failure->body), &arena);
    if (why.len == 0)
        why = arena_printf(&arena, "%s: %" STR_F, failure->type, STR_A(buf_str(&failure->why)));
    pool_trouble(p, "it cannot start: %" STR_F "%s%" STR_F, STR_A(why),
                 said.len > 0 ? "; it said: " : "", STR_A(said));
    arena_release(&arena);
}

void pool_note_failure(struct worker_pool *p, const struct start_failure *failure, struct str said)
{
    figure_add(p->start_failed, 1);
    keep_failure(p, failure);
    count_failure(p);
    tell_failure(p, failure, said);
}

static struct keeper *find_keeper(struct worker_pool *p, struct error *ret_error)
{
    struct pool_host *host = p->host;
    if (!host->keeper)
        host->keeper = keeper_new(host->loop, host->hosting->program, ret_error);
    return host->keeper;
}

static struct worker *try_start(struct worker_pool *p, struct error *ret_error)
{
    const struct settings *settings = &p->snapshot->settings;
    struct keeper *keeper = find_keeper(p, ret_error);
    if (!keeper)
        return NULL;
    struct arena arena;
    arena_init(&arena, 1024);
    struct worker_start start = {.keeper = keeper,
                                 .function = p->function,
                                 .settings = settings,
                                 .endpoints =
                                     function_endpoints_find(&arena, p->snapshot, p->function),
                                 .generation = p->generation};
    struct worker *w = worker_new(&p->context, &start, p, ret_error);
    arena_release(&arena);
    return w;
}

static bool start_worker(struct worker_pool *p)
{
    struct error error;
    struct worker *w = try_start(p, &error);
    if (!w) {
        struct start_failure failure = {.type = "Runtime.Unknown"};
        buf_append(&failure.why, str_from(error.text));
        pool_note_failure(p, &failure, STR(""));
        start_failure_release(&failure);
        return false;
    }
    TAILQ_INSERT_TAIL(&p->workers, w, entry);
    p->counts[WORKER_STARTING]++;
    p->processes->value = pool_alive(p);
    return true;
}

static bool backs_off(const struct worker_pool *p)
{
    return p->failures > 0 && pool_now(p) < p->back_off_until;
}

static void on_grace(struct timer *timer);

/* How many ought to be there, by what waits. `patient`: those that have just answered will ask. */
static unsigned wanted(const struct worker_pool *p, bool patient)
{
    const struct process_settings *s = &p->function->process;
    size_t soon = p->counts[WORKER_STARTING] + (patient ? p->counts[WORKER_ANSWERED] : 0);
    size_t more = p->waiting_count > soon ? p->waiting_count - soon : 0;
    size_t count = pool_alive(p) + more;
    if (count < s->minimum && !p->removed)
        count = s->minimum;
    return count < s->concurrency ? (unsigned)count : s->concurrency;
}

/* Rings when those that have answered ought to have asked, or a start may be tried again. */
static void look_again(struct worker_pool *p)
{
    uint64_t due = backs_off(p) ? p->back_off_until : pool_now(p) + GRACE;
    if (pool_alive(p) < wanted(p, false) && !timer_is_running(&p->grace))
        timer_start(p->host->loop, &p->grace, due, on_grace);
}

/* Nobody waits for a process that does not come. */
static void start(struct worker_pool *p, bool patient)
{
    struct invocation *i;
    if (!p->function)
        return;
    while (!backs_off(p) && pool_alive(p) < wanted(p, patient) && start_worker(p))
        ;
    while (pool_alive(p) == 0 && (i = pool_take_waiting(p)))
        pool_refuse(p, i);
    look_again(p);
}

static void on_grace(struct timer *timer)
{
    start(container_of(timer, struct worker_pool, grace), false);
}

void pool_start_wanted(struct worker_pool *p)
{
    start(p, true);
}
