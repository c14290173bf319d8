/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_pool.h"

#include "function_endpoints.h"
#include "function_environment.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/net/watch.h"

/* A process that has answered asks again within microseconds, most of the time: no other one is
 * started before this has passed. */
#define GRACE (20 * USEC_PER_MSEC)

/* After the first failed start the next invocation tries again; then they wait ever longer. */
#define BACK_OFF_FIRST (250 * USEC_PER_MSEC)
#define BACK_OFF_MAX   (10 * USEC_PER_SEC)

#define PROCESSES_HELP "Processes of hosted functions."
#define STARTS_HELP    "Processes of hosted functions that were started, by how that went."

TAILQ_HEAD(worker_list, worker);

struct worker_pool {
    struct pool_host *host;
    struct worker_context context;
    struct snapshot *snapshot; /* a reference; NULL: it has no definition any longer */
    const struct function *function;
    bool removed;
    struct buf fingerprint;                  /* all that a process's start depends on */
    unsigned generation;                     /* of processes that may have invocations */
    struct worker_list workers, idle;        /* the latter: last used first */
    unsigned counts[WORKER_OVER + 1];        /* by state */
    struct invocation_list waiting, refused; /* the latter: about to be told */
    size_t waiting_count;
    unsigned failures; /* starts in a row */
    uint64_t back_off_until;
    struct start_failure failure; /* of the last start */
    struct timer grace, timer;
    struct task releasing;
    struct watch *watch;
    struct buf watched; /* which directory */
    struct figure *processes, *started, *start_failed;
};

static unsigned alive(const struct worker_pool *p)
{
    return p->counts[WORKER_STARTING] + p->counts[WORKER_IDLE] + p->counts[WORKER_RUNNING] +
           p->counts[WORKER_ANSWERED];
}

static uint64_t now_of(const struct worker_pool *p)
{
    return loop_now(p->host->loop);
}

/* Refusing. */

/* Without a process there is nobody whose log it could stand in. */
static void fail_invocation(struct worker_pool *p, struct invocation *i)
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
        invocation_write_error(&result.payload, f->type, i->request_id, buf_str(&f->why));
    }
    i->done(i, &result);
    buf_release(&result.payload);
}

static struct invocation *take_waiting(struct worker_pool *p)
{
    struct invocation *i = TAILQ_FIRST(&p->waiting);
    if (i) {
        TAILQ_REMOVE(&p->waiting, i, entry);
        p->waiting_count--;
    }
    return i;
}

/* Those that wait now; who is invoked by a callback tries anew. */
static void fail_waiting(struct worker_pool *p, size_t count)
{
    struct invocation *i;
    while (count-- > 0 && (i = take_waiting(p)))
        fail_invocation(p, i);
}

/* Starting. */

static void trouble(struct worker_pool *p, const char *text)
{
    const struct hosting_owner *owner = &p->host->hosting->owner;
    owner->on_trouble(owner->data, p->context.function_name, str_from(text));
}

static void note_failure(struct worker_pool *p)
{
    uint64_t wait = 0;
    if (p->failures > 0)
        wait = BACK_OFF_FIRST << (p->failures - 1 < 6 ? p->failures - 1 : 6);
    p->failures++;
    p->back_off_until = now_of(p) + (wait < BACK_OFF_MAX ? wait : BACK_OFF_MAX);
}

static void forget_failures(struct worker_pool *p)
{
    p->failures = 0;
    p->back_off_until = 0;
    start_failure_release(&p->failure);
    p->failure = (struct start_failure){0};
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
                                 .ca_file = p->host->hosting->ca_file,
                                 .management_endpoint =
                                     function_management_endpoint(&arena, p->snapshot, p->function),
                                 .invoke_endpoint = function_invoke_endpoint(&arena, settings),
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
        start_failure_release(&p->failure);
        p->failure = (struct start_failure){.type = "Runtime.Unknown"};
        buf_append(&p->failure.why, str_from(error.text));
        figure_add(p->start_failed, 1);
        note_failure(p);
        trouble(p, error.text);
        return false;
    }
    TAILQ_INSERT_TAIL(&p->workers, w, entry);
    p->counts[WORKER_STARTING]++;
    return true;
}

static bool backs_off(const struct worker_pool *p)
{
    return p->failures > 0 && now_of(p) < p->back_off_until;
}

static void on_grace(struct timer *timer);
static void on_timer(struct timer *timer);

