/* SPDX-License-Identifier: Apache-2.0 */
/* What callers are told of a process that has ended, or never ran. */
#include <ctype.h>
#include <string.h>

#include "worker_private.h"

/* As Go writes an exit error. */
void worker_describe_exit(const struct child_exit *exit, struct buf *why)
{
    if (exit->signal) {
        const char *name = strsignal(exit->signal);
        buf_literal(why, "Runtime exited with error: signal: ");
        for (; name && *name; name++)
            buf_append_char(why, (char)tolower((unsigned char)*name));
    } else if (exit->status) {
        buf_printf(why, "Runtime exited with error: exit status %d", exit->status);
    } else {
        buf_literal(why, "Runtime exited without providing a reason");
    }
}

static const struct {
    const char *type, *what;
} step_failures[] = {
    [CHILD_STEP_FORK] = {"Runtime.Unknown",           "no process can be made"      },
    [CHILD_STEP_USER] = {"Runtime.InvalidTaskConfig", "its user cannot be taken on" },
    [CHILD_STEP_LIMIT] = {"Runtime.InvalidTaskConfig", "its memory cannot be limited"},
    [CHILD_STEP_DIRECTORY] = {"Runtime.InvalidWorkingDir", "chdir"                       },
    [CHILD_STEP_EXEC] = {"Runtime.InvalidEntrypoint", "fork/exec"                   },
};

/* As Go writes an error of a path, where one is to blame. */
static void describe_step(struct worker *w, struct start_failure *f)
{
    enum child_step step = w->exit.step;
    f->type = step_failures[step].type;
    buf_clear(&f->why);
    buf_append(&f->why, str_from(step_failures[step].what));
    if (step == CHILD_STEP_DIRECTORY)
        buf_printf(&f->why, " %" STR_F, STR_A(buf_str(&w->directory)));
    else if (step == CHILD_STEP_EXEC)
        buf_printf(&f->why, " %" STR_F, STR_A(buf_str(&w->program)));
    buf_printf(&f->why, ": %s", strerror(w->exit.number));
}

void worker_describe_start_failure(struct worker *w)
{
    struct start_failure *f = &w->failure;
    if (!w->exit.started) {
        describe_step(w, f);
    } else if (!f->type) {
        f->type = "Runtime.ExitError";
        worker_describe_exit(&w->exit, &f->why);
    }
}
