/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/socket.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#include "http_connection_private.h"

#define NEVER UINT64_MAX

/* A client that is still sending is given this time to read the answer that ended its request,
 * before the close destroys it (RFC 9112, 9.6). Beyond the bytes its input is left in the kernel.
 */
#define LINGER_TIMEOUT (2 * USEC_PER_SEC)
#define LINGER_MAX     1048576

/* Least room for input that nobody reads yet: pipelined requests, a body that is not wanted. */
#define READ_AHEAD 16384

/* Of requests that came at once, so many are answered; then other connections have their turn. */
#define REQUESTS_IN_TURN 16

static void close_now(struct http_connection *c)
{
    c->phase = HTTP_CLOSED;
    timer_cancel(c->server->loop, &c->timer);
    task_cancel(c->server->loop, &c->task);
    stream_close(&c->stream);
}

/* The close sends RST instead of FIN. */
static void reset_on_close(struct http_connection *c)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(c->stream.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static void vanish(struct http_connection *c)
{
    bool has_request = c->phase == HTTP_REQUEST;
    close_now(c);
    if (has_request)
        c->server->events->on_gone(c, false);
}

/* Ends our side; the client's too, unless it may still be sending. */
static void begin_close(struct http_connection *c, bool linger)
{
    linger = linger && !c->ended;
    if (linger || c->stream.ssl) /* a plain close says as much */
        stream_shutdown(&c->stream);
    if (!linger) {
        close_now(c);
        return;
    }
    c->phase = HTTP_LINGER;
    c->dropped = 0;
    c->heard_at = loop_now(c->server->loop);
}

static void await_head(struct http_connection *c)
{
    c->phase = HTTP_AWAIT;
    c->head_begun = false;
    c->heard_at = loop_now(c->server->loop);
}

static void finish_request(struct http_connection *c)
{
    bool unread = c->input_failed || !c->body_done;
    buf_release(&c->out);
    http_input_drop_trailers(c);
    if (c->close) {
        begin_close(c, unread || c->input->len > 0);
    } else if (unread) {
        c->phase = HTTP_DRAIN;
        c->dropped = 0;
        c->heard_at = loop_now(c->server->loop);
    } else {
        await_head(c);
    }
    c->server->events->on_gone(c, true);
}

static bool step_await(struct http_connection *c, struct str *in)
{
    if (in->len == 0 && (c->draining || c->ended)) {
        begin_close(c, false);
        return false;
    }
    if (http_input_take_head(c, in))
        return true;
    if (c->ended)
        close_now(c); /* within a head: there is nobody left to answer */
    return false;
}

static bool step_request(struct http_connection *c, struct str *in)
{
    if (c->input_failed)
        *in = str_skip(*in, in->len);
    if (http_input_deliver_body(c, in))
        return true;
    if (c->answer == HTTP_ANSWER_ENDED && !http_output_is_pending(c)) {
        finish_request(c);
        return true;
    }
    if (c->ended && (c->upgrade || http_input_is_cut_off(c, *in)))
        vanish(c);
    return false;
}

static bool step_drain(struct http_connection *c, struct str *in)
{
    struct str piece;
    switch (http_input_take_body(c, in, &piece)) {
    case HTTP_CHUNK_DATA:
        c->dropped += piece.len;
        if (c->dropped > HTTP_DRAIN_MAX)
            begin_close(c, true);
        return true;
    case HTTP_CHUNK_TRAILER:
        return true;
    case HTTP_CHUNK_MORE:
        if (c->ended)
            close_now(c);
        return false;
    case HTTP_CHUNK_END:
        await_head(c);
        return true;
    case HTTP_CHUNK_INVALID:
        begin_close(c, true);
        return true;
    }
    return false;
}

/* Whatever a step calls may close or break the connection; it is freed in a later turn. */
static bool step(struct http_connection *c, struct str *in)
{
    if (c->broken && c->phase != HTTP_CLOSED)
        vanish(c);
    switch (c->phase) {
    case HTTP_AWAIT:
        return step_await(c, in);
    case HTTP_REQUEST:
        return step_request(c, in);
    case HTTP_DRAIN:
        return step_drain(c, in);
    case HTTP_LINGER:
        c->dropped += in->len;
        if (c->ended)
            close_now(c);
        break;
    case HTTP_CLOSED:
        break;
    }
    *in = str_of(NULL, 0);
    return false;
}

static size_t read_ahead(const struct http_connection *c)
{
    size_t head_max = c->server->options.head_max;
    return head_max > READ_AHEAD ? head_max : READ_AHEAD;
}

/* How much may be read now; 0: watch nothing, so that the client waits. */
static size_t room_to_read(const struct http_connection *c)
{
    size_t held = buf_len(&c->in);
    bool takes_all = c->phase == HTTP_DRAIN || c->phase == HTTP_LINGER || c->body_wanted;
    if (c->ended || c->phase == HTTP_CLOSED)
        return 0;
    if (c->phase == HTTP_LINGER && c->dropped > LINGER_MAX)
        return 0;
    if (takes_all && held == 0)
        return LOOP_SCRATCH_SIZE;
    return held < read_ahead(c) ? read_ahead(c) - held : 0;
}

static uint64_t deadline(const struct http_connection *c)
{
    const struct http_server_options *o = &c->server->options;
    uint64_t due = NEVER;
    switch (c->phase) {
    case HTTP_AWAIT:
        due = c->heard_at + (c->head_begun ? o->header_timeout : o->keep_alive_timeout);
        break;
    case HTTP_REQUEST:
        due = c->body_wanted ? c->heard_at + o->body_timeout : NEVER;
        break;
    case HTTP_DRAIN:
        due = c->heard_at + o->body_timeout;
        break;
    case HTTP_LINGER:
        due = c->heard_at + LINGER_TIMEOUT;
        break;
    case HTTP_CLOSED:
        return NEVER;
    }
    if (http_output_is_pending(c) && c->sent_at + o->send_timeout < due)
        due = c->sent_at + o->send_timeout;
    return due;
}

static void on_timer(struct timer *timer);

/* A running timer is only ever moved forward: most deadlines are put off again before they come,
 * and a timer that rings early looks and goes back to sleep. */
static void arm_timer(struct http_connection *c)
{
    uint64_t due = deadline(c);
    if (due == NEVER || (timer_is_running(&c->timer) && c->timer.due <= due))
        return;
    timer_start(c->server->loop, &c->timer, due, on_timer);
}

/* After all that could be done with the input. */
static void settle(struct http_connection *c)
{
    if (buf_len(&c->in) == 0)
        buf_release(&c->in);
    if (c->phase == HTTP_CLOSED)
        return;
    stream_watch(&c->stream, room_to_read(c) > 0, http_output_is_pending(c));
    arm_timer(c);
}

/* Works on `bytes`, which are all of c->in, or came just now while that was empty. */
static void run(struct http_connection *c, struct str bytes)
{
    bool held = buf_len(&c->in) > 0;
    struct str in = bytes;
    unsigned answered = 0;
    c->input = &in;
    while (answered < REQUESTS_IN_TURN && step(c, &in))
        answered += c->phase == HTTP_AWAIT;
    c->input = NULL;
    if (held)
        buf_consume(&c->in, bytes.len - in.len);
    else
        buf_append(&c->in, in);
    settle(c);
    if (answered == REQUESTS_IN_TURN)
        http_connection_schedule(c);
}

static void on_readable(struct stream *stream);

/* What was sent before the drain began may still lie in the kernel: a client that is about to be
 * closed as idle is looked at once more. */
static void on_task(struct task *task)
{
    struct http_connection *c = container_of(task, struct http_connection, task);
    if (c->draining && c->phase == HTTP_AWAIT && room_to_read(c) > 0)
        on_readable(&c->stream);
    run(c, buf_str(&c->in));
}

void http_connection_schedule(struct http_connection *c)
{
    if (!c->input && c->phase != HTTP_CLOSED)
        task_defer(c->server->loop, &c->task, on_task);
}

static void expire(struct http_connection *c)
{
    uint64_t now = loop_now(c->server->loop);
    if (http_output_is_pending(c) && now >= c->sent_at + c->server->options.send_timeout) {
        reset_on_close(c);
        vanish(c);
    } else if (c->phase == HTTP_AWAIT && buf_len(&c->in) > 0) {
        http_input_fail(c, 408, "the head did not come in time");
    } else if (c->phase == HTTP_REQUEST) {
        http_input_fail(c, 408, "the body did not come in time");
    } else {
        begin_close(c, false);
    }
}

static void on_timer(struct timer *timer)
{
    struct http_connection *c = container_of(timer, struct http_connection, timer);
    if (loop_now(c->server->loop) >= deadline(c)) {
        expire(c);
        run(c, buf_str(&c->in));
    } else {
        arm_timer(c);
    }
}

static void on_readable(struct stream *stream)
{
    struct http_connection *c = container_of(stream, struct http_connection, stream);
    char *scratch = c->server->loop->scratch;
    size_t room = room_to_read(c);
    if (room == 0) { /* options that have changed meanwhile leave none */
        run(c, buf_str(&c->in));
        return;
    }
    ssize_t got = stream_read(stream, scratch, room < LOOP_SCRATCH_SIZE ? room : LOOP_SCRATCH_SIZE);
    if (got == -EAGAIN)
        return;
    c->broken |= got < 0;
    c->ended |= got == 0;
    struct str bytes = str_of(scratch, got > 0 ? (size_t)got : 0);
    if (buf_len(&c->in) > 0) {
        buf_append(&c->in, bytes);
        bytes = buf_str(&c->in);
    }
    run(c, bytes);
}

static void on_writable(struct stream *stream)
{
    struct http_connection *c = container_of(stream, struct http_connection, stream);
    http_output_flush(c);
    run(c, buf_str(&c->in));
}

static void link_to_server(struct http_connection *c)
{
    struct http_server *server = c->server;
    c->next = server->connections;
    if (c->next)
        c->next->previous = c;
    server->connections = c;
    server->connection_count++;
}

static void unlink_from_server(struct http_connection *c)
{
    struct http_connection **here = c->previous ? &c->previous->next : &c->server->connections;
    *here = c->next;
    if (c->next)
        c->next->previous = c->previous;
    c->server->connection_count--;
}

static void on_closed(struct stream *stream)
{
    struct http_connection *c = container_of(stream, struct http_connection, stream);
    unlink_from_server(c);
    c->server->events->on_closed(c);
    http_input_drop_trailers(c);
    buf_release(&c->in);
    buf_release(&c->out);
    free(c);
}

static const struct stream_events stream_events = {on_readable, on_writable, on_closed};

struct http_connection *http_connection_open(struct http_server *server, int fd, struct ssl_st *ssl,
                                             void *owner)
{
    struct http_connection *c = xcalloc(1, sizeof(*c));
    c->server = server;
    c->owner = owner;
    link_to_server(c);
    stream_open(&c->stream, server->loop, fd, ssl, &stream_events);
    await_head(c);
    c->head_begun = true; /* the first head is due from now, handshake included */
    settle(c);
    return c;
}

void *http_connection_owner(const struct http_connection *c)
{
    return c->owner;
}

struct ssl_st *http_connection_ssl(const struct http_connection *c)
{
    return c->stream.ssl;
}

void http_connection_read_body(struct http_connection *c)
{
    if (c->phase != HTTP_REQUEST || c->input_failed || c->body_told)
        return;
    bool none_came = (c->input ? c->input->len : buf_len(&c->in)) == 0;
    if (c->expects && none_came && c->answer == HTTP_ANSWER_NONE)
        http_output_continue(c);
    c->expects = false;
    c->body_wanted = true;
    c->heard_at = loop_now(c->server->loop);
    http_connection_schedule(c);
}

void http_connection_pause_body(struct http_connection *c)
{
    c->body_wanted = false;
}

bool http_connection_has_ended(const struct http_connection *c)
{
    char byte;
    if (c->ended || c->broken || c->phase == HTTP_CLOSED)
        return true;
    ssize_t got = recv(c->stream.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

void http_connection_abort(struct http_connection *c)
{
    if (c->phase == HTTP_CLOSED)
        return;
    reset_on_close(c);
    close_now(c);
}

void http_connection_shutdown(struct http_connection *c)
{
    c->draining = true;
    if (c->phase == HTTP_REQUEST)
        c->close = true;
    http_connection_schedule(c);
}

int http_connection_detach(struct http_connection *c, struct ssl_st **ret_ssl, struct buf *early)
{
    assert(c->phase == HTTP_REQUEST && c->upgrade && c->answer == HTTP_ANSWER_NONE);
    buf_append(early, c->input ? *c->input : buf_str(&c->in));
    int fd = stream_detach(&c->stream, ret_ssl);
    close_now(c);
    return fd;
}

void http_server_init(struct http_server *server, struct loop *loop,
                      const struct http_server_options *options,
                      const struct http_connection_events *events)
{
    *server = (struct http_server){.loop = loop, .events = events, .options = *options};
}

void http_server_each(struct http_server *server, void (*fn)(struct http_connection *c, void *data),
                      void *data)
{
    for (struct http_connection *c = server->connections; c; c = c->next)
        fn(c, data);
}

static void shut_down(struct http_connection *c, void *data)
{
    (void)data;
    http_connection_shutdown(c);
}

void http_server_shutdown(struct http_server *server)
{
    http_server_each(server, shut_down, NULL);
}

static void break_off(struct http_connection *c, void *data)
{
    (void)data;
    if (c->phase == HTTP_CLOSED)
        return;
    reset_on_close(c);
    c->broken = true;
    http_connection_schedule(c);
}

void http_server_abort(struct http_server *server)
{
    http_server_each(server, break_off, NULL);
}

void http_server_release(struct http_server *server)
{
    assert(server->connection_count == 0);
    buf_release(&server->head);
}
