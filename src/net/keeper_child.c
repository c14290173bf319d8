/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper_child.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "turnpike/base/xalloc.h"

#define STATUS_NOT_RUN 127 /* nobody but `ps` sees it: the message came first */
#define DESCRIPTORS                                                                                \
    1024 /* as in Lambda. The gateway has raised its own, and select() knows no more */
#define USER_ENTRY_SIZE 8192

/* Again after each change of credentials, which takes it away. */
static bool die_with_keeper(const struct keeper_launch *l)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return false;
    if (getppid() != l->keeper) /* it died before */
        _exit(STATUS_NOT_RUN);
    return true;
}

static bool become_leader(const struct keeper_launch *l)
{
    return die_with_keeper(l) && setsid() > 0 && dup2(l->fds[0], STDOUT_FILENO) >= 0 &&
           dup2(l->fds[1], STDERR_FILENO) >= 0;
}

/* A user that has no entry has no other groups. */
static bool set_groups(uid_t user, gid_t group)
{
    struct passwd entry, *found = NULL;
    char room[USER_ENTRY_SIZE];
    int number = getpwuid_r(user, &entry, room, sizeof(room), &found);
    if (!found && number != 0 && number != ENOENT && number != ESRCH) {
        errno = number;
        return false;
    }
    return (found ? initgroups(found->pw_name, group) : setgroups(1, &group)) == 0;
}

/* Who is not root may be this user alone, and keeps its groups as they are. */
static bool is_user(uid_t user, gid_t group)
{
    return user != 0 && user == getuid() && user == geteuid() && group == getgid() &&
           group == getegid();
}

/* -1 would mean "as it is" to the kernel. */
static bool set_user(uid_t user, gid_t group)
{
    if (is_user(user, group))
        return true;
    if (user == (uid_t)-1 || group == (gid_t)-1) {
        errno = EINVAL;
        return false;
    }
    return set_groups(user, group) && setresgid(group, group, group) == 0 &&
           setresuid(user, user, user) == 0;
}

/* Ambient capabilities would survive the exec (a unit gives the gateway the one to listen on port
 * 443), and in a user that is not root the change of user, too. */
static bool become_user(const struct keeper_launch *l)
{
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
        return false; /* EINVAL: a kernel without them */
    if (l->order.has_user && !set_user(l->order.user, l->order.group))
        return false;
    return die_with_keeper(l);
}

static rlim_t least(rlim_t a, rlim_t b)
{
    return a < b ? a : b;
}

static bool lower_soft(int which, rlim_t most)
{
    struct rlimit limit;
    if (getrlimit(which, &limit) < 0)
        return false;
    limit.rlim_cur = least(limit.rlim_max, most);
    return setrlimit(which, &limit) == 0;
}

static bool lower_hard(int which, rlim_t most)
{
    struct rlimit limit;
    if (getrlimit(which, &limit) < 0)
        return false;
    limit.rlim_cur = limit.rlim_max = least(limit.rlim_max, most);
    return setrlimit(which, &limit) == 0;
}

static bool set_limits(const struct keeper_launch *l)
{
    return lower_soft(RLIMIT_CORE, 0) && lower_soft(RLIMIT_NOFILE, DESCRIPTORS) &&
           (l->order.data_max == 0 || lower_hard(RLIMIT_DATA, l->order.data_max));
}

static bool enter_directory(const struct keeper_launch *l)
{
    return chdir(l->texts.at) == 0; /* the first text */
}

static const char *next_text(const char *text)
{
    return text + strlen(text) + 1;
}

/* A vector for exec of the `count` texts at *at, and *at moves behind them. */
static char **take_vector(const char **at, uint32_t count)
{
    char **vector = xcalloc((size_t)count + 1, sizeof(*vector));
    for (uint32_t i = 0; i < count; i++) {
        vector[i] = (char *)(uintptr_t)*at; /* exec only reads */
        *at = next_text(*at);
    }
    return vector;
}

static void reset_signals(void)
{
    /* All zero is SIG_DFL for the kernel; the C library keeps two signals for itself. */
    static const uint64_t by_default[8];
    sigset_t none;
    (void)sigemptyset(&none);
    for (int number = 1; number < NSIG; number++)
        (void)syscall(SYS_rt_sigaction, number, by_default, NULL, sizeof(uint64_t));
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static const char *find_path(char *const *environment)
{
    for (; *environment; environment++)
        if (strncmp(*environment, "PATH=", 5) == 0)
            return *environment + 5;
    return "/bin:/usr/bin"; /* as for execvp */
}

/* As execvp, but for a file that is no program: no shell makes something of it. */
static int execute(char **arguments, char **environment)
{
    struct str path = str_from(find_path(environment)), folder;
    int number = ENOENT;
    reset_signals();
    if (strchr(arguments[0], '/')) {
        (void)execve(arguments[0], arguments, environment);
        return errno;
    }
    while (str_split(&path, ':', &folder)) {
        char *file =
            xasprintf("%" STR_F "%s%s", STR_A(folder), folder.len > 0 ? "/" : "", arguments[0]);
        (void)execve(file, arguments, environment);
        if (errno != ENOENT && errno != ENOTDIR)
            number = errno;
        free(file);
        if (number != ENOENT && number != EACCES)
            break;
    }
    return number;
}

static const struct {
    enum child_step step;
    bool (*run)(const struct keeper_launch *l);
} steps[] = {
    {CHILD_STEP_FORK,      become_leader  },
    {CHILD_STEP_USER,      become_user    },
    {CHILD_STEP_LIMIT,     set_limits     },
    {CHILD_STEP_DIRECTORY, enter_directory},
};

static void __attribute__((noreturn))
fail(const struct keeper_launch *l, enum child_step step, int number)
{
    const struct keeper_note note = {
        .verb = KEEPER_FAILED, .detail = (uint32_t)step, .value = number, .id = l->order.id};
    (void)keeper_send(KEEPER_SOCKET, str_of((const char *)&note, sizeof(note)), NULL, 0);
    _exit(STATUS_NOT_RUN);
}

void keeper_child_run(const struct keeper_launch *l)
{
    const char *at = next_text(l->texts.at);
    char **arguments = take_vector(&at, l->order.argument_count); /* before memory is limited */
    char **environment = take_vector(&at, l->order.environment_count);
    FOR_EACH (step, steps, ARRAY_LENGTH(steps))
        if (!step->run(l))
            fail(l, step->step, errno);
    fail(l, CHILD_STEP_EXEC, execute(arguments, environment));
}
