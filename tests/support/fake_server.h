/* SPDX-License-Identifier: Apache-2.0 */
/* fake_server.h: an HTTP/1.1 peer on the test's own loop that answers exactly what the test tells
 * it to, whether that is HTTP or not; plain or over TLS. */
#ifndef TURNPIKE_TESTS_FAKE_SERVER_H
#define TURNPIKE_TESTS_FAKE_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>

#include "turnpike/base/buf.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/net/loop.h"

#include "testing.h"

struct fake_connection;

/* A complete request: by Content-Length, which is 0 where none is given. */
struct fake_request {
    struct str head; /* without the empty line */
    struct str body;
};

typedef void fake_request_fn(struct fake_connection *c, const struct fake_request *request);

struct fake_server {
    struct loop *loop;
    fake_request_fn *on_request;
    void (*on_connect)(struct fake_connection *c); /* or NULL */
    void (*on_bytes)(struct fake_connection *c);   /* of a request, perhaps not all; or NULL */
    uv_tcp_t tcp;
    uint16_t port;
    SSL_CTX *tls;                 /* set by the test, which owns it; NULL: plain */
    size_t connections, requests; /* so far */
    struct fake_connection *open;
};

struct fake_connection {
    struct fake_server *server;
    struct fake_connection *next;
    uv_tcp_t tcp;
    SSL *ssl;
    struct buf in;
    size_t requests;
    struct timer timer; /* for the test's use */
    bool closing;
};

static void fake_on_closed(uv_handle_t *handle)
{
    struct fake_connection *c = container_of(handle, struct fake_connection, tcp);
    struct fake_connection **at = &c->server->open;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    SSL_free(c->ssl);
    buf_release(&c->in);
    free(c);
}

/* Ends with FIN, or with RST where the kernel holds bytes that were not read. */
static inline void fake_close(struct fake_connection *c)
{
    timer_cancel(c->server->loop, &c->timer);
    if (!c->closing)
        uv_close((uv_handle_t *)&c->tcp, fake_on_closed);
    c->closing = true;
}

static inline void fake_reset(struct fake_connection *c)
{
    timer_cancel(c->server->loop, &c->timer);
    if (!c->closing)
        (void)uv_tcp_close_reset(&c->tcp, fake_on_closed);
    c->closing = true;
}

static void fake_on_ended(uv_shutdown_t *request, int status)
{
    (void)status;
    free(request);
}

static void fake_on_written(uv_write_t *request, int status)
{
    (void)status;
    free(request);
}

static inline void fake_send_raw(struct fake_connection *c, struct str bytes)
{
    uv_write_t *request = xmalloc(sizeof(*request) + bytes.len);
    char *copy = (char *)(request + 1);
    memcpy(copy, bytes.at, bytes.len);
    uv_buf_t part = uv_buf_init(copy, (unsigned)bytes.len);
    (void)uv_write(request, (uv_stream_t *)&c->tcp, &part, 1, fake_on_written);
}

/* What TLS has written goes out. */
static inline void fake_flush(struct fake_connection *c)
{
    char *sealed;
    long len = BIO_get_mem_data(SSL_get_wbio(c->ssl), &sealed);
    if (len > 0)
        fake_send_raw(c, str_of(sealed, (size_t)len));
    (void)BIO_reset(SSL_get_wbio(c->ssl));
}

static inline void fake_send(struct fake_connection *c, struct str bytes)
{
    if (!c->ssl) {
        fake_send_raw(c, bytes);
        return;
    }
    assert_int_equal(SSL_write(c->ssl, bytes.at, (int)bytes.len), bytes.len);
    fake_flush(c);
}

/* FIN behind what was sent; reading goes on. */
static inline void fake_end(struct fake_connection *c)
{
    if (c->ssl) {
        (void)SSL_shutdown(c->ssl);
        fake_flush(c);
    }
    uv_shutdown_t *request = xmalloc(sizeof(*request));
    if (uv_shutdown(request, (uv_stream_t *)&c->tcp, fake_on_ended) != 0)
        free(request);
}

static inline void fake_reply(struct fake_connection *c, const char *format, ...) PRINTF(2, 3);
static inline void fake_reply(struct fake_connection *c, const char *format, ...)
{
    scoped_buf struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    fake_send(c, buf_str(&text));
}

/* The value of a field, or empty. */
static inline struct str fake_field(struct str head, struct str name)
{
    struct str line;
    while (str_split(&head, '\n', &line)) {
        struct str field = str_head(line, str_find(line, ':'));
        if (field.len < line.len && str_eq_nocase(field, name)) {
            struct str value = str_skip(line, field.len + 1);
            if (value.len && value.at[value.len - 1] == '\r')
                value.len--;
            return str_trim(value);
        }
    }
    return (struct str){0};
}

static bool fake_take_request(struct fake_connection *c)
{
    struct str in = buf_str(&c->in);
    struct fake_request request = {.head = str_head(in, str_find_str(in, STR("\r\n\r\n")))};
    uint64_t length = 0;
    if (request.head.len == in.len)
        return false;
    struct str written = fake_field(request.head, STR("content-length"));
    if (written.len && !str_to_u64(written, &length))
        fail_msg("Content-Length of the request");
    if (in.len < request.head.len + 4 + length)
        return false;
    request.body = str_head(str_skip(in, request.head.len + 4), length);
    c->requests++;
    c->server->requests++;
    c->server->on_request(c, &request);
    buf_consume(&c->in, request.head.len + 4 + length);
    return true;
}

