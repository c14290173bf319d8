/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/log_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/uio.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/map.h"
#include "turnpike/base/xalloc.h"

#define LINGER         (5 * USEC_PER_MSEC)  /* for more lines to share one write */
#define STALL          (1 * USEC_PER_SEC)   /* what a full pipe may hold the others up */
#define POLL_SLICE     (20 * USEC_PER_MSEC) /* how late the thread notices that it shall end */
#define LINES_MAX      64                   /* of one write */
#define NOT_REOPENED   SIZE_MAX
#define NEVER          UINT64_MAX
#define RECORD_SIZE(n) (sizeof(struct record) + ((n) + 7) / 8 * 8)

struct log_file {
    struct log_writer *writer;
    bool standard; /* stdout or stderr: not ours to open or close */
    int fd;        /* the thread's, once lines are queued */
    int fresh_fd;  /* opened by reopen and not taken up yet, or -1; under the lock */
    bool torn;     /* the thread's: the last write ended inside a line */
    char name[];   /* as it was asked for */
};

/* A queued line: this, then its bytes with the end of line, padded to 8. */
struct record {
    struct log_file *file;
    size_t len;
};

struct batch {
    char *data;
    size_t used;
    size_t reopen_at; /* the files are exchanged before the record there */
};

enum thread_state { THREAD_WORKS, THREAD_LINGERS, THREAD_SLEEPS };

struct log_writer {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake, end;

    /* under the lock */
    enum thread_state state;
    struct batch filling;
    bool ending, ended;
    struct map files; /* by name; only the loop's thread adds */

    struct batch writing; /* the thread's */
    size_t half;          /* bytes of a batch; constant */
    _Atomic uint64_t deadline, dropped;
};

/* The thread's side. */

static struct timespec after(uint64_t delay)
{
    uint64_t at = clock_monotonic() + delay;
    return (struct timespec){(time_t)(at / USEC_PER_SEC), (long)(at % USEC_PER_SEC * 1000)};
}

static bool has_work(const struct log_writer *w)
{
    return w->filling.used > 0 || w->filling.reopen_at != NOT_REOPENED;
}

static struct record *record_at(const struct log_writer *w, size_t at)
{
    return (struct record *)(void *)(w->writing.data + at);
}

/* Waits for lines and exchanges the halves. False: nothing is left and the thread shall end. */
static bool next_batch(struct log_writer *w)
{
    (void)pthread_mutex_lock(&w->lock);
    while (!has_work(w) && !w->ending) {
        w->state = THREAD_SLEEPS;
        (void)pthread_cond_wait(&w->wake, &w->lock);
    }
    if (!w->ending && w->filling.used < w->half / 2) {
        struct timespec until = after(LINGER);
        w->state = THREAD_LINGERS;
        (void)pthread_cond_timedwait(&w->wake, &w->lock, &until);
    }
    w->state = THREAD_WORKS;
    struct batch full = w->filling;
    w->filling = (struct batch){.data = w->writing.data, .reopen_at = NOT_REOPENED};
    w->writing = full;
    (void)pthread_mutex_unlock(&w->lock);
    return full.used > 0 || full.reopen_at != NOT_REOPENED;
}

static void exchange_files(struct log_writer *w)
{
    struct log_file *f;
    (void)pthread_mutex_lock(&w->lock);
    for (size_t i = 0; (f = map_next(&w->files, &i));) {
        if (f->fresh_fd < 0)
            continue;
        (void)close(f->fd);
        f->fd = f->fresh_fd;
        f->fresh_fd = -1;
        f->torn = false;
    }
    (void)pthread_mutex_unlock(&w->lock);
}

/* For descriptors that do not block: a pipe, or a stdout that somebody set so. */
static bool wait_writable(struct log_writer *w, int fd)
{
    uint64_t until = clock_monotonic() + STALL;
    do {
        struct pollfd polled = {.fd = fd, .events = POLLOUT};
        if (poll(&polled, 1, (int)(POLL_SLICE / USEC_PER_MSEC)) > 0)
            return true;
        if (clock_monotonic() >= atomic_load(&w->deadline))
            return false;
    } while (clock_monotonic() < until);
    return false;
}