/* How many ought to be there, by what waits. `patient`: those that have just answered will ask. */
static unsigned wanted(const struct worker_pool *p, bool patient)
{
    const struct process_settings *s = &p->function->process;
    size_t soon = p->counts[WORKER_STARTING] + (patient ? p->counts[WORKER_ANSWERED] : 0);
    size_t more = p->waiting_count > soon ? p->waiting_count - soon : 0;
    size_t count = alive(p) + more;
    if (count < s->minimum && !p->removed)
        count = s->minimum;
    return count < s->concurrency ? (unsigned)count : s->concurrency;
}

static void start_wanted(struct worker_pool *p, bool patient)
{
    if (!p->function || backs_off(p))
        return;
    while (alive(p) < wanted(p, patient))
        if (!start_worker(p))
            break;
    if (patient && p->waiting_count > p->counts[WORKER_STARTING] && !timer_is_running(&p->grace))
        timer_start(p->host->loop, &p->grace, now_of(p) + GRACE, on_grace);
}

static void on_grace(struct timer *timer)
{
    start_wanted(container_of(timer, struct worker_pool, grace), false);
}

/* Ending. */

/* The function, and this pool with it, may go with the snapshot: hence at the end of a turn. */
static void on_releasing(struct task *task)
{
    struct worker_pool *p = container_of(task, struct worker_pool, releasing);
    if (!p->removed || p->waiting_count > 0 || !TAILQ_EMPTY(&p->workers))
        return;
    p->function = NULL;
    struct snapshot *snapshot = take(&p->snapshot);
    snapshot_unref(snapshot);
}

static void release_definition_if_over(struct worker_pool *p)
{
    if (p->removed && p->snapshot && p->waiting_count == 0 && TAILQ_EMPTY(&p->workers))
        task_defer(p->host->loop, &p->releasing, on_releasing);
}

static bool is_stale(const struct worker_pool *p, const struct worker *w)
{
    return w->generation != p->generation || p->removed;
}

/* Rings for the one that has been idle for longest, or for a start that was put off. */
static void set_timer(struct worker_pool *p)
{
    const struct worker *oldest = TAILQ_LAST(&p->idle, worker_list);
    uint64_t due = UINT64_MAX;
    if (!p->function)
        return;
    if (oldest && alive(p) > p->function->process.minimum)
        due = oldest->idle_since + p->function->process.idle_timeout;
    if (p->failures > 0 && alive(p) < p->function->process.minimum && p->back_off_until < due)
        due = p->back_off_until;
    if (due == UINT64_MAX)
        timer_cancel(p->host->loop, &p->timer);
    else
        timer_start(p->host->loop, &p->timer, due, on_timer);
}

static void end_idle(struct worker_pool *p)
{
    const struct process_settings *s = &p->function->process;
    struct worker *oldest;
    while ((oldest = TAILQ_LAST(&p->idle, worker_list)) && alive(p) > s->minimum &&
           oldest->idle_since + s->idle_timeout <= now_of(p))
        worker_end(oldest);
}

static void on_timer(struct timer *timer)
{
    struct worker_pool *p = container_of(timer, struct worker_pool, timer);
    end_idle(p);
    start_wanted(p, true);
    set_timer(p);
}

/* What runs an invocation ends when that has been answered. */
static void retire(struct worker_pool *p)
{
    struct worker *w, *next;
    for (w = TAILQ_FIRST(&p->workers); w; w = next) {
        next = TAILQ_NEXT(w, entry);
        if (is_stale(p, w) && w->state != WORKER_RUNNING)
            worker_end(w);
    }
}

/* What workers tell. */

/* Those who wait are served by the definition in force; where there is none any longer, by the one
 * that there was. */
static void on_asked(struct worker_pool *p, struct worker *w)
{
    bool stale = w->generation != p->generation;
    struct invocation *i = stale ? NULL : take_waiting(p);
    if (i) {
        worker_give(w, i);
    } else if (stale || p->removed) {
        worker_end(w);
    } else {
        TAILQ_INSERT_HEAD(&p->idle, w, idle_entry);
        w->idle_listed = true;
    }
}

static void move_worker(struct worker_pool *p, struct worker *w, enum worker_state before)
{
    p->counts[before]--;
    p->counts[w->state]++;
    p->processes->value = alive(p);
    if (w->idle_listed)
        TAILQ_REMOVE(&p->idle, w, idle_entry);
    w->idle_listed = false;
    if (w->state == WORKER_OVER) {
        TAILQ_REMOVE(&p->workers, w, entry);
        p->counts[WORKER_OVER] = 0;
    }
}

