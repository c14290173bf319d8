/* SPDX-License-Identifier: Apache-2.0 */
/* How children and their descendants end: by themselves, with the keeper, with the gateway. */
#include "keeper_trial.h"

#include "turnpike/base/clock.h"

/* What the program does as a child: main() with its name as the first argument. */

/* Runs `fn` in a child of this process; says "up" once that does. */
static void beget(int (*fn)(void))
{
    int ready[2];
    char text[2];
    if (pipe(ready) < 0)
        _exit(1);
    if (fork() == 0) {
        (void)dup2(ready[1], STDOUT_FILENO);
        _exit(fn());
    }
    if (read(ready[0], text, 2) != 2 || write(STDOUT_FILENO, text, 2) != 2)
        _exit(1);
}

static int leave_a_child(void)
{
    beget(hold);
    return 7;
}

/* Forks and ends: its child is adopted. */
static int let_go(void)
{
    return fork() == 0 ? hold() : 0;
}

static int daemonize(void)
{
    (void)setsid();
    return let_go();
}

static int leave_a_daemon(void)
{
    beget(daemonize);
    return 0;
}

static int lead_and_hold(void)
{
    (void)setsid();
    return hold();
}

/* What is adopted has a child that has escaped as well, and is adopted when its parent dies. */
static int nest(void)
{
    (void)setsid();
    beget(lead_and_hold);
    return hold();
}

static int nest_and_let_go(void)
{
    return fork() == 0 ? nest() : 0;
}

static int leave_nested_daemons(void)
{
    beget(nest_and_let_go);
    return 0;
}

static void answer(int number)
{
    (void)number;
    (void)!write(STDERR_FILENO, "yes", 3);
}

static int keep_an_orphan(void)
{
    (void)signal(SIGUSR1, answer);
    beget(let_go);
    (void)wait(NULL); /* now it is one */
    (void)signal(SIGUSR1, SIG_IGN);
    return hold();
}

static int move_and_hold(void)
{
    (void)setpgid(0, 0);
    return hold();
}

static int keep_another_group(void)
{
    beget(move_and_hold);
    return hold();
}

static int keep_all_kinds(void)
{
    beget(hold);
    beget(daemonize);
    return hold();
}

static void a_leader_takes_its_group_and_its_strangers_along(void **state)
{
    (void)state;
    static const struct {
        const char *name, *mode;
        int status;
    } cases[] = {
        {"a child in its group", "leave a child", 7},
        {"a daemon", "leave a daemon", 0},
        {"a daemon's daemon", "leave nested daemons", 0},
    };
    struct trial t;
    trial_begin(&t);
    FOR_EACH_CASE (c, cases) {
        struct run run;
        run_mode(&run, &t, c->mode);
        await_exit(&run);
        await_silence(&run);
        CHECK_CASE(c, run.exit.status == c->status && run.exit.started, "%d", run.exit.status);
        CHECK_CASE(c, str_starts_with(buf_str(&run.text), STR("up")), "'%" STR_F "'",
                   STR_A(buf_str(&run.text)));
        run_release(&run);
    }
    trial_end(&t);
}

/* It is in its worker's session, and the worker lives. */
static void an_orphan_of_a_living_leader_is_spared(void **state)
{
    (void)state;
    struct trial t;
    struct run run;
    trial_begin(&t);
    run_mode(&run, &t, "keep an orphan");
    await_text(&run, "upup");
    do_nothing(&t);                 /* strangers are looked for */
    do_nothing(&t);                 /* they have been */
    child_kill(run.child, SIGUSR1); /* which its leader ignores */
    await_text(&run, "upupyes");
    child_kill(run.child, SIGKILL);
    finish(&run, "upupyes");
    assert_int_equal(run.exit.signal, SIGKILL);
    trial_end(&t);
}

static void what_has_left_the_group_goes_with_its_leader(void **state)
{
    (void)state;
    struct trial t;
    struct run run;
    trial_begin(&t);
    run_mode(&run, &t, "keep another group");
    await_text(&run, "upup");
    child_kill(run.child, SIGTERM); /* of the leader's group alone */
    finish(&run, "upup");
    assert_int_equal(run.exit.signal, SIGTERM);
    trial_end(&t);
}

