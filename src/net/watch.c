/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/watch.h"

#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/str.h"
#include "turnpike/base/xalloc.h"

#include "watch_private.h"

#define QUIET        (100 * USEC_PER_MSEC)
#define LATEST       USEC_PER_SEC
#define RETRY        USEC_PER_SEC
#define READS_A_TURN 16 /* then others have their turn */

static void release(struct watch *w)
{
    if (w->is_listing || w->poll_is_open)
        return;
    if (w->fd >= 0)
        (void)close(w->fd);
    free(w->listing.ids.items);
    free(w->ids.items);
    free(w->directory);
    free(w);
}

static void on_quiet(struct timer *timer)
{
    struct watch *w = container_of(timer, struct watch, quiet);
    w->events->changed(w->data);
}

static void note_change(struct watch *w)
{
    uint64_t now = loop_now(w->loop);
    if (!timer_is_running(&w->quiet))
        w->first_change = now;
    uint64_t latest = w->first_change + LATEST;
    timer_start(w->loop, &w->quiet, now + QUIET < latest ? now + QUIET : latest, on_quiet);
}

/* Takes the watches off directories that are none of the tree's any more. True where the new list
 * has one that the old one had not. */
static bool drop_others(int fd, const struct watch_ids *before, const struct watch_ids *after)
{
    size_t i = 0, j = 0;
    bool is_new = false;
    while (i < before->count || j < after->count) {
        if (j == after->count || (i < before->count && before->items[i] < after->items[j])) {
            (void)inotify_rm_watch(fd, before->items[i++]); /* which is gone, mostly */
        } else {
            bool is_same = i < before->count && before->items[i] == after->items[j];
            is_new |= !is_same;
            i += is_same;
            j++;
        }
    }
    return is_new;
}

static void list(struct watch *w);

static void on_retry(struct timer *timer)
{
    list(container_of(timer, struct watch, retry));
}

/* In a new directory there may be files already that no event told of. */
static void take_ids(struct watch *w)
{
    struct watch_ids before = w->ids;
    w->ids = w->listing.ids;
    w->listing.ids = (struct watch_ids){0};
    bool is_new = drop_others(w->fd, &before, &w->ids);
    free(before.items);
    if (is_new && w->was_listed)
        note_change(w);
    w->was_listed = true;
}

static void tell_failure(struct watch *w, const struct error *error)
{
    if (error->code == ERROR_NONE || w->has_failed)
        return;
    w->has_failed = true;
    w->events->failed(w->data, error);
}

static void on_listed(struct work *work)
{
    struct watch *w = container_of(work, struct watch, work);
    w->is_listing = false;
    if (w->freed) {
        release(w);
        return;
    }
    struct error error = w->listing.error;
    take_ids(w);
    if (w->listing.is_gone)
        timer_start(w->loop, &w->retry, loop_now(w->loop) + RETRY, on_retry);
    if (w->list_again)
        list(w);
    tell_failure(w, &error);
}

static void run_listing(struct work *work)
{
    watch_listing_run(&container_of(work, struct watch, work)->listing);
}

/* One at a time. A whole walk for each directory that comes or goes, so that there is one way in
 * which the list is made; where many come, they share one. */
static void list(struct watch *w)
{
    w->list_again = w->is_listing;
    if (w->is_listing)
        return;
    timer_cancel(w->loop, &w->retry);
    w->is_listing = true;
    w->listing = (struct watch_listing){.fd = w->fd, .directory = w->directory};
    work_start(w->loop, &w->work, run_listing, on_listed);
}

/* An event without a name is about the watched directory itself. */
static void take_event(struct watch *w, const struct inotify_event *event, struct str name)
{
    bool of_directory =
        event->mask & (IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_Q_OVERFLOW);
    if (event->mask & IN_IGNORED || ((event->mask & IN_ISDIR) && !watch_wants(name)))
        return;
    note_change(w);
    if (of_directory)
        list(w);
}

static void take_events(struct watch *w, struct str in)
{
    struct inotify_event event;
    while (in.len >= sizeof(event)) {
        memcpy(&event, in.at, sizeof(event));
        in = str_skip(in, sizeof(event));
        struct str name = str_head(in, event.len);
        in = str_skip(in, event.len);
        take_event(w, &event, str_head(name, str_find(name, '\0')));
    }
}

static void on_events(uv_poll_t *poll, int status, int events)
{
    struct watch *w = container_of(poll, struct watch, poll);
    (void)status, (void)events;
    for (int i = 0; i < READS_A_TURN; i++) {
        ssize_t got = read(w->fd, w->loop->scratch, LOOP_SCRATCH_SIZE);
        if (got <= 0)
            return;
        take_events(w, str_of(w->loop->scratch, (size_t)got));
    }
}

static void on_refused(struct task *task)
{
    struct watch *w = container_of(task, struct watch, refused);
    struct error error = w->error; /* the watch may be freed meanwhile */
    w->events->failed(w->data, &error);
}

static bool open_inotify(struct watch *w)
{
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    int number = w->fd < 0 ? errno : -uv_poll_init(&w->loop->uv, &w->poll, w->fd);
    w->poll_is_open = number == 0;
    if (number == 0)
        return true;
    if (w->fd >= 0)
        (void)close(w->fd);
    w->fd = -1;
    error_set_errno(&w->error, number, "watch %s: ask the kernel for inotify", w->directory);
    return false;
}

struct watch *watch_new(struct loop *loop, const char *directory, const struct watch_events *events,
                        void *data)
{
    struct watch *w = xcalloc(1, sizeof(*w));
    *w = (struct watch){.loop = loop, .events = events, .data = data};
    w->directory = xstrdup(directory);
    if (!open_inotify(w)) {
        task_defer(loop, &w->refused, on_refused);
        return w;
    }
    int failed = uv_poll_start(&w->poll, UV_READABLE, on_events);
    assert(!failed);
    list(w);
    return w;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct watch *w = container_of(handle, struct watch, poll);
    w->poll_is_open = false;
    release(w);
}

void watch_free(struct watch *w)
{
    if (!w)
        return;
    w->freed = true;
    timer_cancel(w->loop, &w->quiet);
    timer_cancel(w->loop, &w->retry);
    task_cancel(w->loop, &w->refused);
    if (w->poll_is_open)
        uv_close((uv_handle_t *)&w->poll, on_poll_closed);
    else
        release(w);
}