static void on_state(struct worker *w, enum worker_state before)
{
    struct worker_pool *p = w->owner;
    move_worker(p, w, before);
    if (before == WORKER_STARTING && w->state == WORKER_IDLE) {
        figure_add(p->started, 1);
        forget_failures(p);
    }
    if (w->state == WORKER_IDLE)
        on_asked(p, w);
    else if (w->state == WORKER_OVER && before == WORKER_STARTING)
        return; /* on_start_failed follows */
    else
        start_wanted(p, true);
    set_timer(p);
    release_definition_if_over(p);
}

static void keep_failure(struct worker_pool *p, const struct start_failure *failure)
{
    start_failure_release(&p->failure);
    p->failure = (struct start_failure){.type = failure->type};
    buf_append(&p->failure.body, buf_str(&failure->body));
    buf_append(&p->failure.why, buf_str(&failure->why));
}

static void tell_start_failure(struct worker_pool *p, const struct start_failure *f,
                               struct str said)
{
    scoped_buf struct buf text = {0};
    buf_printf(&text, "it cannot start: %s: %" STR_F "%s%" STR_F, f->type, STR_A(buf_str(&f->why)),
               said.len > 0 ? "; it said: " : "", STR_A(said));
    buf_append_char(&text, '\0');
    trouble(p, buf_str(&text).at);
}

static void on_start_failed(struct worker *w, const struct start_failure *failure, struct str said)
{
    struct worker_pool *p = w->owner;
    size_t starting = p->counts[WORKER_STARTING];
    figure_add(p->start_failed, 1);
    keep_failure(p, failure);
    note_failure(p);
    tell_start_failure(p, failure, said);
    if (alive(p) == 0)
        fail_waiting(p, p->waiting_count);
    else if (p->waiting_count > starting)
        fail_waiting(p, 1);
    set_timer(p);
    release_definition_if_over(p);
}

static const struct worker_events worker_events = {on_state, on_start_failed};

/* The definition. */

static void on_code_changed(void *data)
{
    struct worker_pool *p = data;
    const struct hosting_owner *owner = &p->host->hosting->owner;
    owner->on_notice(owner->data, p->context.function_name,
                     STR("its code has changed: its processes are replaced"));
    p->generation++;
    forget_failures(p);
    retire(p);
    start_wanted(p, true);
}

static void on_watch_failed(void *data, const struct error *error)
{
    struct worker_pool *p = data;
    scoped_buf struct buf text = {0};
    buf_printf(&text, "not all of its code is watched: %s", error->text);
    buf_append_char(&text, '\0');
    trouble(p, buf_str(&text).at);
}

static const struct watch_events watch_events = {on_code_changed, on_watch_failed};

static void watch_code(struct worker_pool *p)
{
    const struct process_settings *s = p->function ? &p->function->process : NULL;
    struct str directory = s && s->watch && !p->removed ? s->directory.text : STR("");
    if (str_eq(directory, buf_str(&p->watched)))
        return;
    watch_free(take(&p->watch));
    buf_clear(&p->watched);
    buf_append(&p->watched, directory);
    if (directory.len == 0)
        return;
    scoped_buf struct buf name = {0};
    buf_append(&name, directory);
    buf_append_char(&name, '\0');
    p->watch = watch_new(p->host->loop, buf_str(&name).at, &watch_events, p);
}

static void print(struct buf *out, struct str text)
{
    buf_append(out, text);
    buf_append_char(out, '\0');
}

/* All that a process's start depends on, but for what each has of its own. */
static struct buf make_fingerprint(const struct worker_pool *p)
{
    const struct process_settings *s = &p->function->process;
    const struct settings *settings = &p->snapshot->settings;
    struct buf out = {0};
    struct arena arena;
    arena_init(&arena, 8192);
    struct function_environment_facts facts = {
        .function = p->function,
        .settings = settings,
        .runtime_api = STR("-"),
        .log_stream = STR("-"),
        .ca_file = p->host->hosting->ca_file,
        .management_endpoint = function_management_endpoint(&arena, p->snapshot, p->function),
        .invoke_endpoint = function_invoke_endpoint(&arena, settings),
        .inherited = p->host->hosting->environment};
    for (const char *const *v = function_environment(&arena, &facts); *v; v++)
        print(&out, str_from(*v));
    FOR_EACH_IN (argument, &s->command)
        print(&out, *argument);
    print(&out, s->directory.text);
    buf_printf(&out, "%u %u %u %d %u %d", s->user.text.len > 0, s->user_id, s->group_id,
               s->memory_limited, s->memory_size, s->credentials);
    arena_release(&arena);
    return out;
}

