/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper_strangers.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "turnpike/base/scope.h"

#define PARENT_OFFSET 4 /* of PARENT from the parenthesis: ") S 4711 …" */

struct hunt {
    pid_fn *is_spared;
    const void *data;
    bool found;
};

static void consider(struct hunt *h, pid_t pid)
{
    if (pid > 0 && !h->is_spared(h->data, pid) && kill(pid, SIGKILL) == 0)
        h->found = true;
}

/* False where the kernel was built without it (CONFIG_PROC_CHILDREN). Complete, as no child is
 * reaped meanwhile. */
static bool ask_kernel(struct hunt *h)
{
    scoped_file FILE *f = fopen("/proc/thread-self/children", "re");
    char number[32];
    if (!f)
        return false;
    while (fscanf(f, "%31s", number) == 1)
        consider(h, (pid_t)strtol(number, NULL, 10));
    return true;
}

/* From /proc/PID/stat: "PID (NAME) STATE PARENT …", where a name may have anything in it. */
static pid_t parent_of(pid_t pid)
{
    char path[64], text[512];
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    scoped_file FILE *f = fopen(path, "re");
    size_t len = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
    text[len] = '\0';
    const char *name_end = strrchr(text, ')');
    return name_end && len > (size_t)(name_end - text) + PARENT_OFFSET
               ? (pid_t)strtol(name_end + PARENT_OFFSET, NULL, 10)
               : 0;
}

static void search(struct hunt *h)
{
    DIR *all = opendir("/proc");
    if (!all)
        return;
    const struct dirent *entry;
    while ((entry = readdir(all))) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && parent_of(pid) == getpid())
            consider(h, pid);
    }
    (void)closedir(all);
}

bool keeper_kill_strangers(pid_fn *is_spared, const void *data)
{
    struct hunt h = {.is_spared = is_spared, .data = data};
    if (!ask_kernel(&h))
        search(&h);
    return h.found;
}
