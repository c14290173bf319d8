/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#include "keeper_child.h"
#include "keeper_strangers.h"

#define END_PATIENCE (1 * USEC_PER_SEC) /* for the last children to die; then it is init's turn */

/* What was started and has not been reaped. Its pid is also its group's and its session's. */
struct leader {
    uint64_t id;
    pid_t pid;
};

/* Strangers are looked for once a leader has ended, and spared in the session of a leader that
 * lives. One that has left a living leader's session goes with the first leader that ends, be it
 * another: where it came from cannot be told. */
struct life {
    pid_t self;
    int signals; /* a signalfd for SIGCHLD */
    struct leader *leaders;
    size_t count, capacity;
    bool hunting; /* strangers that were killed may leave others behind */
    char room[KEEPER_ORDER_MAX + 1];
};

static struct leader *find_pid(const struct life *l, pid_t pid)
{
    FOR_EACH (leader, l->leaders, l->count)
        if (leader->pid == pid)
            return leader;
    return NULL;
}

static struct leader *find_id(const struct life *l, uint64_t id)
{
    FOR_EACH (leader, l->leaders, l->count)
        if (leader->id == id)
            return leader;
    return NULL;
}

static void add_leader(struct life *l, uint64_t id, pid_t pid)
{
    if (l->count == l->capacity) {
        l->capacity = l->capacity ? l->capacity * 2 : 16;
        l->leaders = xrealloc(l->leaders, l->capacity * sizeof(*l->leaders));
    }
    l->leaders[l->count++] = (struct leader){id, pid};
}

/* It waits where the gateway is slow to read. Whether the gateway is there is seen when reading. */
static void tell(enum keeper_verb verb, uint64_t id, uint32_t detail, int value)
{
    const struct keeper_note note = {.verb = verb, .detail = detail, .value = value, .id = id};
    (void)keeper_send(KEEPER_SOCKET, str_of((const char *)&note, sizeof(note)), NULL, 0);
}

/* The beginning. */

