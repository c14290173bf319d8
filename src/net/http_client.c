/* SPDX-License-Identifier: Apache-2.0 */
#include "http_client_private.h"

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#define KEPT_BUFFER 16384 /* a larger one is not kept for the next answer */

void http_client_destroy_if_gone(struct http_client *c)
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
    http_client_destroy_if_gone(c);
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
void http_call_keep(struct http_client *c, struct http_call *call)
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
    call->streaming = call->paused = call->ended = call->cancelled = false;
    call->next = c->spare;
    c->spare = call;
    c->spare_count++;
}

void http_call_detach(struct http_call *call)
{
    struct loop *loop = call->client->loop;
    timer_cancel(loop, &call->timer);
    task_cancel(loop, &call->later);
    resolver_cancel(&call->wait);
    if (call->connection)
        http_client_close(call->connection);
    call->connection = NULL;
    if (call->https)
        https_call_close(call);
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
    const struct http_stream_events *events = call->events;
    void *data = call->data;
    http_call_detach(call);
    http_call_keep(call->client, call);
    if (done)
        done(data, NULL, &error);
    else
        events->on_end(data, &error);
}

void http_call_leave_connection(struct http_call *call, uint64_t promised)
{
    struct connection *conn = call->connection;
    if (call->https) /* libcurl has it */
        return;
    call->connection = NULL;
    if (call->answer.keep_alive && !call->send_error && call->sent == request_size(call))
        keep_connection(conn, promised);
    else
        http_client_close(conn);
}

/* Where no body follows, what the field says nevertheless (RFC 9110, 8.6). */
static void note_length(struct http_client_answer *answer, const struct http_head *head)
{
    const struct header *field;
    answer->has_content_length = head->framing == HTTP_BODY_LENGTH;
    answer->content_length = head->content_length;
    if (head->framing == HTTP_BODY_NONE &&
        (field = http_find_header(head->headers, head->header_count, STR("content-length"))))
        answer->has_content_length = str_to_u64(field->value, &answer->content_length);
}

struct http_client_answer http_call_answer(struct http_call *call, const struct http_head *head)
{
    struct http_client_answer answer = {.status = head->status,
                                        .headers = head->headers,
                                        .header_count = head->header_count,
                                        .body = call->answer.in};
    buf_consume(&answer.body, call->answer.head_size);
    call->answer.in = (struct buf){0};
    if (call->events)
        note_length(&answer, head);
    return answer;
}

/* The connection goes back before the callback, which may start the next call. */
void http_call_deliver(struct http_call *call, const struct http_head *head)
{
    struct http_client *c = call->client;
    http_call_leave_connection(call, answer_idle_time(head));
    http_call_detach(call);
    struct http_client_answer answer = http_call_answer(call, head);
    c->delivering++;
    if (call->done)
        call->done(call->data, &answer, NULL);
    else
        call->events->on_head(call->data, &answer, true);
    c->delivering--;
    call->answer.in = answer.body;
    http_call_keep(c, call);
    http_client_destroy_if_gone(c);
}

/* The client. */

/* Who has copied the names keeps them. */
static void set_options(struct http_client *c, const struct http_client_options *options)
{
    c->options = *options;
    c->options.host = c->options.server_name = (struct str){0};
}

struct http_client *http_client_new(struct loop *loop, const struct http_client_options *options)
{
    struct http_client *c = xcalloc(1, sizeof(*c));
    c->loop = loop;
    set_options(c, options);
    if (options->curl)
        c->https = https_client_new(options);
    else
        c->resolver = resolver_new(loop, options->host, options->port);
    return c;
}

void http_client_configure(struct http_client *c, const struct http_client_options *options)
{
    assert(options->port == c->options.port && options->curl == c->options.curl);
    set_options(c, options);
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
    https_client_free(c->https);
    c->https = NULL;
    free_spare(c);
    http_client_destroy_if_gone(c);
}

static struct buf take_buf(struct buf *b)
{
    struct buf taken = *b;
    *b = (struct buf){0};
    return taken;
}

static void start(struct http_call *call, uint64_t timeout)
{
    struct http_client *c = call->client;
    call->deadline = loop_now(c->loop) + timeout;
    call->answer_max = c->options.answer_max;
    if (c->https) {
        https_call_start(call);
        return;
    }
    struct connection *conn = take_idle(c);
    call->reused = conn != NULL;
    if (conn)
        http_transfer(call, conn);
    else
        http_connect(call);
}

struct http_call *http_call_start(struct http_client *c, struct buf head, struct buf body,
                                  uint64_t timeout, http_call_fn *done, void *data)
{
    struct http_call *call = take_call(c);
    call->head = head;
    call->body = body;
    call->done = done;
    call->events = NULL;
    call->data = data;
    start(call, timeout);
    return call;
}

struct http_call *http_call_stream(struct http_client *c, struct http_stream_request *request,
                                   const struct http_stream_events *events, void *data)
{
    struct http_call *call = take_call(c);
    call->head = take_buf(&request->head);
    call->body = take_buf(&request->body);
    call->answer.to_head = request->is_head;
    call->done = NULL;
    call->events = events;
    call->data = data;
    start(call, request->timeout);
    return call;
}

void http_call_cancel(struct http_call *call)
{
    http_call_detach(call);
    if (call->calling)
        call->cancelled = true;
    else
        http_call_keep(call->client, call);
}
