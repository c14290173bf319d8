/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/orphans.h"

#include <signal.h>
#include <sys/wait.h>

struct search {
    pid_t pid;
    bool found;
};

static void consider(uv_handle_t *handle, void *data)
{
    struct search *search = data;
    if (uv_handle_get_type(handle) == UV_PROCESS && uv_is_active(handle) &&
        uv_process_get_pid((uv_process_t *)handle) == search->pid)
        search->found = true;
}

static bool is_own(struct orphans *orphans, pid_t pid)
{
    struct search search = {.pid = pid};
    uv_walk(&orphans->loop->uv, consider, &search);
    return search.found;
}

/* libuv has been through with its own when the task runs. One of them that is dead now has died
 * since: a signal is on its way, which brings us back to those behind it. */
static void reap(struct task *task)
{
    struct orphans *orphans = container_of(task, struct orphans, task);
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
            return;
        if (is_own(orphans, info.si_pid))
            return;
        (void)waitpid(info.si_pid, NULL, WNOHANG);
    }
}

static void on_child(uv_signal_t *signal, int number UNUSED)
{
    struct orphans *orphans = container_of(signal, struct orphans, signal);
    task_defer(orphans->loop, &orphans->task, reap);
}

void orphans_watch(struct orphans *orphans, struct loop *loop)
{
    orphans->loop = loop;
    (void)uv_signal_init(&loop->uv, &orphans->signal);
    (void)uv_signal_start(&orphans->signal, on_child, SIGCHLD);
    uv_unref((uv_handle_t *)&orphans->signal);
    reap(&orphans->task); /* those who died before */
}

void orphans_release(struct orphans *orphans)
{
    if (!orphans->loop)
        return;
    task_cancel(orphans->loop, &orphans->task);
    uv_close((uv_handle_t *)&orphans->signal, NULL);
}