/* Drops the `written` first bytes; says whether the rest begins inside a line. */
static bool advance(struct iovec **lines, int *count, size_t written)
{
    while (*count > 0 && written >= (*lines)->iov_len) {
        written -= (*lines)->iov_len;
        (*lines)++;
        (*count)--;
    }
    if (written == 0 || *count == 0)
        return false;
    (*lines)->iov_base = (char *)(*lines)->iov_base + written;
    (*lines)->iov_len -= written;
    return true;
}

/* Writes the lines or drops and counts what cannot be written. */
static void write_lines(struct log_writer *w, struct log_file *f, struct iovec *lines, int count)
{
    while (count > 0 && clock_monotonic() < atomic_load(&w->deadline)) {
        ssize_t written = writev(f->fd, lines, count);
        if (written > 0)
            f->torn = advance(&lines, &count, (size_t)written);
        else if (written < 0 && errno == EINTR)
            continue;
        else if (written == 0 || errno != EAGAIN || !wait_writable(w, f->fd))
            break;
    }
    atomic_fetch_add(&w->dropped, (uint64_t)count);
}

/* A line that was cut off by a full disk must not swallow the next one. */
static void mend(struct log_file *f)
{
    if (f->torn && write(f->fd, "\n", 1) == 1)
        f->torn = false;
}

/* Writes as many records of one file as stand together from `at` on; returns where they end. */
static size_t write_run(struct log_writer *w, size_t at, size_t end)
{
    struct log_file *f = record_at(w, at)->file;
    struct iovec lines[LINES_MAX];
    int count = 0;
    do {
        struct record *record = record_at(w, at);
        lines[count++] = (struct iovec){record + 1, record->len};
        at += RECORD_SIZE(record->len);
    } while (at < end && count < LINES_MAX && record_at(w, at)->file == f);
    mend(f);
    write_lines(w, f, lines, count);
    return at;
}

static void write_range(struct log_writer *w, size_t at, size_t end)
{
    while (at < end)
        at = write_run(w, at, end);
}

static void *run_thread(void *data)
{
    struct log_writer *w = data;
    while (next_batch(w)) {
        size_t mark = w->writing.reopen_at;
        if (mark != NOT_REOPENED) {
            write_range(w, 0, mark);
            exchange_files(w);
        }
        write_range(w, mark != NOT_REOPENED ? mark : 0, w->writing.used);
    }
    (void)pthread_mutex_lock(&w->lock);
    w->ended = true;
    (void)pthread_cond_signal(&w->end);
    (void)pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* The loop's side. */

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(condition, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

/* Signals are the loop's; a pipe without a reader must be EPIPE, not SIGPIPE. */
static void start_thread(struct log_writer *w)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&w->thread, NULL, run_thread, w);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        (void)xcheck(NULL); /* the same shortage, the same end */
}

struct log_writer *log_writer_new(size_t ring_bytes)
{
    struct log_writer *w = xcalloc(1, sizeof(*w));
    w->half = ring_bytes / 2 / 8 * 8;
    w->filling = (struct batch){.data = xmalloc(w->half), .reopen_at = NOT_REOPENED};
    w->writing = (struct batch){.data = xmalloc(w->half), .reopen_at = NOT_REOPENED};
    atomic_init(&w->deadline, NEVER);
    atomic_init(&w->dropped, 0);
    (void)pthread_mutex_init(&w->lock, NULL);
    init_condition(&w->wake);
    init_condition(&w->end);
    start_thread(w);
    return w;
}

static void close_files(struct log_writer *w)
{
    struct log_file *f;
    for (size_t i = 0; (f = map_next(&w->files, &i));) {
        if (!f->standard)
            (void)close(f->fd);
        if (f->fresh_fd >= 0)
            (void)close(f->fresh_fd);
        free(f);
    }
    map_release(&w->files);
}

/* Under the lock: rings once, where the thread does not look by itself soon. */
static void wake_thread(struct log_writer *w)
{
    if (w->state == THREAD_WORKS)
        return;
    w->state = THREAD_WORKS;
    (void)pthread_cond_signal(&w->wake);
}