static bool has_peer(void)
{
    int domain = 0, type = 0;
    socklen_t size = sizeof(int);
    return getsockopt(KEEPER_SOCKET, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
           getsockopt(KEEPER_SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && domain == AF_UNIX &&
           type == SOCK_SEQPACKET;
}

/* Every signal waits until the end, which the socket alone decides on; children have none blocked.
 */
static bool begin(struct life *l)
{
    sigset_t all, child;
    (void)sigfillset(&all);
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    (void)signal(SIGCHLD, SIG_DFL); /* where it was ignored, nobody could wait for children */
    closefrom(KEEPER_SOCKET + 1);
    (void)prctl(PR_SET_NAME, "turnpike-keeper"); /* else that of /proc/self/exe */
    l->self = getpid();
    l->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    return l->signals >= 0 && fcntl(KEEPER_SOCKET, F_SETFD, FD_CLOEXEC) == 0 &&
           prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

/* Orders. */

static void start(struct life *l, const struct keeper_launch *launch)
{
    pid_t pid = fork();
    if (pid == 0)
        keeper_child_run(launch);
    if (pid > 0) {
        add_leader(l, launch->order.id, pid);
        tell(KEEPER_STARTED, launch->order.id, 0, pid);
    } else {
        tell(KEEPER_FAILED, launch->order.id, CHILD_STEP_FORK, errno);
        tell(KEEPER_EXITED, launch->order.id, 0, 0);
    }
}

static bool spawn(struct life *l, struct str message, const int fds[KEEPER_DESCRIPTORS])
{
    struct keeper_launch launch = {.keeper = l->self};
    bool sound = keeper_order_read(message, &launch.order, &launch.texts) && fds[0] >= 0 &&
                 !find_id(l, launch.order.id);
    memcpy(launch.fds, fds, sizeof(launch.fds));
    if (sound)
        start(l, &launch);
    for (size_t i = 0; i < KEEPER_DESCRIPTORS; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
    return sound;
}

/* A child that was just forked may have no group yet. */
static void kill_group(pid_t leader, int signal)
{
    if (kill(-leader, signal) < 0)
        (void)kill(leader, signal);
}

static bool obey(struct life *l, struct str message, const int fds[KEEPER_DESCRIPTORS])
{
    struct keeper_note note;
    if (!keeper_note_read(message, true, &note))
        return spawn(l, message, fds);
    const struct leader *leader = find_id(l, note.id);
    if (leader) /* else it has ended, and the gateway will read so */
        kill_group(leader->pid, note.value);
    return true;
}

/* Ends. */

static bool is_spared(const void *data, pid_t pid)
{
    const struct life *l = data;
    return find_pid(l, pid) || find_pid(l, getsid(pid));
}

static bool is_never_spared(const void *data, pid_t pid)
{
    (void)data, (void)pid;
    return false;
}

/* The group goes before its leader is reaped: until then its number cannot be another's. */
static void bury(struct life *l, siginfo_t *info)
{
    pid_t pid = info->si_pid;
    struct leader *leader = find_pid(l, pid);
    if (leader)
        (void)kill(-pid, SIGKILL);
    (void)waitid(P_PID, (id_t)pid, info, WEXITED);
    if (!leader)
        return;
    tell(KEEPER_EXITED, leader->id, info->si_code != CLD_EXITED, info->si_status);
    *leader = l->leaders[--l->count];
    l->hunting = true;
}

/* False where there are no children any more. */
static bool reap(struct life *l)
{
    struct signalfd_siginfo unread;
    while (read(l->signals, &unread, sizeof(unread)) > 0)
        ;
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
            return false;
        if (info.si_pid == 0)
            return true;
        bury(l, &info);
    }
}

static void on_child(struct life *l)
{
    bool left = reap(l);
    if (l->hunting)
        l->hunting = left && keeper_kill_strangers(is_spared, l);
}

/* False where the gateway is gone or makes no sense. */
static bool on_message(struct life *l)
{
    struct str message;
    int fds[KEEPER_DESCRIPTORS];
    switch (keeper_receive(KEEPER_SOCKET, l->room, sizeof(l->room), 0, fds, &message)) {
    case KEEPER_NOTHING:
        return true;
    case KEEPER_MESSAGE:
        return obey(l, message, fds);
    case KEEPER_HANGUP:
    case KEEPER_NONSENSE:
        return false;
    }
    return false;
}

static void serve(struct life *l)
{
    struct pollfd fds[] = {
        {.fd = l->signals,    .events = POLLIN},
        {.fd = KEEPER_SOCKET, .events = POLLIN}
    };
    do {
        fds[0].revents = fds[1].revents = 0;
        if (poll(fds, ARRAY_LENGTH(fds), -1) < 0 && errno != EINTR)
            return;
        if (fds[0].revents)
            on_child(l);
    } while (!fds[1].revents || on_message(l));
}

static bool await_child(const struct life *l, uint64_t deadline)
{
    uint64_t now = clock_monotonic();
    struct pollfd fd = {.fd = l->signals, .events = POLLIN};
    return now < deadline && poll(&fd, 1, (int)((deadline - now) / USEC_PER_MSEC) + 1) > 0;
}

/* Each death may bring new children, until there are none. */
static void end(struct life *l)
{
    uint64_t deadline = clock_monotonic() + END_PATIENCE;
    FOR_EACH (leader, l->leaders, l->count)
        kill_group(leader->pid, SIGKILL);
    while (reap(l)) {
        (void)keeper_kill_strangers(is_never_spared, l);
        if (!await_child(l, deadline))
            return;
    }
}

int keeper_run(void)
{
    if (!has_peer()) {
        fputs("turnpike keeper: only turnpike itself starts this, to run the processes of hosted "
              "functions\n",
              stderr);
        return 2;
    }
    struct life *l = xcalloc(1, sizeof(*l));
    bool begun = begin(l);
    if (begun)
        serve(l);
    end(l);
    free(l->leaders);
    free(l);
    return begun ? 0 : 1;
}
