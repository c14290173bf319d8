/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/loop.h"

#include "testing.h"

#include <unistd.h>

#include "turnpike/base/clock.h"

#define TIMERS 200

/* Timers and tasks that write down when they ran. */
struct item {
    struct timer timer;
    struct task task;
    struct bench *bench;
    int number, again;
};

struct bench {
    struct loop loop;
    struct item items[TIMERS];
    int order[TIMERS * 2];
    int ran;
};

static void bench_init(struct bench *b)
{
    *b = (struct bench){0};
    loop_init(&b->loop);
    for (int i = 0; i < TIMERS; i++)
        b->items[i] = (struct item){.bench = b, .number = i};
}

static void note(struct item *item)
{
    item->bench->order[item->bench->ran++] = item->number;
}

static void on_timer(struct timer *timer)
{
    struct item *item = container_of(timer, struct item, timer);
    assert_false(timer_is_running(timer));
    assert_true(loop_now(&item->bench->loop) >= timer->due);
    note(item);
    if (item->again-- > 0)
        timer_start(&item->bench->loop, timer, loop_now(&item->bench->loop), on_timer);
}

static void on_task(struct task *task)
{
    struct item *item = container_of(task, struct item, task);
    note(item);
    if (item->again-- > 0)
        task_defer(&item->bench->loop, task, on_task);
}

static void start(struct bench *b, int number, uint64_t delay)
{
    timer_start(&b->loop, &b->items[number].timer, loop_now(&b->loop) + delay, on_timer);
}

static void test_timers_ring_in_order(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b);
    for (int i = 0; i < TIMERS; i++) { /* 0, 77, 154, 31, …: each delay once */
        int number = i * 77 % TIMERS;
        start(&b, number, (uint64_t)number * 50);
    }
    loop_run(&b.loop);
    assert_int_equal(b.ran, TIMERS);
    for (int i = 0; i < TIMERS; i++)
        assert_int_equal(b.order[i], i);
    loop_release(&b.loop);
}

static void test_cancelled_and_moved_timers(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b);
    for (int i = 0; i < TIMERS; i++)
        start(&b, i, (uint64_t)(TIMERS - i) * 50);
    for (int i = 0; i < TIMERS; i++) /* every third is cancelled, every other third moved */
        if (i % 3 == 0)
            timer_cancel(&b.loop, &b.items[i].timer);
        else if (i % 3 == 1)
            start(&b, i, (uint64_t)(2 * TIMERS + i) * 50);
    timer_cancel(&b.loop, &b.items[0].timer); /* once more: nothing */
    loop_run(&b.loop);

    int at = 0;
    for (int i = TIMERS - 1; i >= 0; i--)
        if (i % 3 == 2)
            assert_int_equal(b.order[at++], i);
    for (int i = 0; i < TIMERS; i++)
        if (i % 3 == 1)
            assert_int_equal(b.order[at++], i);
    assert_int_equal(b.ran, at);
    loop_release(&b.loop);
}

static void test_timer_starts_itself_again(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b);
    b.items[0].again = 3;
    start(&b, 0, 0);
    loop_run(&b.loop);
    assert_int_equal(b.ran, 4);
    loop_release(&b.loop);
}

/* loop_run would wait a minute for the alarm that was set for it. */
static void test_cancelled_timer_does_not_hold_the_loop(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b);
    uint64_t before = loop_now(&b.loop);
    start(&b, 0, 60 * USEC_PER_SEC);
    timer_cancel(&b.loop, &b.items[0].timer);
    loop_run(&b.loop);
    loop_update(&b.loop);
    assert_true(loop_now(&b.loop) - before < 30 * USEC_PER_SEC);
    assert_int_equal(b.ran, 0);
    loop_release(&b.loop);
}

static void test_tasks_run_once_in_order(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b);
    for (int i = 0; i < 5; i++)
        task_defer(&b.loop, &b.items[i].task, on_task);
    task_defer(&b.loop, &b.items[1].task, on_task); /* is put off already */
    task_cancel(&b.loop, &b.items[0].task);
    task_cancel(&b.loop, &b.items[2].task);
    task_cancel(&b.loop, &b.items[4].task);
    task_cancel(&b.loop, &b.items[4].task);
    task_defer(&b.loop, &b.items[0].task, on_task);
    assert_int_equal(b.ran, 0);
    loop_run(&b.loop);
    assert_int_equal(b.ran, 3);
    assert_int_equal(b.order[0], 1);
    assert_int_equal(b.order[1], 3);
    assert_int_equal(b.order[2], 0);
    loop_release(&b.loop);
}

static void cancel_the_next(struct task *task)
{
    struct item *item = container_of(task, struct item, task);
    note(item);
    task_cancel(&item->bench->loop, &item->bench->items[item->number + 1].task);
}

static void test_task_cancels_another_of_its_run(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b);
    task_defer(&b.loop, &b.items[0].task, cancel_the_next);
    task_defer(&b.loop, &b.items[1].task, on_task);
    loop_run(&b.loop);
    assert_int_equal(b.ran, 1);

    task_defer(&b.loop, &b.items[1].task, on_task); /* it may be used again */
    loop_run(&b.loop);
    assert_int_equal(b.ran, 2);
    loop_release(&b.loop);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    uv_close((uv_handle_t *)poll, NULL);
}

/* A task that always comes back leaves sockets and timers their turns, and does not sleep. */
static void test_task_that_comes_back_starves_nobody(void **state)
{
    (void)state;
    struct bench b;
    int fds[2];
    uv_poll_t poll;
    bench_init(&b);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    (void)uv_poll_init(&b.loop.uv, &poll, fds[0]);
    (void)uv_poll_start(&poll, UV_READABLE, on_poll);
    b.items[0].again = 100;
    task_defer(&b.loop, &b.items[0].task, on_task);
    for (int turns = 0; turns < 10; turns++)
        (void)uv_run(&b.loop.uv, UV_RUN_ONCE);
    assert_in_range(b.ran, 5, 30);
    assert_true(uv_is_closing((uv_handle_t *)&poll));
    while (b.ran <= 100)
        (void)uv_run(&b.loop.uv, UV_RUN_ONCE);
    loop_run(&b.loop);
    (void)close(fds[0]);
    (void)close(fds[1]);
    loop_release(&b.loop);
}

static void test_the_time_moves_on_when_the_loop_slept(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b);
    uint64_t before = loop_now(&b.loop), wall = loop_wall(&b.loop);
    assert_int_equal(loop_now(&b.loop), before);
    start(&b, 0, 2 * USEC_PER_MSEC);
    loop_run(&b.loop);
    assert_true(loop_now(&b.loop) >= before + 2 * USEC_PER_MSEC);
    assert_true(loop_wall(&b.loop) > wall);
    loop_release(&b.loop);
}

int main(void)
{
    (void)alarm(60); /* a test that waits for ever */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_ring_in_order),
        cmocka_unit_test(test_cancelled_and_moved_timers),
        cmocka_unit_test(test_timer_starts_itself_again),
        cmocka_unit_test(test_cancelled_timer_does_not_hold_the_loop),
        cmocka_unit_test(test_tasks_run_once_in_order),
        cmocka_unit_test(test_task_cancels_another_of_its_run),
        cmocka_unit_test(test_task_that_comes_back_starves_nobody),
        cmocka_unit_test(test_the_time_moves_on_when_the_loop_slept),
    };
    return cmocka_run_group_tests_name("net/loop", tests, NULL, NULL);
}
