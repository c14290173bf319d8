/* SPDX-License-Identifier: Apache-2.0 */
/* keeper_trial.h: children of a keeper that is this test program itself, and what became of them.
 * Output is read until nobody holds the pipe any more: so whoever writes there is gone, too. */
#ifndef TURNPIKE_TESTS_KEEPER_TRIAL_H
#define TURNPIKE_TESTS_KEEPER_TRIAL_H

#include "turnpike/net/keeper.h"

#include "testing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "turnpike/base/buf.h"

#define SELF                                                                                       \
    "/proc/self/exe" /* in the keeper's children, too, as long as it is a keeper of ours           \
                      */

struct trial {
    struct loop loop;
    struct keeper *keeper;
    int exits; /* of all runs */
};

/* One child. */
struct run {
    struct trial *trial;
    struct child *child;
    struct child_exit exit;
    int exits;
    int out; /* the pipe's end to read from */
    struct buf text;
};

static inline void trial_on_exit(struct child *child, const struct child_exit *exit)
{
    struct run *run = child_owner(child);
    run->child = NULL;
    run->exit = *exit;
    run->exits++;
    run->trial->exits++;
    child_kill(child, SIGKILL); /* nothing */
    child_release(child);       /* likewise */
}

static const struct child_events trial_events = {trial_on_exit};

/* This very file, by a name that needs no permission for the folders above it. /proc/self/exe would
 * be valgrind's. */
static inline const char *trial_program(void)
{
    static char name[64];
    char path[4096] = {0};
    if (name[0])
        return name;
    assert_true(readlink(SELF, path, sizeof(path) - 1) > 0);
    int fd = open(path, O_PATH | O_CLOEXEC);
    assert_true(fd >= 0);
    (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    return name;
}

static inline void trial_begin(struct trial *t)
{
    struct error error;
    *t = (struct trial){0};
    loop_init(&t->loop);
    t->keeper = keeper_new(&t->loop, trial_program(), &error);
    if (!t->keeper)
        fail_msg("%s", error.text);
}

static inline void trial_end(struct trial *t)
{
    keeper_free(t->keeper);
    loop_release(&t->loop);
}

/* Both outputs are one pipe. False where it was refused. */
static inline bool run_try(struct run *run, struct trial *t, struct child_spec *spec,
                           struct error *ret_error)
{
    int ends[2];
    *run = (struct run){.trial = t};
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    run->out = ends[0];
    spec->output = spec->error = ends[1];
    run->child = keeper_spawn(t->keeper, spec, &trial_events, run, ret_error);
    close(ends[1]);
    return run->child != NULL;
}

static const char *const trial_no_environment[] = {NULL};

static inline void run_start(struct run *run, struct trial *t, const char *const *arguments)
{
    struct error error;
    struct child_spec spec = {
        .arguments = arguments, .environment = trial_no_environment, .directory = "/"};
    assert_true(run_try(run, t, &spec, &error));
    assert_int_equal(run->exits, 0); /* not from within the call */
}

/* This program, in the mode of that name. */
static inline void run_mode(struct run *run, struct trial *t, const char *mode)
{
    const char *const arguments[] = {SELF, mode, NULL};
    run_start(run, t, arguments);
}

/* Lives until it is killed, and holds the pipe as its stderr. */
static inline int hold(void)
{
    if (write(STDOUT_FILENO, "up", 2) == 2)
        for (;;)
            (void)pause();
    return 1;
}

static inline void turn_once(struct trial *t)
{
    (void)uv_run(&t->loop.uv, UV_RUN_ONCE);
}

static inline void await_exit(struct run *run)
{
    while (!run->exits)
        turn_once(run->trial);
}

static inline void await_exits(struct trial *t, int count)
{
    while (t->exits < count)
        turn_once(t);
}

static inline pid_t await_pid(struct run *run)
{
    while (run->child && !child_pid(run->child))
        turn_once(run->trial);
    assert_non_null(run->child);
    return child_pid(run->child);
}

/* Blocks until there are `len` bytes. */
static inline void await_text(struct run *run, const char *text)
{
    size_t len = strlen(text);
    while (buf_len(&run->text) < len) {
        ssize_t got = read(run->out, buf_reserve(&run->text, 256), 256);
        assert_true(got > 0);
        buf_commit(&run->text, (size_t)got);
    }
    assert_str_equal(buf_str(&run->text), str_from(text));
}

/* Blocks until nobody can write any more. */
static inline void await_silence(struct run *run)
{
    ssize_t got;
    while ((got = read(run->out, buf_reserve(&run->text, 4096), 4096)) > 0)
        buf_commit(&run->text, (size_t)got);
    assert_int_equal(got, 0);
}

static inline void run_release(struct run *run)
{
    buf_release(&run->text);
    close(run->out);
}

/* The rest of its life, and what it has said in all of it. */
static inline void finish(struct run *run, const char *text)
{
    await_exit(run);
    await_silence(run);
    assert_int_equal(run->exits, 1);
    assert_str_equal(buf_str(&run->text), str_from(text));
    run_release(run);
}

/* 0 where there is no such process. */
static inline pid_t parent_of(pid_t pid)
{
    char path[64];
    int parent = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    scoped_file FILE *f = fopen(path, "re");
    return f && fscanf(f, "%*d (%*[^)]) %*c %d", &parent) == 1 ? parent : 0;
}

/* When it returns, the keeper has heard of everything before it. */
static inline void do_nothing(struct trial *t)
{
    static const char *const words[] = {"/bin/true", NULL};
    struct run run;
    run_start(&run, t, words);
    finish(&run, "");
}

/* Zombies among them. */
static inline int count_children(pid_t parent)
{
    int count = 0;
    DIR *all = opendir("/proc");
    assert_non_null(all);
    for (const struct dirent *entry; (entry = readdir(all));)
        count += parent_of((pid_t)strtol(entry->d_name, NULL, 10)) == parent;
    (void)closedir(all);
    return count;
}

/* One test in a process of its own, whose failure is this one's. */
static inline void in_a_fork(const char *name, CMUnitTestFunction fn)
{
    const struct CMUnitTest tests[] = {{.name = name, .test_func = fn}};
    int status;
    (void)trial_program();
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(cmocka_run_group_tests_name("in a process of its own", tests, NULL, NULL));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* What this program is as a child: its first argument names it. */
struct mode {
    const char *name;
    int (*run)(void);
};

static inline const struct mode *find_mode(const struct mode *modes, size_t count, const char *name)
{
    FOR_EACH (mode, modes, count)
        if (name && strcmp(name, mode->name) == 0)
            return mode;
    return NULL;
}

#endif
