/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in a function's log: its own lines, and Lambda's about each invocation (AWS: Lambda,
 * "Viewing CloudWatch logs for Lambda functions"). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "turnpike/backend/lambda.h"
#include "turnpike/base/clock.h"

#include "worker_private.h"

#define MEMORY_PERIOD USEC_PER_SEC

static void keep_tail(struct worker *w, struct str line)
{
    if (line.len > LAMBDA_LOG_TAIL_MAX)
        line = str_skip(line, line.len - LAMBDA_LOG_TAIL_MAX);
    buf_append(&w->tail, line);
    buf_append_char(&w->tail, '\n');
    if (buf_len(&w->tail) > 2 * LAMBDA_LOG_TAIL_MAX)
        buf_consume(&w->tail, buf_len(&w->tail) - LAMBDA_LOG_TAIL_MAX);
}

struct str worker_tail(const struct worker *w)
{
    struct str tail = buf_str(&w->tail);
    return str_skip(tail, tail.len > LAMBDA_LOG_TAIL_MAX ? tail.len - LAMBDA_LOG_TAIL_MAX : 0);
}

void worker_log(struct worker *w, struct str text)
{
    if (!w->context)
        return;
    const struct hosting_owner *owner = &w->context->hosting->owner;
    struct hosted_line line = {w->context->function_name, str_from(w->request_id), text};
    if (w->keeps_tail)
        keep_tail(w, text);
    owner->on_line(owner->data, &line);
}

bool worker_is_heard(const struct worker *w)
{
    return w->context && (w->keeps_tail ||
                          w->context->hosting->owner.hears_lines(w->context->hosting->owner.data));
}

void worker_log_start(struct worker *w)
{
    char line[96];
    buf_clear(&w->tail);
    if (!worker_is_heard(w))
        return;
    int len = snprintf(line, sizeof(line), "START RequestId: %s Version: $LATEST", w->request_id);
    worker_log(w, str_of(line, (size_t)len));
}

/* VmHWM of /proc/PID/status; not more often than once a second. */
static void read_memory(struct worker *w)
{
    char path[64], text[4096];
    uint64_t now = loop_now(w->loop);
    pid_t pid = w->child ? child_pid(w->child) : 0;
    if (pid <= 0 || (w->memory_read && now - w->memory_read < MEMORY_PERIOD))
        return;
    w->memory_read = now;
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        (void)close(fd);
    text[len > 0 ? len : 0] = '\0';
    const char *at = strstr(text, "VmHWM:");
    unsigned long kib = at ? strtoul(at + 6, NULL, 10) : 0;
    if (kib > 0)
        w->memory_used = (unsigned)((kib + 1023) / 1024);
}

static const struct {
    const char *status; /* behind the figures of REPORT, or "" */
} report_ends[] = {
    [INVOCATION_ANSWERED] = {""},
    [INVOCATION_FAILED] = {""},
    [INVOCATION_TIMED_OUT] = {"Status: timeout\t"},
    [INVOCATION_CRASHED] = {"Status: error\tError Type: Runtime.ExitError\t"},
    [INVOCATION_REFUSED] = {""},
};

void worker_log_end(struct worker *w, enum invocation_end end)
{
    char line[320];
    double duration = (double)(loop_now(w->loop) - w->given) / 1e3;
    if (!worker_is_heard(w)) {
        w->init_duration = 0;
        return;
    }
    int len = snprintf(line, sizeof(line), "END RequestId: %s", w->request_id);
    worker_log(w, str_of(line, (size_t)len));
    read_memory(w);
    len = snprintf(line, sizeof(line),
                   "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %.0f ms\t"
                   "Memory Size: %u MB\tMax Memory Used: %u MB\t",
                   w->request_id, duration, duration < 1 ? 1 : (double)(uint64_t)(duration + 0.999),
                   w->memory_size, w->memory_used);
    if (w->init_duration)
        len += snprintf(line + len, sizeof(line) - (size_t)len, "Init Duration: %.2f ms\t",
                        (double)w->init_duration / 1e3);
    w->init_duration = 0;
    len += snprintf(line + len, sizeof(line) - (size_t)len, "%s", report_ends[end].status);
    worker_log(w, str_of(line, (size_t)len));
}