static void define(struct worker_pool *p, struct snapshot *snapshot,
                   const struct function *function)
{
    struct snapshot *before = p->snapshot;
    p->snapshot = snapshot_ref(snapshot);
    p->function = function;
    p->removed = false;
    struct buf fingerprint = make_fingerprint(p);
    if (!str_eq(buf_str(&fingerprint), buf_str(&p->fingerprint))) {
        p->generation++;
        forget_failures(p);
    }
    buf_release(&p->fingerprint);
    p->fingerprint = fingerprint;
    snapshot_unref(before);
}

void pool_use(struct worker_pool *p, struct snapshot *snapshot, const struct function *function)
{
    if (function)
        define(p, snapshot, function);
    else
        p->removed = true;
    watch_code(p);
    retire(p);
    start_wanted(p, true);
    set_timer(p);
    release_definition_if_over(p);
}

/* Invocations. */

static void on_refusing(struct task *task)
{
    struct invocation *i = container_of(task, struct invocation, refusing);
    struct worker_pool *p = i->pool;
    TAILQ_REMOVE(&p->refused, i, entry);
    fail_invocation(p, i);
}

static void refuse(struct worker_pool *p, struct invocation *i)
{
    i->pool = p;
    TAILQ_INSERT_TAIL(&p->refused, i, entry);
    task_defer(p->host->loop, &i->refusing, on_refusing);
}

void pool_invoke(struct worker_pool *p, struct invocation *i)
{
    struct worker *w = TAILQ_FIRST(&p->idle);
    if (w) {
        worker_give(w, i);
        set_timer(p);
        return;
    }
    if (!p->function || (alive(p) == 0 && backs_off(p))) {
        refuse(p, i);
        return;
    }
    TAILQ_INSERT_TAIL(&p->waiting, i, entry);
    p->waiting_count++;
    start_wanted(p, true);
    if (alive(p) == 0) { /* nothing could be started */
        TAILQ_REMOVE(&p->waiting, i, entry);
        p->waiting_count--;
        refuse(p, i);
    }
}

/* Its life. */

static struct figure *find_figure(struct worker_pool *p, enum figure_type type, const char *name,
                                  const char *help, const char *result)
{
    struct label labels[] = {
        {"function", p->context.function_name},
        {"result",   str_from(result)        }
    };
    return counters_figure(p->host->counters, type, name, help, labels, result ? 2 : 1);
}

struct worker_pool *pool_new(struct pool_host *host, struct str name)
{
    struct worker_pool *p = xcalloc(1, sizeof(*p));
    p->host = host;
    p->context = (struct worker_context){.loop = host->loop,
                                         .hosting = host->hosting,
                                         .events = &worker_events,
                                         .function_name = name};
    TAILQ_INIT(&p->workers);
    TAILQ_INIT(&p->idle);
    TAILQ_INIT(&p->waiting);
    TAILQ_INIT(&p->refused);
    p->processes =
        find_figure(p, FIGURE_GAUGE, "turnpike_function_processes", PROCESSES_HELP, NULL);
    p->started =
        find_figure(p, FIGURE_COUNTER, "turnpike_function_starts_total", STARTS_HELP, "ok");
    p->start_failed =
        find_figure(p, FIGURE_COUNTER, "turnpike_function_starts_total", STARTS_HELP, "error");
    return p;
}

void pool_free(struct worker_pool *p)
{
    struct worker *w;
    struct invocation *i;
    if (!p)
        return;
    while ((w = TAILQ_FIRST(&p->workers))) {
        TAILQ_REMOVE(&p->workers, w, entry);
        worker_drop(w);
    }
    TAILQ_FOREACH(i, &p->refused, entry)
    task_cancel(p->host->loop, &i->refusing);
    timer_cancel(p->host->loop, &p->grace);
    timer_cancel(p->host->loop, &p->timer);
    task_cancel(p->host->loop, &p->releasing);
    watch_free(p->watch);
    buf_release(&p->watched);
    buf_release(&p->fingerprint);
    start_failure_release(&p->failure);
    snapshot_unref(p->snapshot);
    free(p);
}