static void freed_it_kills_all(void **state)
{
    (void)state;
    struct trial t;
    struct run run;
    trial_begin(&t);
    run_mode(&run, &t, "keep all kinds");
    await_text(&run, "upupup");
    pid_t keeper = parent_of(await_pid(&run));
    keeper_free(take(&t.keeper));
    await_silence(&run);
    loop_run(&t.loop); /* until the keeper has ended */
    assert_true(kill(keeper, 0) < 0 && errno == ESRCH);
    assert_int_equal(run.exits, 0);
    run_release(&run);
    trial_end(&t);
}

/* It was killed: its children are told so, and who comes next has another keeper. */
static void a_keeper_that_was_killed_is_replaced(void **state)
{
    (void)state;
    struct trial t;
    struct run run, second;
    trial_begin(&t);
    run_mode(&run, &t, "keep an orphan");
    run_mode(&second, &t, "hold");
    await_text(&run, "upup");
    await_text(&second, "up");
    (void)await_pid(&second);
    assert_int_equal(kill(parent_of(await_pid(&run)), SIGKILL), 0);
    finish(&run, "upup");
    finish(&second, "up");
    assert_true(run.exit.started && second.exit.started);
    assert_int_equal(run.exit.signal, SIGKILL);
    assert_int_equal(second.exit.signal, SIGKILL);
    do_nothing(&t);
    trial_end(&t);
}

/* Whoever runs as the gateway does may stop it: no start waits for ever, and no end. */
static void a_keeper_that_was_stopped_goes_on(void **state)
{
    (void)state;
    struct trial t;
    struct run run;
    trial_begin(&t);
    run_mode(&run, &t, "hold");
    await_text(&run, "up");
    pid_t keeper = parent_of(await_pid(&run));
    assert_int_equal(kill(keeper, SIGSTOP), 0);
    do_nothing(&t);
    assert_int_equal(kill(keeper, SIGSTOP), 0);
    keeper_free(take(&t.keeper));
    loop_run(&t.loop);
    await_silence(&run);
    run_release(&run);
    trial_end(&t);
}

/* Another gateway: what runs below it writes to `out`. */
static void be_a_gateway(int out)
{
    const char *const words[] = {SELF, "keep all kinds", NULL};
    struct trial t;
    struct error error;
    struct child_spec spec = {.arguments = words,
                              .environment = trial_no_environment,
                              .directory = "/",
                              .output = out,
                              .error = out};
    trial_begin(&t);
    if (keeper_spawn(t.keeper, &spec, &trial_events, NULL, &error))
        loop_run(&t.loop);
}

static void nothing_outlives_the_gateway(void **state)
{
    (void)state;
    struct run run = {0};
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t gateway = fork();
    if (gateway == 0) {
        be_a_gateway(ends[1]);
        _exit(0);
    }
    close(ends[1]);
    run.out = ends[0];
    await_text(&run, "upupup");
    uint64_t before = clock_monotonic();
    assert_int_equal(kill(gateway, SIGKILL), 0);
    await_silence(&run);
    assert_true(clock_monotonic() - before < USEC_PER_SEC);
    assert_int_equal(waitpid(gateway, NULL, 0), gateway);
    run_release(&run);
}

static const struct mode modes[] = {
    {"hold", hold},
    {"leave a child", leave_a_child},
    {"leave a daemon", leave_a_daemon},
    {"leave nested daemons", leave_nested_daemons},
    {"keep an orphan", keep_an_orphan},
    {"keep another group", keep_another_group},
    {"keep all kinds", keep_all_kinds},
    {"keeper", keeper_run},
};

int main(int argc, char **argv)
{
    (void)alarm(60); /* a test that waits for ever */
    const struct mode *mode = find_mode(modes, ARRAY_LENGTH(modes), argc > 1 ? argv[1] : NULL);
    if (mode)
        return mode->run();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leader_takes_its_group_and_its_strangers_along),
        cmocka_unit_test(an_orphan_of_a_living_leader_is_spared),
        cmocka_unit_test(what_has_left_the_group_goes_with_its_leader),
        cmocka_unit_test(freed_it_kills_all),
        cmocka_unit_test(a_keeper_that_was_killed_is_replaced),
        cmocka_unit_test(a_keeper_that_was_stopped_goes_on),
        cmocka_unit_test(nothing_outlives_the_gateway),
    };
    return cmocka_run_group_tests_name("net/keeper: family", tests, NULL, NULL);
}
