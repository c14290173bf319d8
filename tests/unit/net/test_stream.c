/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/stream.h"

#include "testing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/str.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/net/tls.h"

#include "support/certificates.h"

#define LOAD (3 << 20)

/* One end: what it still has to say, and what it has heard. */
struct end {
    struct stream stream;
    size_t said, heard, to_say;
    size_t piece; /* bytes of one read */
    unsigned sum; /* over what was heard, place by place */
    int calls;    /* of on_readable */
    int failure;
    bool ended, closed;
    bool silent; /* reads nothing */
    bool rude;   /* does not say that it has ended */
};

struct pair {
    struct loop loop;
    struct end left, right;
};

static char *load;

static struct end *end_of(struct stream *s)
{
    return container_of(s, struct end, stream);
}

static void watch(struct end *e)
{
    stream_watch(&e->stream, !e->ended && !e->silent, e->said < e->to_say);
}

static void on_readable(struct stream *s)
{
    struct end *e = end_of(s);
    unsigned char bytes[65536];
    ssize_t got = stream_read(s, bytes, e->piece);
    e->calls++;
    for (ssize_t i = 0; i < got; i++)
        e->sum += bytes[i] * (unsigned)(e->heard++ % 8191 + 1);
    e->ended |= got == 0;
    if (got < 0 && got != -EAGAIN) {
        e->failure = (int)-got;
        e->ended = true;
    }
    watch(e);
}

static void on_writable(struct stream *s)
{
    struct end *e = end_of(s);
    size_t left = e->to_say - e->said;
    struct iovec parts[] = {
        {load + e->said, left / 3}, {NULL, 0}, {load + e->said + left / 3, left - left / 3}};
    ssize_t sent = stream_write(s, parts, 3);
    if (sent < 0) {
        e->failure = (int)-sent;
        e->said = e->to_say;
    } else {
        e->said += (size_t)sent;
    }
    if (e->said == e->to_say && !e->rude)
        stream_shutdown(s);
    watch(e);
}

static void on_closed(struct stream *s)
{
    end_of(s)->closed = true;
}

static const struct stream_events events = {on_readable, on_writable, on_closed};

static struct certificates files;
static struct tls_context *context;
static SSL_CTX *client_context;

static int make_files(void **state)
{
    (void)state;
    struct error error;
    certificates_init(&files);
    certificates_make(&files, "one", "one.test", KEY_ECDSA, -60, 3600);
    context = tls_context_new(NULL, false);
    assert_true(tls_context_add_pair(context, certificates_path(&files, "one.pem"),
                                     certificates_path(&files, "one-key.pem"), &error));
    client_context = SSL_CTX_new(TLS_client_method());
    load = xmalloc(LOAD);
    for (size_t i = 0; i < LOAD; i++)
        load[i] = (char)(i * 31 + i / 997);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    tls_context_free(context);
    SSL_CTX_free(client_context);
    certificates_release(&files);
    free(load);
    return 0;
}

static SSL *client_session(int version)
{
    SSL *ssl = SSL_new(client_context);
    assert_true(SSL_set_max_proto_version(ssl, version));
    SSL_set_connect_state(ssl);
    return ssl;
}

/* Version 0: plain. */
static void pair_open(struct pair *p, int version, size_t left_says, size_t right_says)
{
    int fds[2];
    *p = (struct pair){.left = {.to_say = left_says, .piece = 65536},
                       .right = {.to_say = right_says, .piece = 65536}};
    loop_init(&p->loop);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    stream_open(&p->left.stream, &p->loop, fds[0], version ? tls_context_accept(context) : NULL,
                &events);
    stream_open(&p->right.stream, &p->loop, fds[1], version ? client_session(version) : NULL,
                &events);
}

static void pair_close(struct pair *p)
{
    stream_close(&p->left.stream);
    stream_close(&p->right.stream);
    stream_close(&p->right.stream); /* once more: nothing */
    loop_run(&p->loop);
    assert_true(p->left.closed && p->right.closed);
    loop_release(&p->loop);
}

static unsigned sum_of(size_t len)
{
    unsigned sum = 0;
    for (size_t i = 0; i < len; i++)
        sum += (unsigned char)load[i] * (unsigned)(i % 8191 + 1);
    return sum;
}

static const struct {
    const char *name;
    int version;
    size_t left_says, right_says, piece;
} exchanges[] = {
    {"plain, both ways", 0, LOAD, LOAD, 65536},
    {"TLS 1.2, both ways", TLS1_2_VERSION, LOAD, LOAD, 65536},
    {"TLS 1.3, both ways", TLS1_3_VERSION, LOAD, LOAD, 65536},
    {"TLS 1.3, one way", TLS1_3_VERSION, 0, LOAD, 65536},
    {"TLS 1.3, other way", TLS1_3_VERSION, LOAD, 0, 65536},
    {"TLS 1.2, tiny reads", TLS1_2_VERSION, 9999, 9999, 7},
    {"TLS 1.3, tiny reads", TLS1_3_VERSION, 9999, 9999, 7},
    {"plain, tiny reads", 0, 9999, 9999, 7},
    {"TLS 1.3, nothing", TLS1_3_VERSION, 0, 1, 65536},
};

static void test_exchanges(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, exchanges) {
        struct pair p;
        pair_open(&p, c->version, c->left_says, c->right_says);
        p.left.piece = p.right.piece = c->piece;
        watch(&p.left);
        watch(&p.right);
        while (p.left.heard < c->right_says || p.right.heard < c->left_says) {
            CHECK_CASE(c, !p.left.failure && !p.right.failure, "%d %d", p.left.failure,
                       p.right.failure);
            (void)uv_run(&p.loop.uv, UV_RUN_ONCE);
        }
        CHECK_CASE(c, p.left.sum == sum_of(c->right_says), "left heard something else");
        CHECK_CASE(c, p.right.sum == sum_of(c->left_says), "right heard something else");
        pair_close(&p);
    }
}

