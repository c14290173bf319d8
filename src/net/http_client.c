/* SPDX-License-Identifier: Apache-2.0 */
#include "http_client_private.h"

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#define KEPT_BUFFER 16384 /* a larger one is not kept for the next answer */

static void destroy_if_gone(struct http_client *c)
{
    if (c->freed && c->open == 0 && c->delivering == 0)
        free(c);
}

/* Connections. */

void http_client_on_closed(struct stream *stream)
{
    struct connection *conn = container_of(stream, struct connection, stream);
    struct http_client *c = conn->client;
    free(conn);
    c->open--;
    destroy_if_gone(c);
}

static void unlink_idle(struct connection *conn)
{
    if (!conn->at)
        return;
    *conn->at = conn->next;
    if (conn->next)
        conn->next->at = conn->at;
    conn->at = NULL;
    conn->client->idle_count--;
}

void http_client_close(struct connection *conn)
{
    unlink_idle(conn);
    conn->call = NULL;
    stream_close(&conn->stream);
}

/* Closes the idle connections whose time is over and rings again for the first of the rest. A
 * connection of the pool is never used beyond its time, whether this has rung or not. */
static void on_reaper(struct timer *timer)
{
    struct http_client *c = container_of(timer, struct http_client, reaper);
    uint64_t now = loop_now(c->loop), next = UINT64_MAX;
    for (struct connection *conn = c->idle, *after; conn; conn = after) {
        after = conn->next;
        if (conn->idle_until <= now)
            http_client_close(conn);
        else if (conn->idle_until < next)
            next = conn->idle_until;
    }
    if (c->idle)
        timer_start(c->loop, &c->reaper, next, on_reaper);
}

static void keep_connection(struct connection *conn, uint64_t promised)
{
    struct http_client *c = conn->client;
    uint64_t time = c->options.keep_alive_timeout;
    if (promised < time)
        time = promised;
    if (time == 0 || c->idle_count >= c->options.idle_max) {
        http_client_close(conn);
        return;
    }
    conn->call = NULL;
    conn->idle_until = loop_now(c->loop) + time;
    conn->next = c->idle;
    conn->at = &c->idle;
    if (c->idle)
        c->idle->at = &conn->next;
    c->idle = conn;
    c->idle_count++;
    if (!timer_is_running(&c->reaper))
        timer_start(c->loop, &c->reaper, conn->idle_until, on_reaper);
}

static struct connection *take_idle(struct http_client *c)
{
    struct connection *conn;
    while ((conn = c->idle)) {
        unlink_idle(conn);
        if (loop_now(c->loop) < conn->idle_until)
            return conn;
        http_client_close(conn);
    }
    return NULL;
}

/* The life of a call's memory. */

static struct http_call *take_call(struct http_client *c)
{
    struct http_call *call = c->spare;
    if (call) {
        c->spare = call->next;
        c->spare_count--;
    } else {
        call = xcalloc(1, sizeof(*call));
    }
    call->client = c;
    call->next = c->calls;
    call->at = &c->calls;
    if (c->calls)
        c->calls->at = &call->next;
    c->calls = call;
    return call;
}

static void reset_answer(struct http_call *call)
{
    struct buf in = call->answer.in;
    buf_clear(&in);
    if (in.capacity > KEPT_BUFFER)
        buf_release(&in);
    call->answer = (struct answer_reader){.in = in};
}

/* Keeps it for the next one, all zero but for the memory of its answer. The addresses need no
 * zero: they are large, and their count says what holds. */
static void keep_call(struct http_client *c, struct http_call *call)
{
    if (c->freed || c->spare_count >= c->options.idle_max) {
        buf_release(&call->answer.in);
        free(call);
        return;
    }
    reset_answer(call);
    call->sent = call->tried = call->addresses.count = 0;
    call->send_error = 0;
    call->reused = call->answered = false;
    call->next = c->spare;
    c->spare = call;
    c->spare_count++;
}

/* Ends everything that could still reach the call; its answer and its memory stay. */
static void detach_call(struct http_call *call)
{
    struct loop *loop = call->client->loop;
    timer_cancel(loop, &call->timer);
    task_cancel(loop, &call->failing);
    resolver_cancel(&call->wait);
    if (call->connection)
        http_client_close(call->connection);
    call->connection = NULL;
    *call->at = call->next;
    if (call->next)
        call->next->at = call->at;
    buf_release(&call->head);
    buf_release(&call->body);
}

void http_call_fail(struct http_call *call, const struct error *why)
{
    struct error error = *why; /* often the call's own */
    http_call_fn *done = call->done;
    void *data = call->data;
    detach_call(call);
    keep_call(call->client, call);
    done(data, NULL, &error);
}

/* The connection goes back before the callback, which may start the next call. */
void http_call_deliver(struct http_call *call, const struct http_head *head)
{
    struct http_client *c = call->client;
    struct connection *conn = call->connection;
    if (call->answer.keep_alive && !call->send_error && call->sent == request_size(call)) {
        call->connection = NULL;
        keep_connection(conn, answer_idle_time(head));
    }
    detach_call(call);

    struct http_client_answer answer = {.status = head->status,
                                        .headers = head->headers,
                                        .header_count = head->header_count,
                                        .body = call->answer.in};
    buf_consume(&answer.body, call->answer.head_size);
    call->answer.in = (struct buf){0};
    c->delivering++;
    call->done(call->data, &answer, NULL);
    c->delivering--;
    call->answer.in = answer.body;
    keep_call(c, call);
    destroy_if_gone(c);
}

/* The client. */

struct http_client *http_client_new(struct loop *loop, const struct http_client_options *options)
{
    struct http_client *c = xcalloc(1, sizeof(*c));
    c->loop = loop;
    c->options = *options;
    c->options.host = (struct str){0};
    c->resolver = resolver_new(loop, options->host, options->port);
    return c;
}

void http_client_configure(struct http_client *c, const struct http_client_options *options)
{
    assert(options->port == c->options.port);
    c->options = *options;
    c->options.host = (struct str){0};
}

static void free_spare(struct http_client *c)
{
    while (c->spare) {
        struct http_call *call = c->spare;
        c->spare = call->next;
        buf_release(&call->answer.in);
        free(call);
    }
}

void http_client_free(struct http_client *c)
{
    if (!c)
        return;
    c->freed = true;
    for (struct http_call *call = c->calls, *next; call; call = next) {
        next = call->next;
        http_call_cancel(call);
    }
    while (c->idle)
        http_client_close(c->idle);
    timer_cancel(c->loop, &c->reaper);
    resolver_free(c->resolver);
    free_spare(c);
    destroy_if_gone(c);
}

struct http_call *http_call_start(struct http_client *c, struct buf head, struct buf body,
                                  uint64_t timeout, http_call_fn *done, void *data)
{
    struct http_call *call = take_call(c);
    call->head = head;
    call->body = body;
    call->deadline = loop_now(c->loop) + timeout;
    call->done = done;
    call->data = data;
    struct connection *conn = take_idle(c);
    call->reused = conn != NULL;
    if (conn)
        http_transfer(call, conn);
    else
        http_connect(call);
    return call;
}

void http_call_cancel(struct http_call *call)
{
    detach_call(call);
    keep_call(call->client, call);
}
