/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_pool_private.h"

#include "function_environment.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/net/watch.h"

#define PROCESSES_HELP "Processes of hosted functions."
#define STARTS_HELP    "Processes of hosted functions that were started, by how that went."

/* Those that wait now; who is invoked by a callback tries anew. */
static void fail_waiting(struct worker_pool *p, size_t count)
{
    struct invocation *i;
    while (count-- > 0 && (i = pool_take_waiting(p)))
        pool_fail_invocation(p, i);
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

/* Of a function that is gone, those that wait are served by the processes that it had. */
static bool is_stale(const struct worker_pool *p, const struct worker *w)
{
    return w->generation != p->generation || (p->removed && p->waiting_count == 0);
}

static void on_timer(struct timer *timer);

/* Rings for the one that has been idle for longest. */
static void set_timer(struct worker_pool *p)
{
    const struct worker *oldest = TAILQ_LAST(&p->idle, worker_list);
    uint64_t due = UINT64_MAX;
    if (!p->function)
        return;
    if (oldest && pool_alive(p) > p->function->process.minimum)
        due = oldest->idle_since + p->function->process.idle_timeout;
    if (due == UINT64_MAX)
        timer_cancel(p->host->loop, &p->timer);
    else
        timer_start(p->host->loop, &p->timer, due, on_timer);
}

static void end_idle(struct worker_pool *p)
{
    const struct process_settings *s = &p->function->process;
    struct worker *oldest;
    while ((oldest = TAILQ_LAST(&p->idle, worker_list)) && pool_alive(p) > s->minimum &&
           (oldest->idle_since + s->idle_timeout <= pool_now(p) || pool_alive(p) > s->concurrency))
        worker_end(oldest);
}

static void on_timer(struct timer *timer)
{
    struct worker_pool *p = container_of(timer, struct worker_pool, timer);
    end_idle(p);
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
    struct invocation *i = stale ? NULL : pool_take_waiting(p);
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
    p->processes->value = pool_alive(p);
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
        pool_forget_failures(p);
    }
    if (w->state == WORKER_IDLE)
        on_asked(p, w);
    else if (w->state == WORKER_OVER && before == WORKER_STARTING)
        return; /* on_start_failed follows */
    else
        pool_start_wanted(p);
    set_timer(p);
    release_definition_if_over(p);
}

static void on_start_failed(struct worker *w, const struct start_failure *failure, struct str said)
{
    struct worker_pool *p = w->owner;
    size_t starting = p->counts[WORKER_STARTING];
    pool_note_failure(p, failure, said);
    if (pool_alive(p) == 0)
        fail_waiting(p, p->waiting_count);
    else if (p->waiting_count > starting)
        fail_waiting(p, 1);
    pool_start_wanted(p);
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
    pool_forget_failures(p);
    retire(p);
    pool_start_wanted(p);
}

static void on_watch_failed(void *data, const struct error *error)
{
    struct worker_pool *p = data;
    pool_trouble(p, "not all of its code is watched: %s", error->text);
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
    struct function_endpoints endpoints = function_endpoints_find(&arena, p->snapshot, p->function);
    struct function_environment_facts facts = {.function = p->function,
                                               .settings = settings,
                                               .runtime_api = STR("-"),
                                               .log_stream = STR("-"),
                                               .ca_file = p->host->hosting->ca_file,
                                               .management_endpoint = endpoints.management,
                                               .invoke_endpoint = endpoints.invoke,
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
        pool_forget_failures(p);
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
    if (p->function)
        end_idle(p);
    pool_start_wanted(p);
    set_timer(p);
    release_definition_if_over(p);
}

/* Invocations. */

static struct worker *find_idle(struct worker_pool *p)
{
    struct worker *w;
    while ((w = TAILQ_FIRST(&p->idle)) && !worker_asks(w))
        ; /* it has left the list */
    return w;
}

void pool_invoke(struct worker_pool *p, struct invocation *i)
{
    struct worker *w = find_idle(p);
    if (w) {
        worker_give(w, i);
        set_timer(p);
        return;
    }
    if (!p->function) {
        pool_refuse(p, i);
        return;
    }
    TAILQ_INSERT_TAIL(&p->waiting, i, entry);
    p->waiting_count++;
    pool_start_wanted(p);
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
