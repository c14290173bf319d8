/* SPDX-License-Identifier: Apache-2.0 */
/* What a child is when it runs, and how it is told that it does not. */
#include "keeper_trial.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define NOBODY     65534
#define NO_ENTRY   1234567 /* no user has it */
#define MIB        (UINT64_C(1024) * 1024)
#define WORDS_MAX  8
#define LARGE_TEXT 65536

/* What the program does as a child: main() with its name as the first argument. */

static int say_descriptors(void)
{
    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            dprintf(STDOUT_FILENO, "%d ", fd);
    return 0;
}

static int say_user(void)
{
    gid_t groups[64];
    int count = getgroups(64, groups), death = 0;
    (void)prctl(PR_GET_PDEATHSIG, &death);
    dprintf(STDOUT_FILENO, "%d %d:", (int)getuid(), (int)getgid());
    for (int i = 0; i < count; i++)
        dprintf(STDOUT_FILENO, " %d", (int)groups[i]);
    dprintf(STDOUT_FILENO, ", %s, %s", getsid(0) == getpid() ? "leader" : "follower",
            death == SIGKILL ? "bound" : "unbound");
    return 0;
}

static const struct {
    const char *name;
    const char *arguments[WORDS_MAX], *environment[WORDS_MAX];
    const char *directory;
    uint64_t data_max;
    struct child_exit exit;
    const char *text;
} cases[] = {
    {.name = "output", .arguments = {"/bin/echo", "a", "b c"}, .text = "a b c\n"},
    {.name = "standard error", .arguments = {"/bin/sh", "-c", "echo oh >&2"}, .text = "oh\n"},
    {.name = "status", .arguments = {"/bin/sh", "-c", "exit 77"}, .exit.status = 77},
    {.name = "signal", .arguments = {"/bin/sh", "-c", "kill -SEGV $$"}, .exit.signal = SIGSEGV},
    {.name = "core files", .arguments = {"/bin/sh", "-c", "ulimit -c"}, .text = "0\n"},
    {.name = "descriptor limit", .arguments = {"/bin/sh", "-c", "ulimit -n"}, .text = "1024\n"},
    {.name = "descriptors", .arguments = {SELF, "descriptors"}, .text = "0 1 2 "},
    {.name = "input", .arguments = {"/bin/readlink", "/proc/self/fd/0"}, .text = "/dev/null\n"},
    {.name = "signals",
     .arguments = {"/bin/grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"},
     .text = "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"},
    {.name = "environment",
     .arguments = {"/usr/bin/env"},
     .environment = {"B=2", "A=", "PATH=/nowhere"},
     .text = "B=2\nA=\nPATH=/nowhere\n"},
    {.name = "directory", .arguments = {"/bin/pwd"}, .directory = "/usr", .text = "/usr\n"},
    {.name = "PATH",
     .arguments = {"env"},
     .environment = {"PATH=/nowhere:/usr/bin"},
     .text = "PATH=/nowhere:/usr/bin\n"},
    {.name = "nothing in PATH",
     .arguments = {"env"},
     .environment = {"PATH=/nowhere"},
     .exit = {.step = CHILD_STEP_EXEC, .number = ENOENT}},
    {.name = "no PATH", .arguments = {"true"}},
    {.name = "relative", .arguments = {"./env"}, .directory = "/usr/bin"},
    {.name = "no such program",
     .arguments = {"/nowhere/x"},
     .exit = {.step = CHILD_STEP_EXEC, .number = ENOENT}},
    {.name = "no program",
     .arguments = {"/etc/passwd"},
     .exit = {.step = CHILD_STEP_EXEC, .number = EACCES}},
    {.name = "no such directory",
     .arguments = {"/bin/true"},
     .directory = "/nowhere",
     .exit = {.step = CHILD_STEP_DIRECTORY, .number = ENOENT}},
    {.name = "within the data limit",
     .arguments = {"/bin/sh", "-c", "dd if=/dev/zero of=/dev/null bs=64M count=1 2>/dev/null"},
     .data_max = 128 * MIB},
    {.name = "beyond the data limit",
     .arguments = {"/bin/sh", "-c", "dd if=/dev/zero of=/dev/null bs=64M count=1 2>/dev/null"},
     .data_max = 32 * MIB,
     .exit.status = 1},
};

