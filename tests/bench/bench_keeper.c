/* SPDX-License-Identifier: Apache-2.0 */
/* How long a process takes from keeper_spawn to its first byte, beside the same by posix_spawn, and
 * what a keeper occupies: build/turnpike where that is the argument, else this program. */
#include "turnpike/net/keeper.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define STARTS 300

struct wall {
    double samples[STARTS];
    size_t count;
};

struct keeping {
    struct loop loop;
    struct keeper *keeper;
    struct wall wall;
    bool over;
};

static const char *const words[] = {"/bin/echo", "x", NULL};
static const char *const environment[] = {NULL};

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void await_byte(struct wall *wall, int fd, double start)
{
    char byte;
    if (read(fd, &byte, 1) != 1)
        abort();
    wall->samples[wall->count++] = now() - start;
    (void)close(fd);
}

static void print(struct wall *wall, const char *name)
{
    qsort(wall->samples, wall->count, sizeof(wall->samples[0]), bench_compare);
    printf("%10.0f us  %s, median (99 of 100 below %.0f)\n", wall->samples[wall->count / 2], name,
           wall->samples[wall->count * 99 / 100]);
}

static void on_exit_of(struct child *child, const struct child_exit *exit)
{
    struct keeping *k = child_owner(child);
    if (!exit->started || exit->status != 0)
        abort();
    k->over = true;
}

static const struct child_events events = {on_exit_of};

static void await_end(struct keeping *k)
{
    for (k->over = false; !k->over;)
        (void)uv_run(&k->loop.uv, UV_RUN_ONCE);
}

static void start_by_keeper(struct keeping *k)
{
    int ends[2];
    struct error error;
    if (pipe2(ends, O_CLOEXEC) < 0)
        abort();
    struct child_spec spec = {.arguments = words,
                              .environment = environment,
                              .directory = "/",
                              .output = ends[1],
                              .error = STDERR_FILENO};
    double start = now();
    if (!keeper_spawn(k->keeper, &spec, &events, k, &error))
        abort();
    (void)close(ends[1]);
    await_byte(&k->wall, ends[0], start);
    await_end(k);
}

static void start_directly(struct wall *wall)
{
    int ends[2];
    pid_t pid;
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC) < 0)
        abort();
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    double start = now();
    if (posix_spawn(&pid, words[0], &actions, NULL, (char *const *)(uintptr_t)words,
                    (char *const *)(uintptr_t)environment) != 0)
        abort();
    (void)close(ends[1]);
    await_byte(wall, ends[0], start);
    (void)waitpid(pid, NULL, 0);
    (void)posix_spawn_file_actions_destroy(&actions);
}

/* A child of the keeper can say what its parent occupies. */
static void print_memory(struct keeping *k)
{
    static const char *const ask[] = {
        "/bin/sh", "-c", "grep -E '^(Rss|Pss|Private_Dirty):' /proc/$PPID/smaps_rollup", NULL};
    struct error error;
    struct child_spec spec = {.arguments = ask,
                              .environment = environment,
                              .directory = "/",
                              .output = STDOUT_FILENO,
                              .error = STDERR_FILENO};
    (void)fflush(stdout);
    if (!keeper_spawn(k->keeper, &spec, &events, k, &error))
        abort();
    await_end(k);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "keeper") == 0)
        return keeper_run();
    struct keeping k = {0};
    struct wall direct = {0};
    struct error error;
    loop_init(&k.loop);
    double start = now();
    k.keeper = keeper_new(&k.loop, argc == 2 ? argv[1] : "/proc/self/exe", &error);
    if (!k.keeper)
        abort();
    start_by_keeper(&k);
    printf("%10.0f us  a keeper and its first process\n", now() - start);
    for (int i = 1; i < STARTS; i++) {
        start_by_keeper(&k);
        start_directly(&direct);
    }
    print(&k.wall, "a process by a keeper");
    print(&direct, "the same by posix_spawn");
    print_memory(&k);
    keeper_free(k.keeper);
    loop_release(&k.loop);
    return 0;
}
