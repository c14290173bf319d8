/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a keeper: much at once, in every order, of one that is none. */
#include "keeper_trial.h"

#include <sched.h>
#include <sys/socket.h>

#define MANY         200
#define FEW          20
#define LOOKS        10000 /* at what changes within moments */
#define QUEUED       24
#define QUEUED_BYTES 100000

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
    char status[16];
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
    assert_int_equal(kill(keeper, SIGCONT), 0);
    await_text(runs, "up"); /* there is room again, and the queue comes first */
    FOR_EACH (run, runs, QUEUED)
        child_kill(run->child, SIGTERM);
    child_release(runs[0].child);
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
static struct run runs_of_one_turn[FEW];

static void drop_the_others(struct child *child, const struct child_exit *exit)
{
    trial_on_exit(child, exit);
    FOR_EACH (run, runs_of_one_turn, FEW)
        if (run->child)
            child_release(take(&run->child));
}

static void free_the_keeper(struct child *child, const struct child_exit *exit)
{
    struct trial *t = ((struct run *)child_owner(child))->trial;
    trial_on_exit(child, exit);
    keeper_free(take(&t->keeper));
}

/* It has reaped all but one of its children, and waits. */
static bool is_quiet(pid_t keeper)
{
    char path[64], state = '?';
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)keeper);
    scoped_file FILE *f = fopen(path, "re");
    assert_int_equal(fscanf(f, "%*d (%*[^)]) %c", &state), 1);
    return state == 'S' && count_children(keeper) == 1;
}

/* What the keeper says of them will be read in one turn. The first child lives. */
static void end_in_one_turn(struct trial *t, struct run *first, const struct child_events *events)
{
    const char *const words[] = {"/bin/true", NULL};
    struct error error;
    struct child_spec spec = {
        .arguments = words, .environment = trial_no_environment, .directory = "/"};
    trial_begin(t);
    run_mode(first, t, "hold");
    await_text(first, "up");
    pid_t keeper = parent_of(await_pid(first));
    spec.output = spec.error = STDERR_FILENO;
    FOR_EACH (run, runs_of_one_turn, FEW) {
        *run = (struct run){.trial = t};
        run->child = keeper_spawn(t->keeper, &spec, events, run, &error);
        assert_non_null(run->child);
    }
    bool quiet = false;
    for (int i = 0; i < LOOKS && !quiet; i++) {
        quiet = is_quiet(keeper);
        (void)sched_yield();
    }
    assert_true(quiet);
    await_exits(t, 1);
}

static void others_are_released_within_a_callback(void **state)
{
    (void)state;
    static const struct child_events events = {drop_the_others};
    struct trial t;
    struct run first;
    end_in_one_turn(&t, &first, &events);
    child_kill(first.child, SIGTERM);
    finish(&first, "up");
    assert_int_equal(t.exits, 2); /* with the first */
    trial_end(&t);
}

static void the_keeper_is_freed_within_a_callback(void **state)
{
    (void)state;
    static const struct child_events events = {free_the_keeper};
    struct trial t;
    struct run first;
    end_in_one_turn(&t, &first, &events);
    loop_run(&t.loop); /* until the keeper has ended */
    await_silence(&first);
    assert_int_equal(t.exits, 1);
    run_release(&first);
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

static const struct mode modes[] = {
    {"hold", hold},
    {"keeper", keep},
};

int main(int argc, char **argv)
{
    (void)alarm(60); /* a test that waits for ever */
    const struct mode *mode = find_mode(modes, ARRAY_LENGTH(modes), argc > 1 ? argv[1] : NULL);
    if (mode)
        return mode->run();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kill_reaches_who_was_just_started),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(what_the_socket_does_not_take_waits),
        cmocka_unit_test(a_released_child_is_killed_and_not_told),
        cmocka_unit_test(others_are_released_within_a_callback),
        cmocka_unit_test(the_keeper_is_freed_within_a_callback),
        cmocka_unit_test(a_keeper_that_makes_no_sense_is_replaced),
        cmocka_unit_test(there_is_no_such_program),
        cmocka_unit_test(a_keeper_holds_nothing_of_the_gateways),
    };
    return cmocka_run_group_tests_name("net/keeper: calls", tests, NULL, NULL);
}