/* As the daemon has: soft limits raised, a signal ignored, descriptors that are not marked. */
static void become_like_a_daemon(int ret_fds[2])
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ret_fds), 0);
}

static void a_child_has_what_it_was_given(void **state)
{
    (void)state;
    struct trial t;
    int fds[2];
    become_like_a_daemon(fds);
    trial_begin(&t);
    FOR_EACH_CASE (c, cases) {
        struct run run;
        struct error error;
        struct child_spec spec = {.arguments = c->arguments,
                                  .environment = c->environment,
                                  .directory = c->directory ? c->directory : "/",
                                  .data_max = c->data_max};
        assert_true(run_try(&run, &t, &spec, &error));
        await_exit(&run);
        await_silence(&run);
        CHECK_CASE(c, run.exit.started == (c->exit.number == 0), "errno %d", run.exit.number);
        CHECK_CASE(c, run.exit.number == c->exit.number, "%d", run.exit.number);
        CHECK_CASE(c, run.exit.number == 0 || run.exit.step == c->exit.step, "%d", run.exit.step);
        CHECK_CASE(c, !run.exit.started || run.exit.status == c->exit.status, "%d",
                   run.exit.status);
        CHECK_CASE(c, run.exit.signal == c->exit.signal, "%d", run.exit.signal);
        CHECK_CASE(c, str_is(buf_str(&run.text), c->text ? c->text : ""), "'%" STR_F "'",
                   STR_A(buf_str(&run.text)));
        run_release(&run);
    }
    trial_end(&t);
    close(fds[0]);
    close(fds[1]);
}

static const char *const ask_user[] = {SELF, "user", NULL};

static void run_as(struct run *run, struct trial *t, uid_t user, gid_t group)
{
    struct error error;
    struct child_spec spec = {.arguments = ask_user,
                              .environment = trial_no_environment,
                              .directory = "/",
                              .has_user = true,
                              .user = user,
                              .group = group};
    assert_true(run_try(run, t, &spec, &error));
}

static void assert_user_refused(struct trial *t, uid_t user, gid_t group, int number)
{
    struct run run;
    run_as(&run, t, user, group);
    finish(&run, "");
    assert_false(run.exit.started);
    assert_int_equal(run.exit.step, CHILD_STEP_USER);
    assert_int_equal(run.exit.number, number);
}

static void a_child_runs_as_another_user(void **state)
{
    (void)state;
    struct trial t;
    struct run run;
    if (geteuid() != 0)
        skip();
    const gid_t mine[] = {0, 4, 27}; /* which it must not keep */
    assert_int_equal(setgroups(3, mine), 0);
    trial_begin(&t);
    run_as(&run, &t, NOBODY, NOBODY);
    finish(&run, "65534 65534: 65534, leader, bound");
    run_as(&run, &t, NO_ENTRY, NO_ENTRY + 1);
    finish(&run, "1234567 1234568: 1234568, leader, bound");
    assert_user_refused(&t, (uid_t)-1, 1, EINVAL); /* not "as it is" */
    assert_user_refused(&t, 1, (gid_t)-1, EINVAL);
    trial_end(&t);
}

static void become_nobody(void)
{
    assert_int_equal(setresuid(NOBODY, NOBODY, NOBODY), 0);
    assert_int_equal(prctl(PR_SET_DUMPABLE, 1), 0); /* else /proc/self is root's */
}

static void try_as_nobody(void **state)
{
    (void)state;
    struct trial t;
    struct run run;
    char wanted[64];
    if (geteuid() == 0) {
        assert_int_equal(setgroups(0, NULL), 0);
        assert_int_equal(setresgid(NOBODY, NOBODY, NOBODY), 0);
        become_nobody();
    }
    trial_begin(&t);
    run_as(&run, &t, getuid(), getgid());
    (void)snprintf(wanted, sizeof(wanted), "%d %d:", (int)getuid(), (int)getgid());
    await_exit(&run);
    await_silence(&run);
    assert_true(run.exit.started && str_starts_with(buf_str(&run.text), str_from(wanted)));
    run_release(&run);
    assert_user_refused(&t, getuid(), getgid() + 1, EPERM);
    assert_user_refused(&t, NO_ENTRY, NO_ENTRY, EPERM);
    assert_user_refused(&t, 0, 0, EPERM);
    trial_end(&t);
}

