/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper_link.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#define KERNEL_OVERHEAD 64                   /* of the send buffer, for each message */
#define RETRY           (10 * USEC_PER_MSEC) /* after what only other processes' doings end */
#define CLOSE_PATIENCE  3000                 /* ms; it takes a second at most to end */

/* A message that waits, with descriptors of its own. */
struct letter {
    struct letter *next;
    bool has_fds;
    int fds[KEEPER_DESCRIPTORS];
    size_t len;
    char bytes[];
};

struct keeper_link {
    struct loop *loop;
    const struct keeper_link_events *events;
    void *owner;
    uv_process_t process;
    uv_poll_t poll;
    uv_timer_t patience; /* once closed, while the process runs: not the loop's, which may end */
    int fd;              /* -1: closed */
    int open_handles;
    bool running; /* the process has not been reaped */
    size_t message_max;
    struct letter *waiting, **waiting_end;
    struct timer retry;
};

static void on_ready(uv_poll_t *poll, int status, int events);

/* The queue. */

static void free_letter(struct letter *letter)
{
    for (size_t i = 0; letter->has_fds && i < KEEPER_DESCRIPTORS; i++)
        if (letter->fds[i] >= 0)
            (void)close(letter->fds[i]);
    free(letter);
}

static void drop_first(struct keeper_link *link)
{
    struct letter *letter = link->waiting;
    link->waiting = letter->next;
    if (!link->waiting)
        link->waiting_end = &link->waiting;
    free_letter(letter);
}

static void drop_all(struct keeper_link *link)
{
    while (link->waiting)
        drop_first(link);
}

static bool copy_fds(struct letter *letter, const int *fds, struct error *ret_error)
{
    letter->has_fds = true;
    memset(letter->fds, -1, sizeof(letter->fds));
    for (size_t i = 0; i < KEEPER_DESCRIPTORS; i++) {
        letter->fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
        if (letter->fds[i] < 0) {
            error_set_errno(ret_error, errno, "keep the descriptors of a process");
            return false;
        }
    }
    return true;
}

static bool enqueue(struct keeper_link *link, struct str message, const int *fds,
                    struct error *ret_error)
{
    struct letter *letter = xmalloc(sizeof(*letter) + message.len);
    *letter = (struct letter){.len = message.len};
    memcpy(letter->bytes, message.at, message.len);
    if (fds && !copy_fds(letter, fds, ret_error)) {
        free_letter(letter);
        return false;
    }
    *link->waiting_end = letter;
    link->waiting_end = &letter->next;
    return true;
}

static void watch(struct keeper_link *link, int events)
{
    int failed = uv_poll_start(&link->poll, events, on_ready);
    assert(!failed);
}

static void on_retry(struct timer *timer);

/* Whether the kernel is done with the message. Where not, it says when to try again. */
static bool try_to_send(struct keeper_link *link, struct str message, const int *fds)
{
    switch (keeper_send(link->fd, message, fds, MSG_DONTWAIT)) {
    case 0:
    case EPIPE: /* reading tells the rest */
    case ECONNRESET:
        return true;
    case EAGAIN:
        watch(link, UV_READABLE | UV_WRITABLE);
        return false;
    default: /* too many descriptors on their way, or no memory for this one */
        watch(link, UV_READABLE);
        timer_start(link->loop, &link->retry, loop_now(link->loop) + RETRY, on_retry);
        return false;
    }
}

static void flush(struct keeper_link *link)
{
    while (link->waiting) {
        struct letter *first = link->waiting;
        if (!try_to_send(link, str_of(first->bytes, first->len),
                         first->has_fds ? first->fds : NULL))
            return;
        drop_first(link);
    }
    timer_cancel(link->loop, &link->retry);
    watch(link, UV_READABLE);
}

static void on_retry(struct timer *timer)
{
    flush(container_of(timer, struct keeper_link, retry));
}

/* The end. */

static void on_handle_closed(uv_handle_t *handle)
{
    struct keeper_link *link = handle->data;
    if (--link->open_handles == 0)
        free(link);
}

static void close_handle(uv_handle_t *handle)
{
    uv_close(handle, on_handle_closed);
}

static void lose(struct keeper_link *link)
{
    void *owner = link->owner;
    const struct keeper_link_events *events = link->events;
    keeper_link_kill(link);
    keeper_link_close(link);
    events->on_lost(owner);
}

/* What arrives. */

static bool take_one(struct keeper_link *link)
{
    char room[sizeof(struct keeper_note) + 1];
    struct str message;
    struct keeper_note note;
    switch (keeper_receive(link->fd, room, sizeof(room), MSG_DONTWAIT, NULL, &message)) {
    case KEEPER_NOTHING:
        return false;
    case KEEPER_MESSAGE:
        if (keeper_note_read(message, false, &note)) {
            link->events->on_note(link->owner, &note);
            return true;
        }
        break;
    case KEEPER_HANGUP:
    case KEEPER_NONSENSE:
        break;
    }
    lose(link);
    return false;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct keeper_link *link = container_of(poll, struct keeper_link, poll);
    if (status == 0 && (events & UV_WRITABLE))
        flush(link);
    while (take_one(link))
        ;
}