/* The handshake goes on by itself. A client of libcurl 8.14 does not close before its close_notify
 * was answered. */
static void fake_open_sealed(struct fake_connection *c, struct str sealed)
{
    char part[4096];
    int len;
    (void)BIO_write(SSL_get_rbio(c->ssl), sealed.at, (int)sealed.len);
    while ((len = SSL_read(c->ssl, part, sizeof(part))) > 0)
        buf_append(&c->in, str_of(part, (size_t)len));
    fake_flush(c);
    if (SSL_get_shutdown(c->ssl) & SSL_RECEIVED_SHUTDOWN)
        fake_close(c);
}

static void fake_on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *part)
{
    struct fake_connection *c = container_of((uv_tcp_t *)stream, struct fake_connection, tcp);
    if (len < 0) {
        fake_close(c);
        return;
    }
    if (c->ssl)
        fake_open_sealed(c, str_of(part->base, (size_t)len));
    else
        buf_append(&c->in, str_of(part->base, (size_t)len));
    if (!c->closing && c->server->on_bytes && buf_len(&c->in))
        c->server->on_bytes(c);
    while (!c->closing && fake_take_request(c))
        ;
}

static void fake_on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *ret_part)
{
    struct fake_connection *c = container_of((uv_tcp_t *)handle, struct fake_connection, tcp);
    (void)size;
    *ret_part = uv_buf_init(c->server->loop->scratch, LOOP_SCRATCH_SIZE);
}

static void fake_on_connection(uv_stream_t *stream, int status)
{
    struct fake_server *s = container_of((uv_tcp_t *)stream, struct fake_server, tcp);
    struct fake_connection *c = xcalloc(1, sizeof(*c));
    assert_int_equal(status, 0);
    *c = (struct fake_connection){.server = s, .next = s->open};
    if (s->tls) {
        c->ssl = SSL_new(s->tls);
        SSL_set_bio(c->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(c->ssl);
    }
    s->open = c;
    s->connections++;
    (void)uv_tcp_init(&s->loop->uv, &c->tcp);
    (void)uv_accept(stream, (uv_stream_t *)&c->tcp);
    (void)uv_tcp_nodelay(&c->tcp, 1);
    (void)uv_read_start((uv_stream_t *)&c->tcp, fake_on_alloc, fake_on_read);
    if (s->on_connect)
        s->on_connect(c);
}

/* Listens on a free port of `address`. */
static inline void fake_server_start_at(struct fake_server *s, struct loop *loop,
                                        const char *address, fake_request_fn *on_request)
{
    struct sockaddr_storage bound;
    int len = sizeof(bound);
    *s = (struct fake_server){.loop = loop, .on_request = on_request};
    (void)uv_tcp_init(&loop->uv, &s->tcp);
    if (uv_ip4_addr(address, 0, (struct sockaddr_in *)(void *)&bound) != 0)
        assert_int_equal(uv_ip6_addr(address, 0, (struct sockaddr_in6 *)(void *)&bound), 0);
    assert_int_equal(uv_tcp_bind(&s->tcp, (struct sockaddr *)&bound, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&s->tcp, 128, fake_on_connection), 0);
    assert_int_equal(uv_tcp_getsockname(&s->tcp, (struct sockaddr *)&bound, &len), 0);
    s->port = ntohs(((struct sockaddr_in *)(void *)&bound)->sin_port); /* both have it there */
}

static inline void fake_server_start(struct fake_server *s, struct loop *loop,
                                     fake_request_fn *on_request)
{
    fake_server_start_at(s, loop, "127.0.0.1", on_request);
}

/* Closes everything; memory goes when the loop turns, loop_release at the latest. */
static inline void fake_server_stop(struct fake_server *s)
{
    uv_close((uv_handle_t *)&s->tcp, NULL);
    for (struct fake_connection *c = s->open; c; c = c->next)
        fake_close(c);
}

static void fake_on_tick(struct timer *timer)
{
    (void)timer; /* it has woken the loop */
}

/* Turns the loop until *count reaches `want`. Fails after ten seconds. The tick is for what happens
 * in a timer just before the loop would sleep. */
static inline void run_until(struct loop *loop, const size_t *count, size_t want)
{
    struct timer tick = {0};
    uint64_t began = clock_monotonic();
    while (*count < want && clock_monotonic() - began < 10 * USEC_PER_SEC) {
        if (!timer_is_running(&tick))
            timer_start(loop, &tick, loop_now(loop) + 10 * USEC_PER_MSEC, fake_on_tick);
        (void)uv_run(&loop->uv, UV_RUN_ONCE);
    }
    timer_cancel(loop, &tick);
    if (*count < want)
        fail_msg("waited in vain: %zu of %zu", *count, want);
}

/* Turns the loop once without waiting, for what must not happen. */
static inline void run_turns(struct loop *loop, unsigned turns)
{
    while (turns--)
        (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
}

#endif
