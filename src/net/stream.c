/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/str.h"

#define TLS_RECORD_SIZE 16384

/* The events that the owner's wishes need just now: under TLS a read may wait for room to write
 * and a write for bytes to read. */
static int needed_events(const struct stream *s)
{
    int events = 0;
    if (s->want_read)
        events |= s->read_needs_write ? UV_WRITABLE : UV_READABLE;
    if (s->want_write)
        events |= s->write_needs_read ? UV_READABLE : UV_WRITABLE;
    return events;
}

static void on_poll(uv_poll_t *poll, int status, int events);

/* Every change costs an epoll_ctl, so uv_poll hears of real changes only. */
static void update_poll(struct stream *s)
{
    int events = s->closing ? 0 : needed_events(s);
    if (events == s->polled)
        return;
    s->polled = events;
    int failed = events ? uv_poll_start(&s->poll, events, on_poll) : uv_poll_stop(&s->poll);
    assert(!failed);
}

static void on_wake(struct task *task);

/* Whether a TLS read would get further without anything new from the socket: a client that only
 * listens still speaks first. */
static bool tls_can_read(SSL *ssl)
{
    return SSL_has_pending(ssl) || (SSL_in_before(ssl) && !SSL_is_server(ssl));
}

static void wake_for_held_bytes(struct stream *s)
{
    if (s->ssl && s->want_read && !s->closing && !s->drained && tls_can_read(s->ssl))
        task_defer(s->loop, &s->wake, on_wake);
}

/* The owner may close the stream inside a callback, but its memory stays until on_closed. */
static void deliver(struct stream *s, bool readable, bool writable)
{
    if (readable && s->want_read && !s->closing) {
        s->drained = false;
        s->events->on_readable(s);
    }
    if (writable && s->want_write && !s->closing)
        s->events->on_writable(s);
    update_poll(s);
    wake_for_held_bytes(s);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct stream *s = container_of(poll, struct stream, poll);
    if (status < 0) { /* a socket error: libuv has stopped watching, and the next call tells */
        s->polled = 0;
        events = UV_READABLE | UV_WRITABLE;
    }
    deliver(s, events & (s->read_needs_write ? UV_WRITABLE : UV_READABLE),
            events & (s->write_needs_read ? UV_READABLE : UV_WRITABLE));
}

static void on_wake(struct task *task)
{
    struct stream *s = container_of(task, struct stream, wake);
    deliver(s, true, false);
}

