/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_output.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "turnpike/base/clock.h"

#define WINDOW           (100 * USEC_PER_MSEC)
#define WINDOW_ALLOWANCE ((int64_t)256 * 1024)
#define BURST_ALLOWANCE  ((int64_t)1024 * 1024) /* of one that was quiet before */
#define LAST_ALLOWANCE   ((int64_t)1024 * 1024) /* of one that has ended */
#define LINE_COST        256  /* a line is work beside its bytes, an empty one, too */
#define PIECE            2048 /* so many lines at most before others have their turn */

static void spend(struct worker_output *o, size_t bytes);

static void tell(struct worker_output *o, struct str line)
{
    spend(o, LINE_COST);
    if (str_ends_with(line, STR("\r")))
        line.len--;
    o->events->on_line(o, line);
}

/* Whole lines of what has come; the rest waits for its end. */
static void take_bytes(struct worker_output *o, struct str bytes)
{
    while (bytes.len > 0) {
        size_t len = str_find(bytes, '\n');
        size_t room = OUTPUT_LINE_MAX - buf_len(&o->line);
        bool ends = len < bytes.len && len <= room;
        struct str piece = str_head(bytes, len < room ? len : room);
        bytes = str_skip(bytes, piece.len + ends);
        if (ends && buf_len(&o->line) == 0) {
            tell(o, piece);
            continue;
        }
        buf_append(&o->line, piece);
        if (ends || buf_len(&o->line) == OUTPUT_LINE_MAX) {
            tell(o, buf_str(&o->line));
            buf_clear(&o->line);
        }
    }
}

static void tell_rest(struct worker_output *o)
{
    if (buf_len(&o->line) > 0)
        tell(o, buf_str(&o->line));
    buf_release(&o->line);
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct worker_output *o)
{
    if (!o->ended && !o->closing && o->allowance > 0)
        (void)uv_poll_start(&o->poll, UV_READABLE, on_poll);
    else
        (void)uv_poll_stop(&o->poll);
}

static void end(struct worker_output *o)
{
    o->ended = true;
    tell_rest(o);
    watch(o);
    o->events->on_end(o);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What was spent beyond the allowance is taken off the next ones. */
static void on_window(struct timer *timer)
{
    struct worker_output *o = container_of(timer, struct worker_output, window);
    o->allowance = least(o->allowance + WINDOW_ALLOWANCE, BURST_ALLOWANCE);
    if (o->allowance < BURST_ALLOWANCE)
        timer_start(o->loop, &o->window, loop_now(o->loop) + WINDOW, on_window);
    watch(o);
}

static void spend(struct worker_output *o, size_t bytes)
{
    if (!timer_is_running(&o->window))
        timer_start(o->loop, &o->window, loop_now(o->loop) + WINDOW, on_window);
    o->allowance -= (int64_t)bytes;
}

/* False where nothing more is to be had now. */
static bool read_some(struct worker_output *o)
{
    char piece[PIECE]; /* not the loop's scratch memory: a request's body may lie there */
    ssize_t got = read(o->fd, piece, sizeof(piece));
    if (got < 0 && errno == EINTR)
        return true;
    if (got < 0 && errno == EAGAIN)
        return false;
    if (got <= 0) {
        end(o);
        return false;
    }
    spend(o, (size_t)got);
    take_bytes(o, str_of(piece, (size_t)got));
    return (size_t)got == sizeof(piece) && o->allowance > 0;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct worker_output *o = container_of(poll, struct worker_output, poll);
    (void)events;
    if (status < 0) {
        end(o);
        return;
    }
    (void)read_some(o); /* once a turn: others have their turn, too */
    if (!o->ended)
        watch(o);
}

void worker_output_drain(struct worker_output *o)
{
    bool more = !o->ended && !o->closing && o->allowance > 0;
    while (more)
        more = read_some(o);
    if (o->ended || o->closing)
        return;
    tell_rest(o);
    watch(o);
}

void worker_output_drain_last(struct worker_output *o)
{
    timer_cancel(o->loop, &o->window);
    timer_start(o->loop, &o->window, loop_now(o->loop) + WINDOW, on_window);
    o->allowance = LAST_ALLOWANCE;
    worker_output_drain(o);
}

bool worker_output_open(struct worker_output *o, struct loop *loop,
                        const struct worker_output_events *events, void *owner, int *ret_write_end,
                        struct error *ret_error)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        error_set_errno(ret_error, errno, "pipe");
        return false;
    }
    *o = (struct worker_output){
        .events = events, .owner = owner, .loop = loop, .fd = fds[0], .allowance = BURST_ALLOWANCE};
    int failed = fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0
                     ? -errno
                     : uv_poll_init(&loop->uv, &o->poll, fds[0]);
    if (failed) {
        error_set_errno(ret_error, -failed, "pipe");
        (void)close(fds[0]);
        (void)close(fds[1]);
        o->events = NULL;
        return false;
    }
    *ret_write_end = fds[1];
    watch(o);
    return true;
}

static void on_closed(uv_handle_t *handle)
{
    struct worker_output *o = container_of((uv_poll_t *)handle, struct worker_output, poll);
    (void)close(o->fd);
    o->events->on_closed(o);
}

void worker_output_close(struct worker_output *o)
{
    if (o->closing || !o->events)
        return;
    if (!o->ended)
        tell_rest(o);
    o->closing = true;
    timer_cancel(o->loop, &o->window);
    uv_close((uv_handle_t *)&o->poll, on_closed);
}
