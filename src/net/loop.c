/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/loop.h"

#include <signal.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#define NEVER UINT64_MAX

/* The timers are a binary heap ordered by `due`, in slots 1 to timer_count; one uv_timer rings for
 * the first of them. It is moved only when an earlier timer comes, so starting and cancelling the
 * usual timeout touches no libuv structure. */

static void place(struct loop *loop, struct timer *timer, size_t slot)
{
    loop->heap[slot] = timer;
    timer->slot = slot;
}

static void sift_up(struct loop *loop, struct timer *timer, size_t slot)
{
    while (slot > 1 && loop->heap[slot / 2]->due > timer->due) {
        place(loop, loop->heap[slot / 2], slot);
        slot /= 2;
    }
    place(loop, timer, slot);
}

static void sift_down(struct loop *loop, struct timer *timer, size_t slot)
{
    for (;;) {
        size_t child = slot * 2;
        if (child > loop->timer_count)
            break;
        if (child < loop->timer_count && loop->heap[child + 1]->due < loop->heap[child]->due)
            child++;
        if (timer->due <= loop->heap[child]->due)
            break;
        place(loop, loop->heap[child], slot);
        slot = child;
    }
    place(loop, timer, slot);
}

/* In the order in which they came. What they put off in turn waits for the next run, so that a
 * task that always comes back cannot keep the loop from its sockets. */
static void run_tasks(struct loop *loop)
{
    loop->running = loop->tasks;
    loop->tasks = NULL;
    loop->tasks_end = &loop->tasks;
    while (loop->running) {
        struct task *task = loop->running;
        loop->running = task->next;
        task->queued = false;
        task->fn(task);
    }
}

static void on_idle(uv_idle_t *handle)
{
    (void)handle; /* its presence alone keeps the loop awake */
}

/* While tasks wait, the loop looks for events but does not sleep. */
static void stay_awake_for_tasks(struct loop *loop)
{
    if (loop->tasks)
        (void)uv_idle_start(&loop->idle, on_idle);
    else
        (void)uv_idle_stop(&loop->idle);
}

static void on_alarm(uv_timer_t *handle);

static void set_alarm(struct loop *loop)
{
    uint64_t due = loop->timer_count ? loop->heap[1]->due : NEVER;
    if (due >= loop->alarm_at)
        return; /* it rings early at worst, and is then set anew */

    loop->alarm_at = due;
    uint64_t now = loop_now(loop);
    uint64_t delay = due > now ? (due - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC : 0;
    uv_update_time(&loop->uv);
    (void)uv_timer_start(&loop->alarm, on_alarm, delay, 0);
}

static void on_alarm(uv_timer_t *handle)
{
    struct loop *loop = container_of(handle, struct loop, alarm);
    loop_update(loop);
    loop->alarm_at = NEVER;
    while (loop->timer_count && loop->heap[1]->due <= loop->now) {
        struct timer *timer = loop->heap[1];
        timer_cancel(loop, timer);
        timer->fn(timer);
    }
    set_alarm(loop);
}

/* An alarm that nobody waits for must not keep loop_run from returning. */
static void drop_idle_alarm(struct loop *loop)
{
    if (loop->timer_count > 0 || loop->alarm_at == NEVER)
        return;
    (void)uv_timer_stop(&loop->alarm);
    loop->alarm_at = NEVER;
}

/* Before the loop sleeps: what the turn put off, then the alarm for what it started. */
static void on_prepare(uv_prepare_t *handle)
{
    struct loop *loop = container_of(handle, struct loop, prepare);
    run_tasks(loop);
    stay_awake_for_tasks(loop);
    set_alarm(loop);
    drop_idle_alarm(loop);
    loop->fresh = false;
}

/* After the I/O callbacks, which may have put work off. */
static void on_check(uv_check_t *handle)
{
    struct loop *loop = container_of(handle, struct loop, check);
    run_tasks(loop);
}

void loop_update(struct loop *loop)
{
    loop->now = clock_monotonic();
    loop->wall = clock_wall();
    loop->fresh = true;
}

void loop_init(struct loop *loop)
{
    *loop = (struct loop){.alarm_at = NEVER, .tasks_end = &loop->tasks};
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes with write(2) */
    int failed = uv_loop_init(&loop->uv);
    assert(!failed);
    loop->scratch = xmalloc(LOOP_SCRATCH_SIZE);
    (void)uv_timer_init(&loop->uv, &loop->alarm);
    (void)uv_idle_init(&loop->uv, &loop->idle);
    (void)uv_prepare_init(&loop->uv, &loop->prepare);
    (void)uv_prepare_start(&loop->prepare, on_prepare);
    (void)uv_check_init(&loop->uv, &loop->check);
    (void)uv_check_start(&loop->check, on_check);
    uv_unref((uv_handle_t *)&loop->prepare);
    uv_unref((uv_handle_t *)&loop->check);
    loop_update(loop);
}

void loop_run(struct loop *loop)
{
    do
        stay_awake_for_tasks(loop);
    while (!uv_run(&loop->uv, UV_RUN_DEFAULT) && loop->tasks);
}

void loop_turn(struct loop *loop)
{
    stay_awake_for_tasks(loop); /* libuv does not turn for nobody */
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

void loop_release(struct loop *loop)
{
    while (loop->tasks)
        run_tasks(loop);
    uv_close((uv_handle_t *)&loop->alarm, NULL);
    uv_close((uv_handle_t *)&loop->idle, NULL);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->check, NULL);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    int busy = uv_loop_close(&loop->uv);
    assert(!busy);
    free(loop->heap);
    free(loop->scratch);
}

static void make_room(struct loop *loop)
{
    if (loop->timer_count + 1 < loop->timer_capacity)
        return;
    loop->timer_capacity = loop->timer_capacity ? loop->timer_capacity * 2 : 64;
    loop->heap = xrealloc(loop->heap, loop->timer_capacity * sizeof(struct timer *));
}

void timer_start(struct loop *loop, struct timer *timer, uint64_t due, timer_fn *fn)
{
    timer_cancel(loop, timer);
    make_room(loop);
    timer->fn = fn;
    timer->due = due;
    sift_up(loop, timer, ++loop->timer_count);
    set_alarm(loop);
}

void timer_cancel(struct loop *loop, struct timer *timer)
{
    if (!timer_is_running(timer))
        return;
    size_t slot = timer->slot;
    timer->slot = 0;
    struct timer *last = loop->heap[loop->timer_count--];
    if (last == timer)
        return;
    if (slot > 1 && loop->heap[slot / 2]->due > last->due)
        sift_up(loop, last, slot);
    else
        sift_down(loop, last, slot);
}

void task_defer(struct loop *loop, struct task *task, task_fn *fn)
{
    task->fn = fn;
    if (task->queued)
        return;
    task->queued = true;
    task->next = NULL;
    *loop->tasks_end = task;
    loop->tasks_end = &task->next;
}

static bool find_task(struct task **at, const struct task *task, struct task ***ret_hole)
{
    while (*at && *at != task)
        at = &(*at)->next;
    *ret_hole = at;
    return *at != NULL;
}

void task_cancel(struct loop *loop, struct task *task)
{
    if (!task->queued)
        return;
    struct task **hole;
    if (!find_task(&loop->running, task, &hole) && !find_task(&loop->tasks, task, &hole))
        return;
    *hole = task->next;
    if (loop->tasks_end == &task->next)
        loop->tasks_end = hole;
    task->queued = false;
}
