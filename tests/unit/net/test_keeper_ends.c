/* SPDX-License-Identifier: Apache-2.0 */
/* How children, their descendants, the keeper and the gateway end. */
#include "keeper_trial.h"

#include <sched.h>
#include <sys/socket.h>

#include "turnpike/base/clock.h"

#define MANY         200
#define LOOKS        100000 /* at what changes within moments */
#define QUEUED       24
#define QUEUED_BYTES 100000

/* What the program does as a child: main() with its name as the first argument. */

/* Lives until it is killed, and holds the pipe as its stderr. */
static int hold(void)
{
    if (write(STDOUT_FILENO, "up", 2) == 2)
        for (;;)
            (void)pause();
    return 1;
}

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

/* A daemon in a daemon: what is adopted has escaped children of its own. */
static int nest(void)
{
    (void)setsid();
    beget(daemonize);
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

/* A keeper for some tests is none. */
static int keep(void)
{
    const char *mode = getenv("TEST_KEEPER");
    char text[64] = "nonsense";
    if (!mode)
        return keeper_run();
    if (strcmp(mode, "nonsense") == 0 && recv(3, text, sizeof(text), 0) > 0) {
        (void)send(3, text, sizeof(text), 0);
        (void)recv(3, text, sizeof(text), 0); /* it is not this process' end that is seen */
        (void)pause();
    }
    return 0;
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

/* When it returns, the keeper has heard of everything before it. */
static void do_nothing(struct trial *t)
{
    static const char *const words[] = {"/bin/true", NULL};
    struct run run;
    run_start(&run, t, words);
    finish(&run, "");
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

static void kill_reaches_who_was_just_started(void **state)
{
    (void)state;
    struct trial t;
    struct run run;
    trial_begin(&t);
    for (int i = 0; i < MANY; i++) {
        run_mode(&run, &t, "hold");
        child_kill(run.child, i % 2 ? SIGKILL : SIGTERM);
        await_exit(&run);
        await_silence(&run);
        assert_true(run.exit.started);
        assert_int_equal(run.exit.signal, i % 2 ? SIGKILL : SIGTERM);
        run_release(&run);
    }
    trial_end(&t);
}

static void many_at_once(void **state)
{
    (void)state;
    static struct run runs[MANY];
    char status[8];
    const char *const words[] = {"/bin/sh", "-c", "exit $0", status, NULL};
    struct trial t;
    trial_begin(&t);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(status, sizeof(status), "%d", i);
        run_start(&runs[i], &t, words);
    }
    await_exits(&t, MANY);
    for (int i = 0; i < MANY; i++) {
        finish(&runs[i], "");
        assert_int_equal(runs[i].exit.status, i);
    }
    trial_end(&t);
}

static void start_with_much(struct run *run, struct trial *t, const char *mode)
{
    static char much[QUEUED_BYTES];
    struct error error;
    memset(much, 'x', sizeof(much) - 1);
    const char *const words[] = {SELF, mode, NULL}, *const environment[] = {much, NULL};
    struct child_spec spec = {.arguments = words, .environment = environment, .directory = "/"};
    assert_true(run_try(run, t, &spec, &error));
}

/* The keeper stands still, and more is asked of it than its socket takes. */
static void what_the_socket_does_not_take_waits(void **state)
{
    (void)state;
    static struct run runs[QUEUED];
    struct trial t;
    struct run first;
    trial_begin(&t);
    run_mode(&first, &t, "hold");
    pid_t keeper = parent_of(await_pid(&first));
    assert_int_equal(kill(keeper, SIGSTOP), 0);
    FOR_EACH (run, runs, QUEUED)
        start_with_much(run, &t, "hold");
    FOR_EACH (run, runs, QUEUED)
        child_kill(run->child, SIGTERM);
    child_release(runs[0].child);
    assert_int_equal(kill(keeper, SIGCONT), 0);
    await_exits(&t, QUEUED - 1);
    FOR_EACH (run, runs, QUEUED) {
        await_silence(run);
        assert_int_equal(run->exits, run != runs);
        assert_true(run == runs || run->exit.signal == SIGTERM);
        run_release(run);
    }
    assert_int_equal(first.exits, 0);
    child_kill(first.child, SIGTERM);
    finish(&first, "up");
    trial_end(&t);
}

static void a_released_child_is_killed_and_not_told(void **state)
{
    (void)state;
    struct trial t;
    struct run run;
    trial_begin(&t);
    run_mode(&run, &t, "hold");
    await_text(&run, "up");
    child_release(run.child);
    await_silence(&run);
    do_nothing(&t); /* what the keeper said of it has been read */
    assert_int_equal(run.exits, 0);
    run_release(&run);
    trial_end(&t);
}

/* Others of the same turn may be dropped, and the keeper freed. */
static struct run runs_of_one_turn[MANY];

static void drop_the_others(struct child *child, const struct child_exit *exit)
{
    trial_on_exit(child, exit);
    FOR_EACH (run, runs_of_one_turn, MANY)
        if (run->child)
            child_release(take(&run->child));
}

static void free_the_keeper(struct child *child, const struct child_exit *exit)
{
    struct trial *t = ((struct run *)child_owner(child))->trial;
    trial_on_exit(child, exit);
    keeper_free(take(&t->keeper));
}

static void start_all(struct trial *t, const struct child_events *events)
{
    const char *const words[] = {"/bin/true", NULL};
    struct error error;
    struct child_spec spec = {
        .arguments = words, .environment = trial_no_environment, .directory = "/"};
    FOR_EACH (run, runs_of_one_turn, MANY) {
        *run = (struct run){.trial = t};
        spec.output = spec.error = STDERR_FILENO;
        run->child = keeper_spawn(t->keeper, &spec, events, run, &error);
        assert_non_null(run->child);
    }
    assert_int_equal(t->exits, 0);
}

static void others_are_released_within_a_callback(void **state)
{
    (void)state;
    static const struct child_events events = {drop_the_others};
    struct trial t;
    trial_begin(&t);
    start_all(&t, &events);
    await_exits(&t, 1);
    do_nothing(&t);
    assert_int_equal(t.exits, 2); /* with that one */
    trial_end(&t);
}

static void the_keeper_is_freed_within_a_callback(void **state)
{
    (void)state;
    static const struct child_events events = {free_the_keeper};
    struct trial t;
    trial_begin(&t);
    start_all(&t, &events);
    await_exits(&t, 1);
    loop_run(&t.loop); /* until the keeper has ended */
    assert_int_equal(t.exits, 1);
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
    int keeper = pidfd_of(parent_of(await_pid(&run)));
    keeper_free(take(&t.keeper));
    await_silence(&run);
    await_death(keeper);
    loop_run(&t.loop);
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

static void a_keeper_that_makes_no_sense_is_replaced(void **state)
{
    (void)state;
    static const char *const modes[] = {"nonsense", "gone"};
    FOR_EACH (mode, modes, ARRAY_LENGTH(modes)) {
        struct trial t;
        struct run run;
        assert_int_equal(setenv("TEST_KEEPER", *mode, 1), 0);
        trial_begin(&t);
        run_mode(&run, &t, "hold");
        assert_int_equal(unsetenv("TEST_KEEPER"), 0);
        finish(&run, "");
        assert_int_equal(run.exit.signal, SIGKILL);
        do_nothing(&t);
        trial_end(&t);
    }
}

static void there_is_no_such_program(void **state)
{
    (void)state;
    struct loop loop;
    struct error error;
    loop_init(&loop);
    assert_null(keeper_new(&loop, "/nowhere/turnpike", &error));
    assert_true(str_starts_with(str_from(error.text), STR("start a keeper: ")));
    loop_release(&loop);
}

static void read_link(pid_t pid, int fd, char target[256])
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
    ssize_t len = readlink(path, target, 255);
    target[len > 0 ? len : 0] = '\0';
}

/* As "0 /dev/null 3 socket: ". */
static void describe_descriptors(pid_t pid, struct buf *out)
{
    char target[256], errors[256];
    read_link(getpid(), STDERR_FILENO, errors);
    buf_clear(out);
    for (int fd = 0; fd < 64; fd++) {
        read_link(pid, fd, target);
        bool same = fd > 0 && strcmp(target, errors) == 0;
        target[strcspn(target, "[")] = '\0';
        if (target[0])
            buf_printf(out, "%d %s ", fd, same ? "stderr" : target);
    }
}

static void a_keeper_holds_nothing_of_the_gateways(void **state)
{
    (void)state;
    static const char wanted[] = "0 /dev/null 1 stderr 2 stderr 3 socket: 4 anon_inode: ";
    struct trial t;
    struct run run;
    scoped_buf struct buf found = {0};
    int leaked[2]; /* by a library, say */
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, leaked), 0);
    trial_begin(&t);
    run_mode(&run, &t, "hold");
    await_text(&run, "up");
    pid_t keeper = parent_of(await_pid(&run));
    for (int i = 0; i < LOOKS && !str_is(buf_str(&found), wanted); i++) {
        describe_descriptors(keeper, &found); /* it may still hold the child's pipe */
        (void)sched_yield();
    }
    assert_str_equal(buf_str(&found), str_from(wanted));
    assert_int_equal(getsid(keeper), keeper);
    (void)kill(keeper, SIGTERM); /* does not count */
    (void)kill(keeper, SIGINT);
    (void)kill(keeper, SIGHUP);
    child_kill(run.child, SIGTERM);
    finish(&run, "up");
    assert_int_equal(run.exit.signal, SIGTERM);
    trial_end(&t);
    close(leaked[0]);
    close(leaked[1]);
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

static const struct {
    const char *name;
    int (*run)(void);
} modes[] = {
    {"hold", hold},
    {"leave a child", leave_a_child},
    {"leave a daemon", leave_a_daemon},
    {"leave nested daemons", leave_nested_daemons},
    {"keep an orphan", keep_an_orphan},
    {"keep another group", keep_another_group},
    {"keep all kinds", keep_all_kinds},
    {"keeper", keep},
};

int main(int argc, char **argv)
{
    (void)alarm(60); /* a test that waits for ever */
    for (size_t i = 0; argc > 1 && i < ARRAY_LENGTH(modes); i++)
        if (strcmp(argv[1], modes[i].name) == 0)
            return modes[i].run();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leader_takes_its_group_and_its_strangers_along),
        cmocka_unit_test(an_orphan_of_a_living_leader_is_spared),
        cmocka_unit_test(what_has_left_the_group_goes_with_its_leader),
        cmocka_unit_test(kill_reaches_who_was_just_started),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(what_the_socket_does_not_take_waits),
        cmocka_unit_test(a_released_child_is_killed_and_not_told),
        cmocka_unit_test(others_are_released_within_a_callback),
        cmocka_unit_test(the_keeper_is_freed_within_a_callback),
        cmocka_unit_test(freed_it_kills_all),
        cmocka_unit_test(a_keeper_that_was_killed_is_replaced),
        cmocka_unit_test(a_keeper_that_makes_no_sense_is_replaced),
        cmocka_unit_test(there_is_no_such_program),
        cmocka_unit_test(a_keeper_holds_nothing_of_the_gateways),
        cmocka_unit_test(nothing_outlives_the_gateway),
    };
    return cmocka_run_group_tests_name("net/keeper: ends", tests, NULL, NULL);
}