static void who_is_not_root_can_run_as_nobody_else(void **state)
{
    (void)state;
    in_a_fork("as nobody", try_as_nobody);
}

/* A user that may change users and listen on port 443, as a unit's AmbientCapabilities= makes it.
 */
static void try_with_capabilities(void **state)
{
    (void)state;
    const uint32_t some = 1U << CAP_SETUID | 1U << CAP_SETGID | 1U << CAP_NET_BIND_SERVICE;
    const int each[] = {CAP_SETUID, CAP_SETGID, CAP_NET_BIND_SERVICE};
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{some, some, some}};
    assert_int_equal(prctl(PR_SET_KEEPCAPS, 1), 0);
    become_nobody();
    assert_int_equal(syscall(SYS_capset, &head, data), 0);
    FOR_EACH (one, each, ARRAY_LENGTH(each))
        assert_int_equal(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, *one, 0, 0), 0);

    const char *const words[] = {"/bin/grep", "-E", "Cap(Prm|Eff|Amb)", "/proc/self/status", NULL};
    static const char none[] = "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
                               "CapAmb:\t0000000000000000\n";
    struct trial t;
    struct run run;
    struct error error;
    struct child_spec spec = {
        .arguments = words, .environment = trial_no_environment, .directory = "/"};
    trial_begin(&t);
    assert_true(run_try(&run, &t, &spec, &error));
    finish(&run, none);
    spec.has_user = true;
    spec.user = spec.group = NO_ENTRY;
    assert_true(run_try(&run, &t, &spec, &error));
    finish(&run, none);
    assert_true(run.exit.started);
    trial_end(&t);
}

static void capabilities_end_with_the_gateway(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    in_a_fork("with capabilities", try_with_capabilities);
}

/* `bytes` of directory, arguments and environment. */
static bool start_large(struct run *run, struct trial *t, size_t bytes, struct error *ret_error)
{
    static char texts[2][LARGE_TEXT + 16];
    const char *const words[] = {"/bin/true", NULL};
    size_t rest = bytes - sizeof("/") - sizeof("/bin/true") - LARGE_TEXT;
    memset(texts, 'x', sizeof(texts));
    texts[0][LARGE_TEXT - 1] = '\0';
    texts[1][rest - 1] = '\0';
    const char *const environment[] = {texts[0], texts[1], NULL};
    struct child_spec spec = {.arguments = words, .environment = environment, .directory = "/"};
    return run_try(run, t, &spec, ret_error);
}

static void a_spec_may_be_large_but_not_too_large(void **state)
{
    (void)state;
    struct trial t;
    struct run run;
    struct error error;
    trial_begin(&t);
    assert_true(start_large(&run, &t, KEEPER_SPEC_MAX, &error));
    finish(&run, "");
    assert_true(run.exit.started);
    assert_false(start_large(&run, &t, KEEPER_SPEC_MAX + 1, &error));
    assert_int_equal(error.code, ERROR_TOO_LARGE);
    await_silence(&run);
    run_release(&run);
    trial_end(&t);
}

static const struct mode modes[] = {
    {"descriptors", say_descriptors},
    {"user", say_user},
    {"keeper", keeper_run},
};

int main(int argc, char **argv)
{
    (void)alarm(60); /* a test that waits for ever */
    const struct mode *mode = find_mode(modes, ARRAY_LENGTH(modes), argc > 1 ? argv[1] : NULL);
    if (mode)
        return mode->run();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_has_what_it_was_given),
        cmocka_unit_test(a_child_runs_as_another_user),
        cmocka_unit_test(who_is_not_root_can_run_as_nobody_else),
        cmocka_unit_test(capabilities_end_with_the_gateway),
        cmocka_unit_test(a_spec_may_be_large_but_not_too_large),
    };
    return cmocka_run_group_tests_name("net/keeper", tests, NULL, NULL);
}
