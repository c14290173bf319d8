/* SPDX-License-Identifier: Apache-2.0 */
#include "http_client_private.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

/* Sending. */

static void on_deadline(struct timer *timer)
{
    struct http_call *call = container_of(timer, struct http_call, timer);
    error_set(&call->error, ERROR_TIMEOUT, "no answer in time");
    http_call_fail(call, &call->error);
}

void http_transfer_watch(struct http_call *call)
{
    stream_watch(&call->connection->stream, !call->paused,
                 !call->send_error && call->sent < request_size(call));
}

/* A write that fails is not the end: the answer may have been sent before the peer closed, and
 * reading tells. */
static void send_request(struct http_call *call)
{
    struct stream *stream = &call->connection->stream;
    struct str head = buf_str(&call->head), body = buf_str(&call->body);
    struct str left[] = {str_skip(head, call->sent),
                         str_skip(body, call->sent > head.len ? call->sent - head.len : 0)};
    struct iovec parts[2];
    int count = 0;
    FOR_EACH (part, left, ARRAY_LENGTH(left)) {
        if (part->len)
            parts[count++] = (struct iovec){(void *)(uintptr_t)part->at, part->len};
    }
    ssize_t sent = stream_write(stream, parts, count);
    if (sent < 0)
        call->send_error = (int)-sent;
    else
        call->sent += (size_t)sent;
    http_transfer_watch(call);
}

void http_transfer_start_timer(struct http_call *call)
{
    timer_start(call->client->loop, &call->timer, call->deadline, on_deadline);
}

void http_transfer(struct http_call *call, struct connection *conn)
{
    conn->call = call;
    call->connection = conn;
    http_transfer_start_timer(call);
    send_request(call);
}

static void on_writable(struct stream *stream)
{
    struct connection *conn = container_of(stream, struct connection, stream);
    if (conn->connecting)
        http_connect_finish(conn);
    else
        send_request(conn->call);
}

/* Receiving. */

/* True where the peer cannot have read the whole request: what it had not acknowledged when it
 * closed, it never got. */
static bool is_unacknowledged(const struct http_call *call)
{
    int bytes = 0; /* sent or still to be sent, not acknowledged */
    if (call->sent < request_size(call))
        return true;
    return ioctl(call->connection->stream.fd, SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

/* The one case in which a request is sent again: a kept connection that the peer gave up in the
 * moment in which it was used. */
static bool was_stale(const struct http_call *call, int number)
{
    if (!call->reused || call->answered)
        return false;
    if (call->send_error)
        number = call->send_error;
    if (number == ECONNRESET || number == EPIPE)
        return true;
    return number == 0 && is_unacknowledged(call);
}

static void replace_connection(struct http_call *call)
{
    http_client_close(call->connection);
    call->connection = NULL;
    call->reused = false;
    call->sent = 0;
    call->send_error = 0;
    http_connect(call);
}

static void on_end(struct http_call *call, int number)
{
    struct http_head head;
    struct error error;
    if (number == 0 && call->streaming && answer_reader_ends(&call->answer)) {
        http_stream_finish(call);
    } else if (number == 0 && !call->streaming && answer_reader_end(&call->answer, &head)) {
        http_call_deliver(call, &head);
    } else if (was_stale(call, number)) {
        replace_connection(call);
    } else {
        error_set(&error, ERROR_CONNECTION, "the connection ended %s the answer: %s",
                  call->answered ? "within" : "before", number ? strerror(number) : "closed");
        http_call_fail(call, &error);
    }
}

static void on_bytes(struct http_call *call, struct str bytes)
{
    struct http_head head;
    struct error error;
    call->answered = true;
    switch (answer_reader_feed(&call->answer, bytes, call->answer_max, &head, &error)) {
    case ANSWER_MORE:
        if (call->events && call->answer.head_size)
            (void)http_stream_begin(call, &head);
        break;
    case ANSWER_COMPLETE:
        http_call_deliver(call, &head);
        break;
    case ANSWER_FAILED:
        http_call_fail(call, &error);
        break;
    }
}

static void on_readable(struct stream *stream)
{
    struct connection *conn = container_of(stream, struct connection, stream);
    if (!conn->call) { /* an idle peer that ends, or speaks unasked: not to be used again */
        http_client_close(conn);
        return;
    }
    char *scratch = stream->loop->scratch;
    ssize_t got = stream_read(stream, scratch, LOOP_SCRATCH_SIZE);
    if (got > 0 && conn->call->streaming)
        http_stream_pass(conn->call, scratch, (size_t)got);
    else if (got > 0)
        on_bytes(conn->call, str_of(scratch, (size_t)got));
    else if (got != -EAGAIN)
        on_end(conn->call, (int)-got);
}

const struct stream_events http_transfer_events = {
    .on_readable = on_readable, .on_writable = on_writable, .on_closed = http_client_on_closed};
