/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/orphans.h"

#include "testing.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY        50
#define PATIENCE_MS 20000

struct trial {
    struct loop loop;
    struct orphans orphans;
    uv_timer_t patience;
    uv_process_t process;
    int exits;
    int64_t status;
};

static void on_patience(uv_timer_t *timer UNUSED)
{
    fail_msg("nobody waited for them");
}

static void trial_begin(struct trial *t)
{
    *t = (struct trial){0};
    loop_init(&t->loop);
    (void)uv_timer_init(&t->loop.uv, &t->patience);
    (void)uv_timer_start(&t->patience, on_patience, PATIENCE_MS, 0);
}

static void trial_end(struct trial *t)
{
    orphans_release(&t->orphans);
    uv_close((uv_handle_t *)&t->patience, NULL);
    loop_release(&t->loop);
}

/* A child whose own child becomes this process's; both end at once. */
static void leave_an_orphan(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)fork();
        _exit(0);
    }
}

static bool has_children(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

static void turn_until_none_is_left(struct trial *t)
{
    while (has_children())
        (void)uv_run(&t->loop.uv, UV_RUN_ONCE);
}

static void waits_for_whoever_is_left(void **state)
{
    (void)state;
    struct trial t;
    trial_begin(&t);
    orphans_watch(&t.orphans, &t.loop);
    for (int i = 0; i < MANY; i++)
        leave_an_orphan();
    turn_until_none_is_left(&t);
    trial_end(&t);
}

static void waits_for_those_who_died_before(void **state)
{
    (void)state;
    struct trial t;
    siginfo_t info;
    trial_begin(&t);
    if (fork() == 0)
        _exit(0);
    assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
    orphans_watch(&t.orphans, &t.loop);
    turn_until_none_is_left(&t);
    trial_end(&t);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal UNUSED)
{
    struct trial *t = container_of(process, struct trial, process);
    t->status = status;
    t->exits++;
    uv_close((uv_handle_t *)process, NULL);
}

static void spawn(struct trial *t)
{
    static char shell[] = "/bin/sh", option[] = "-c", text[] = "exit 7";
    char *arguments[] = {shell, option, text, NULL};
    uv_process_options_t options = {.exit_cb = on_exit_of, .file = shell, .args = arguments};
    assert_int_equal(uv_spawn(&t->loop.uv, &t->process, &options), 0);
}

static void leaves_the_loops_own_to_it(void **state)
{
    (void)state;
    struct trial t;
    siginfo_t info;
    trial_begin(&t);
    for (int round = 1; round <= MANY; round++) {
        spawn(&t);
        if (round == 1) { /* dead before anybody could look */
            assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
            orphans_watch(&t.orphans, &t.loop);
        }
        leave_an_orphan();
        while (t.exits < round)
            (void)uv_run(&t.loop.uv, UV_RUN_ONCE);
        assert_int_equal(t.status, 7);
    }
    turn_until_none_is_left(&t);
    trial_end(&t);
}

static void one_that_watches_nothing_is_released(void **state)
{
    (void)state;
    struct orphans orphans = {0};
    orphans_release(&orphans);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_whoever_is_left),
        cmocka_unit_test(waits_for_those_who_died_before),
        cmocka_unit_test(leaves_the_loops_own_to_it),
        cmocka_unit_test(one_that_watches_nothing_is_released),
    };
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
