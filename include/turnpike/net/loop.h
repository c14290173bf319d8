/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h: the one event loop: libuv's, with the time of the current turn, timers that cancel at
 * once, and work that is put off to the end of the turn. */
#ifndef TURNPIKE_NET_LOOP_H
#define TURNPIKE_NET_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "turnpike/base/scope.h"

struct timer;
struct task;

typedef void timer_fn(struct timer *timer);
typedef void task_fn(struct task *task);

#define LOOP_SCRATCH_SIZE 65536

/* Owned by the daemon (or a test); everything else holds a pointer. */
struct loop {
    uv_loop_t uv;
    char *scratch; /* LOOP_SCRATCH_SIZE bytes that nobody keeps beyond one callback */

    /* private */
    uint64_t now, wall;
    bool fresh; /* the clocks were read in this turn */
    struct timer **heap;
    size_t timer_count, timer_capacity;
    uv_timer_t alarm;
    uint64_t alarm_at;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    struct task *tasks, **tasks_end; /* put off, in their order */
    struct task *running;            /* those of the run that is under way */
};

/* SIGPIPE is ignored from here on, by the whole process. The struct must not move. */
void loop_init(struct loop *loop);
/* Runs until loop_stop or until nothing is left to wait for. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* Handles what is due now and returns: for taking things down step by step. */
void loop_turn(struct loop *loop);
/* After loop_run returned; asserts that every handle was closed. */
void loop_release(struct loop *loop);

/* The time of this turn, read when first asked for after the loop slept: monotonic microseconds,
 * and microseconds since 1970. loop_update reads the clocks again, for callbacks that take long. */
static inline uint64_t loop_now(struct loop *loop);
static inline uint64_t loop_wall(struct loop *loop);
void loop_update(struct loop *loop);

/* Embedded in its owner; all zero is a timer that is not running. Starting a running timer moves
 * it. The callback finds the timer stopped and may start it again or free its owner. */
struct timer {
    timer_fn *fn;
    uint64_t due;
    size_t slot; /* place in the heap, from 1; 0: not running */
};

/* Calls fn once, not before `due` (loop_now(loop) + delay). Resolution is a millisecond, rounded
 * up. */
void timer_start(struct loop *loop, struct timer *timer, uint64_t due, timer_fn *fn);
void timer_cancel(struct loop *loop, struct timer *timer);
static inline bool timer_is_running(const struct timer *timer)
{
    return timer->slot != 0;
}

/* Embedded in its owner; runs once at the end of the current turn, after all I/O callbacks: where
 * objects that were killed inside a callback are freed. Putting off twice is one run; what a task
 * puts off runs in the next turn, which comes at once. */
struct task {
    task_fn *fn;
    struct task *next;
    bool queued;
};

void task_defer(struct loop *loop, struct task *task, task_fn *fn);
void task_cancel(struct loop *loop, struct task *task);

static inline uint64_t loop_now(struct loop *loop)
{
    if (!loop->fresh)
        loop_update(loop);
    return loop->now;
}

static inline uint64_t loop_wall(struct loop *loop)
{
    if (!loop->fresh)
        loop_update(loop);
    return loop->wall;
}

#endif