static bool end_thread(struct log_writer *w, uint64_t patience)
{
    (void)pthread_mutex_lock(&w->lock);
    struct timespec until = after(patience + 5 * POLL_SLICE);
    atomic_store(&w->deadline, clock_monotonic() + patience);
    w->ending = true;
    wake_thread(w);
    int failed = 0;
    while (!w->ended && failed != ETIMEDOUT)
        failed = pthread_cond_timedwait(&w->end, &w->lock, &until);
    bool ended = w->ended;
    (void)pthread_mutex_unlock(&w->lock);
    return ended;
}

void log_writer_free(struct log_writer *w, uint64_t patience)
{
    if (!w)
        return;
    if (!end_thread(w, patience)) {
        (void)pthread_detach(w->thread);
        return;
    }
    (void)pthread_join(w->thread, NULL);
    close_files(w);
    free(w->filling.data);
    free(w->writing.data);
    (void)pthread_cond_destroy(&w->wake);
    (void)pthread_cond_destroy(&w->end);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
}

/* O_NONBLOCK for pipes: opening one without a reader fails at once, and a full one is EAGAIN. */
static int open_path(const char *path, struct error *ret_error)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    if (fd < 0)
        error_set_errno(ret_error, errno, "open '%s'", path);
    return fd;
}

static struct log_file *new_file(struct log_writer *w, struct str name)
{
    struct log_file *f = xcalloc(1, sizeof(*f) + name.len + 1);
    *f = (struct log_file){.writer = w, .fd = -1, .fresh_fd = -1};
    memcpy(f->name, name.at, name.len);
    return f;
}

static bool open_file(struct log_file *f, struct error *ret_error)
{
    if (strcmp(f->name, "stdout") == 0)
        f->fd = STDOUT_FILENO;
    else if (strcmp(f->name, "stderr") == 0)
        f->fd = STDERR_FILENO;
    f->standard = f->fd >= 0;
    if (!f->standard)
        f->fd = open_path(f->name, ret_error);
    return f->fd >= 0;
}

struct log_file *log_writer_open(struct log_writer *w, struct str destination,
                                 struct error *ret_error)
{
    struct log_file *f = map_get(&w->files, destination);
    if (f)
        return f;
    f = new_file(w, destination);
    if (!open_file(f, ret_error)) {
        free(f);
        return NULL;
    }
    (void)pthread_mutex_lock(&w->lock);
    (void)map_set(&w->files, str_from(f->name), f);
    (void)pthread_mutex_unlock(&w->lock);
    return f;
}

/* Under the lock. False where the half has no room. */
static bool add_record(struct log_writer *w, struct log_file *f, struct str line)
{
    struct batch *batch = &w->filling;
    if (line.len >= w->half || RECORD_SIZE(line.len + 1) > w->half - batch->used)
        return false;
    struct record *record = (struct record *)(void *)(batch->data + batch->used);
    *record = (struct record){.file = f, .len = line.len + 1};
    char *text = (char *)(record + 1);
    if (line.len)
        memcpy(text, line.at, line.len);
    text[line.len] = '\n';
    batch->used += RECORD_SIZE(record->len);
    return true;
}

void log_file_write(struct log_file *f, struct str line)
{
    struct log_writer *w = f->writer;
    (void)pthread_mutex_lock(&w->lock);
    if (!add_record(w, f, line))
        atomic_fetch_add(&w->dropped, 1);
    if (w->state == THREAD_SLEEPS || w->filling.used >= w->half / 2)
        wake_thread(w);
    (void)pthread_mutex_unlock(&w->lock);
}

bool log_writer_reopen(struct log_writer *w, struct error *ret_error)
{
    bool all = true;
    struct log_file *f;
    (void)pthread_mutex_lock(&w->lock);
    for (size_t i = 0; (f = map_next(&w->files, &i));) {
        int fd = f->standard ? -1 : open_path(f->name, ret_error);
        all = all && (fd >= 0 || f->standard);
        if (fd < 0)
            continue;
        if (f->fresh_fd >= 0)
            (void)close(f->fresh_fd);
        f->fresh_fd = fd;
    }
    w->filling.reopen_at = w->filling.used;
    wake_thread(w);
    (void)pthread_mutex_unlock(&w->lock);
    return all;
}

uint64_t log_writer_dropped(const struct log_writer *w)
{
    return atomic_load(&w->dropped);
}