static void configure_tls(struct stream *s)
{
    (void)SSL_set_mode(s->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_set_options(s->ssl, SSL_OP_NO_RENEGOTIATION);
    SSL_set_read_ahead(s->ssl, 1); /* a record is one read, not two */
    int ok = SSL_set_fd(s->ssl, s->fd);
    assert(ok);
}

void stream_open(struct stream *s, struct loop *loop, int fd, struct ssl_st *ssl,
                 const struct stream_events *events)
{
    *s = (struct stream){.events = events, .loop = loop, .ssl = ssl, .fd = fd};
    int failed = uv_poll_init(&loop->uv, &s->poll, fd);
    assert(!failed);
    if (ssl)
        configure_tls(s);
}

void stream_watch(struct stream *s, bool readable, bool writable)
{
    s->want_read = readable;
    s->want_write = writable;
    update_poll(s);
    wake_for_held_bytes(s);
}

/* What a failed TLS call means, as errno. Leaves OpenSSL's error queue empty: it is one per
 * thread, and the next connection must not meet this one's errors. */
static int tls_errno(int error)
{
    int number = errno;
    unsigned long reason = ERR_peek_error();
    ERR_clear_error();
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return EAGAIN;
    if (error == SSL_ERROR_SYSCALL)
        return number ? number : ECONNRESET;
    if (ERR_GET_REASON(reason) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return ECONNRESET; /* the end without close_notify: whatever was under way is cut off */
    return EPROTO;
}

/* Called after each TLS call: a call that got further may have unblocked the other direction. */
static void note_progress(struct stream *s)
{
    if (SSL_is_init_finished(s->ssl))
        s->write_needs_read = false;
    update_poll(s);
}

static ssize_t tls_read(struct stream *s, char *out, size_t size)
{
    size_t got = 0, len = 0;
    int error = SSL_ERROR_NONE;
    ERR_clear_error();
    errno = 0;
    do {
        if (!SSL_read_ex(s->ssl, out + got, size - got, &len)) {
            error = SSL_get_error(s->ssl, 0);
            break;
        }
        got += len;
    } while (got < size && SSL_has_pending(s->ssl));

    s->read_needs_write = error == SSL_ERROR_WANT_WRITE;
    s->drained = error == SSL_ERROR_WANT_READ;
    int number = error ? tls_errno(error) : 0;
    note_progress(s);
    if (got > 0 || error == SSL_ERROR_ZERO_RETURN)
        return (ssize_t)got; /* a failure behind these bytes is met again by the next call */
    return -number;
}

ssize_t stream_read(struct stream *s, void *out, size_t size)
{
    assert(size > 0);
    if (s->ssl)
        return tls_read(s, out, size);
    for (;;) {
        ssize_t got = recv(s->fd, out, size, 0);
        if (got >= 0)
            return got;
        if (errno != EINTR)
            return -errno;
    }
}

/* Where to go on writing in a list of parts. */
struct cursor {
    const struct iovec *parts;
    int count;
    size_t offset; /* in the first of them */
};

static void cursor_advance(struct cursor *c, size_t len)
{
    c->offset += len;
    while (c->count > 0 && c->offset >= c->parts->iov_len) {
        c->offset -= c->parts->iov_len;
        c->parts++;
        c->count--;
    }
}

/* The next bytes that make a record: a view where one part fills it or is the last, else a copy
 * of several parts, because head and body in one record are one packet and one read. */
static struct str next_record(struct cursor c, char record[TLS_RECORD_SIZE])
{
    struct str first =
        str_of((const char *)c.parts->iov_base + c.offset, c.parts->iov_len - c.offset);
    if (c.count == 1 || first.len >= TLS_RECORD_SIZE)
        return str_head(first, TLS_RECORD_SIZE);

    size_t filled = 0;
    while (c.count > 0 && filled < TLS_RECORD_SIZE) {
        struct str part = str_head(
            str_of((const char *)c.parts->iov_base + c.offset, c.parts->iov_len - c.offset),
            TLS_RECORD_SIZE - filled);
        if (part.len)
            memcpy(record + filled, part.at, part.len);
        filled += part.len;
        cursor_advance(&c, part.len);
    }
    return str_of(record, filled);
}

static ssize_t tls_write(struct stream *s, const struct iovec *parts, int count)
{
    char record[TLS_RECORD_SIZE];
    struct cursor at = {parts, count, 0};
    size_t sent = 0, len = 0;
    int error = SSL_ERROR_NONE;
    ERR_clear_error();
    errno = 0;
    bool shaking = !SSL_is_init_finished(s->ssl); /* may read application data ahead */
    cursor_advance(&at, 0);                       /* empty parts in front */
    while (at.count > 0) {
        struct str next = next_record(at, record);
        if (!SSL_write_ex(s->ssl, next.at, next.len, &len)) {
            error = SSL_get_error(s->ssl, 0);
            break;
        }
        sent += len;
        cursor_advance(&at, len);
    }

    s->write_needs_read = error == SSL_ERROR_WANT_READ;
    s->drained = s->drained && !shaking;
    int number = error ? tls_errno(error) : 0;
    note_progress(s);
    wake_for_held_bytes(s);
    return sent > 0 || number == EAGAIN ? (ssize_t)sent : -number;
}

ssize_t stream_write(struct stream *s, const struct iovec *parts, int count)
{
    if (s->ssl)
        return tls_write(s, parts, count);
    struct iovec *unchanged = (struct iovec *)(uintptr_t)parts; /* sendmsg only reads them */
    struct msghdr message = {.msg_iov = unchanged, .msg_iovlen = (size_t)count};
    for (;;) {
        ssize_t sent = sendmsg(s->fd, &message, MSG_NOSIGNAL);
        if (sent >= 0)
            return sent;
        if (errno != EINTR)
            return errno == EAGAIN ? 0 : -errno;
    }
}

void stream_shutdown(struct stream *s)
{
    if (s->ssl && SSL_is_init_finished(s->ssl)) {
        (void)SSL_shutdown(s->ssl);
        ERR_clear_error();
    }
    (void)shutdown(s->fd, SHUT_WR);
}

/* Only now may the number of the fd be given to another socket. */
static void on_poll_closed(uv_handle_t *handle)
{
    struct stream *s = container_of(handle, struct stream, poll);
    SSL_free(s->ssl);
    if (s->fd >= 0)
        (void)close(s->fd);
    s->events->on_closed(s);
}

void stream_close(struct stream *s)
{
    if (s->closing)
        return;
    s->closing = true;
    task_cancel(s->loop, &s->wake);
    update_poll(s);
    uv_close((uv_handle_t *)&s->poll, on_poll_closed);
}

int stream_detach(struct stream *s, struct ssl_st **ret_ssl)
{
    int fd = s->fd;
    stream_close(s);
    s->fd = -1;
    *ret_ssl = s->ssl;
    s->ssl = NULL;
    return fd;
}