/* The process ended: what it had said before is still to be read. */
static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
    struct keeper_link *link = container_of(process, struct keeper_link, process);
    (void)status, (void)signal;
    link->running = false;
    if (link->fd < 0)
        close_handle((uv_handle_t *)&link->patience);
    while (link->fd >= 0 && take_one(link))
        ;
    if (link->fd >= 0)
        lose(link);
    close_handle((uv_handle_t *)&link->process);
}

/* The start. */

static uv_stdio_container_t inherit(int fd)
{
    return (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = fd};
}

/* Its outputs are the gateway's stderr, for what a failed assertion says; nothing else of the
 * gateway's gets there. A session of its own keeps a terminal's signals away: when to end is said
 * by the socket.
 */
static int start_process(struct keeper_link *link, const char *program, int end)
{
    static char name[] = "turnpike", command[] = "keeper";
    char *arguments[] = {name, command, NULL};
    const uv_stdio_container_t nothing = {.flags = UV_IGNORE}, errors = inherit(STDERR_FILENO);
    uv_stdio_container_t stdio[] = {nothing, errors, errors, inherit(end)};
    uv_process_options_t options = {
        .exit_cb = on_process_exit,
        .file = program,
        .args = arguments,
        .flags = UV_PROCESS_DETACHED,
        .stdio = stdio,
        .stdio_count = ARRAY_LENGTH(stdio),
    };
    int number = -uv_spawn(&link->loop->uv, &link->process, &options);
    link->process.data = link;
    link->open_handles++;
    link->running = number == 0;
    return number;
}

/* The kernel takes no message that is longer than the send buffer, which has a bound of its own. */
static size_t make_room(int fd)
{
    int size = 2 * (int)KEEPER_ORDER_MAX;
    socklen_t len = sizeof(size);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) < 0 || size <= KERNEL_OVERHEAD)
        return 0;
    return (size_t)size - KERNEL_OVERHEAD;
}

static void start_poll(struct keeper_link *link, int fd)
{
    int failed = uv_poll_init(&link->loop->uv, &link->poll, fd);
    assert(!failed);
    link->poll.data = link;
    link->open_handles++;
    link->fd = fd;
    link->message_max = make_room(fd);
    watch(link, UV_READABLE);
}

struct keeper_link *keeper_link_open(struct loop *loop, const char *program,
                                     const struct keeper_link_events *events, void *owner,
                                     struct error *ret_error)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        error_set_errno(ret_error, errno, "start a keeper");
        return NULL;
    }
    struct keeper_link *link = xcalloc(1, sizeof(*link));
    *link = (struct keeper_link){.loop = loop, .events = events, .owner = owner, .fd = -1};
    link->waiting_end = &link->waiting;
    int number = start_process(link, program, ends[1]);
    (void)close(ends[1]);
    if (number) {
        (void)close(ends[0]);
        close_handle((uv_handle_t *)&link->process);
        error_set_errno(ret_error, number, "start a keeper");
        return NULL;
    }
    start_poll(link, ends[0]);
    return link;
}

bool keeper_link_send(struct keeper_link *link, struct str message, const int *fds,
                      struct error *ret_error)
{
    if (message.len > link->message_max) {
        error_set(ret_error, ERROR_TOO_LARGE, "the kernel sends no more than %zu bytes at once",
                  link->message_max);
        return false;
    }
    if (!link->waiting && try_to_send(link, message, fds))
        return true;
    return enqueue(link, message, fds, ret_error);
}

void keeper_link_wake(struct keeper_link *link)
{
    if (link->running)
        (void)uv_process_kill(&link->process, SIGCONT);
}

void keeper_link_kill(struct keeper_link *link)
{
    if (link->running)
        (void)uv_process_kill(&link->process, SIGKILL);
}

static void on_patience(uv_timer_t *timer)
{
    keeper_link_kill(timer->data);
}

static void await_end(struct keeper_link *link)
{
    keeper_link_wake(link);
    (void)uv_timer_init(&link->loop->uv, &link->patience);
    link->patience.data = link;
    link->open_handles++;
    (void)uv_timer_start(&link->patience, on_patience, CLOSE_PATIENCE, 0);
}

void keeper_link_close(struct keeper_link *link)
{
    drop_all(link);
    timer_cancel(link->loop, &link->retry);
    close_handle((uv_handle_t *)&link->poll);
    (void)close(link->fd); /* the poll has let go of it */
    link->fd = -1;
    if (link->running)
        await_end(link);
}