static void test_orderly_end(void **state)
{
    (void)state;
    static const int versions[] = {0, TLS1_2_VERSION, TLS1_3_VERSION};
    FOR_EACH (version, versions, ARRAY_LENGTH(versions)) {
        struct pair p;
        pair_open(&p, *version, 10, 10);
        watch(&p.left);
        watch(&p.right);
        while (!p.left.ended || !p.right.ended)
            (void)uv_run(&p.loop.uv, UV_RUN_ONCE);
        assert_int_equal(p.left.failure, 0);
        assert_int_equal(p.right.failure, 0);
        assert_int_equal(p.left.heard, 10);
        assert_int_equal(p.right.heard, 10);
        pair_close(&p);
    }
}

/* Without close_notify nobody can tell whether all has come: no end, but a failure. */
static void test_end_that_is_cut_off(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    FOR_EACH (version, versions, ARRAY_LENGTH(versions)) {
        struct pair p;
        pair_open(&p, *version, 0, 10);
        p.right.rude = true;
        watch(&p.left);
        watch(&p.right);
        while (p.left.heard < 10)
            (void)uv_run(&p.loop.uv, UV_RUN_ONCE);
        stream_close(&p.right.stream);
        while (!p.left.ended)
            (void)uv_run(&p.loop.uv, UV_RUN_ONCE);
        assert_int_equal(p.left.failure, ECONNRESET);
        pair_close(&p);
    }
}

static void test_garbage_instead_of_tls(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p, TLS1_3_VERSION, 0, 0);
    watch(&p.left);
    assert_int_equal(write(p.right.stream.fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
    while (!p.left.ended)
        (void)uv_run(&p.loop.uv, UV_RUN_ONCE);
    assert_int_equal(p.left.failure, EPROTO);
    pair_close(&p);
}

static void test_writing_to_nobody(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p, 0, LOAD, 0);
    p.left.silent = true;
    watch(&p.left);
    stream_close(&p.right.stream);
    while (!p.left.failure)
        (void)uv_run(&p.loop.uv, UV_RUN_ONCE);
    assert_int_equal(p.left.failure, EPIPE);
    pair_close(&p);
}

static void test_watching_nothing_leaves_bytes_alone(void **state)
{
    (void)state;
    static const int versions[] = {0, TLS1_2_VERSION, TLS1_3_VERSION};
    FOR_EACH (version, versions, ARRAY_LENGTH(versions)) {
        struct pair p;
        pair_open(&p, *version, 0, 3000);
        p.left.piece = 1;
        watch(&p.left);
        watch(&p.right);
        while (p.left.heard < 1)
            (void)uv_run(&p.loop.uv, UV_RUN_ONCE);
        stream_watch(&p.left.stream, false, false);
        size_t heard = p.left.heard;
        for (int i = 0; i < 5; i++)
            (void)uv_run(&p.loop.uv, UV_RUN_NOWAIT);
        assert_int_equal(p.left.heard, heard);

        p.left.piece = 65536; /* what TLS holds is offered without a poll event */
        watch(&p.left);
        while (p.left.heard < 3000)
            (void)uv_run(&p.loop.uv, UV_RUN_ONCE);
        pair_close(&p);
    }
}

static void test_nothing_comes_after_close(void **state)
{
    (void)state;
    static const int versions[] = {0, TLS1_3_VERSION};
    FOR_EACH (version, versions, ARRAY_LENGTH(versions)) {
        struct pair p;
        pair_open(&p, *version, 0, 100);
        p.left.piece = 1;
        watch(&p.left);
        watch(&p.right);
        while (p.left.heard < 1)
            (void)uv_run(&p.loop.uv, UV_RUN_ONCE);
        stream_close(&p.left.stream);
        int calls = p.left.calls;
        while (!p.left.closed)
            (void)uv_run(&p.loop.uv, UV_RUN_ONCE);
        assert_int_equal(p.left.calls, calls);
        pair_close(&p);
    }
}

static void test_detach(void **state)
{
    (void)state;
    struct pair p;
    struct ssl_st *ssl;
    struct end again = {.piece = 65536};
    pair_open(&p, TLS1_3_VERSION, 0, 100);
    p.left.piece = 1;
    watch(&p.left);
    watch(&p.right);
    while (p.left.heard < 1)
        (void)uv_run(&p.loop.uv, UV_RUN_ONCE);

    int fd = stream_detach(&p.left.stream, &ssl);
    stream_open(&again.stream, &p.loop, fd, ssl, &events); /* in the same turn */
    watch(&again);
    while (p.left.heard + again.heard < 100)
        (void)uv_run(&p.loop.uv, UV_RUN_ONCE);
    stream_close(&again.stream);
    pair_close(&p);
    assert_true(again.closed);
}

int main(void)
{
    (void)alarm(60); /* a test that waits for ever */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchanges),
        cmocka_unit_test(test_orderly_end),
        cmocka_unit_test(test_end_that_is_cut_off),
        cmocka_unit_test(test_garbage_instead_of_tls),
        cmocka_unit_test(test_writing_to_nobody),
        cmocka_unit_test(test_watching_nothing_leaves_bytes_alone),
        cmocka_unit_test(test_nothing_comes_after_close),
        cmocka_unit_test(test_detach),
    };
    return cmocka_run_group_tests_name("net/stream", tests, make_files, remove_files);
}
