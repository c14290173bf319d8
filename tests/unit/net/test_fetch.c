/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/fetch.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/certificates.h"
#include "support/fake_server.h"

#define TIMEOUT (5 * USEC_PER_SEC)

struct fixture {
    struct loop loop;
    struct fake_server server;
    struct curl_loop *curl;
    struct fetcher *fetcher;
    size_t done;
    /* of the last answer */
    enum error_code code;
    unsigned status;
    struct buf body, cache_control;
    char why[256];
};

static void on_done(void *data, const struct fetch_answer *answer, const struct error *error)
{
    struct fixture *f = data;
    assert_true(!answer != !error);
    f->done++;
    buf_clear(&f->body);
    buf_clear(&f->cache_control);
    f->code = error ? error->code : ERROR_NONE;
    f->status = answer ? answer->status : 0;
    (void)snprintf(f->why, sizeof(f->why), "%s", error ? error->text : "");
    if (answer) {
        buf_append(&f->body, answer->body);
        buf_append(&f->cache_control, answer->cache_control);
    }
}

static struct str target_of(const struct fake_request *request)
{
    struct str rest = request->head, method, target;
    (void)str_split(&rest, ' ', &method);
    (void)str_split(&rest, ' ', &target);
    return target;
}

static const struct {
    const char *name, *target, *answer;
    enum error_code code;
    unsigned status;
    const char *body, *cache_control;
} cases[] = {
    {"a document", "/keys", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 0, 200, "{}", ""},
    {"any status is an answer", "/404", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", 0,
     404, "no", ""},
    {"redirects are not followed", "/moved",
     "HTTP/1.1 302 Found\r\nLocation: /keys\r\nContent-Length: 0\r\n\r\n", 0, 302, "", ""},
    {"cache-control", "/cc",
     "HTTP/1.1 200 OK\r\ncache-control:  max-age=60 \r\nCache-Control: private\r\n"
     "Content-Length: 0\r\n\r\n",
     0, 200, "", "max-age=60, private"},
    {"a head before the last does not count", "/early",
     "HTTP/1.1 103 Early Hints\r\nCache-Control: no-store\r\n\r\n"
     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
     0, 200, "", ""},
    {"chunks", "/chunks",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", 0, 200,
     "abc", ""},
    {"the bound itself", "/16", "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n0123456789abcdef", 0,
     200, "0123456789abcdef", ""},
    {"announced beyond the bound", "/17",
     "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n0123456789abcdefg", ERROR_TOO_LARGE, 0, "", ""},
    {"chunks beyond the bound", "/17c",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n0123456789abcdefg\r\n0\r\n\r\n",
     ERROR_TOO_LARGE, 0, "", ""},
    {"no HTTP at all", "/junk", "SSH-2.0-OpenSSH\r\n", ERROR_UNSUPPORTED, 0, "", ""},
    {"the end before an answer", "/end", "", ERROR_CONNECTION, 0, "", ""},
    {"the end inside the body", "/cut", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
     ERROR_CONNECTION, 0, "", ""},
};

static void answer(struct fake_connection *c, const struct fake_request *request)
{
    struct str target = target_of(request);
    FOR_EACH_CASE (row, cases) {
        if (!str_is(target, row->target))
            continue;
        if (row->answer[0])
            fake_send(c, str_from(row->answer));
        if (row->code)
            fake_end(c);
    }
}

static void setup(struct fixture *f)
{
    *f = (struct fixture){0};
    loop_init(&f->loop);
    fake_server_start(&f->server, &f->loop, answer);
    f->curl = curl_loop_new(&f->loop, NULL);
    f->fetcher = fetcher_new(f->curl);
}

static void teardown(struct fixture *f)
{
    fetcher_free(f->fetcher);
    curl_loop_free(f->curl);
    fake_server_stop(&f->server);
    loop_release(&f->loop);
    buf_release(&f->body);
    buf_release(&f->cache_control);
}

static struct fetch *start(struct fixture *f, struct str url, uint64_t timeout)
{
    return fetch_start(f->fetcher,
                       &(struct fetch_request){.url = url, .timeout = timeout, .size_max = 16},
                       on_done, f);
}

static struct fetch *start_target(struct fixture *f, const char *target, uint64_t timeout)
{
    char url[128];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", f->server.port, target);
    return start(f, str_from(url), timeout);
}

static void answers_and_errors(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    FOR_EACH_CASE (c, cases) {
        size_t want = f.done + 1;
        (void)start_target(&f, c->target, TIMEOUT);
        CHECK_CASE(c, f.done == want - 1, "called back too early");
        run_until(&f.loop, &f.done, want);
        CHECK_CASE(c, f.code == c->code, "error %d: %s", f.code, f.why);
        CHECK_CASE(c, f.status == c->status, "status %u", f.status);
        assert_str_equal(buf_str(&f.body), str_from(c->body));
        assert_str_equal(buf_str(&f.cache_control), str_from(c->cache_control));
    }
    assert_int_equal(f.server.requests, ARRAY_LENGTH(cases));
    teardown(&f);
}

static const struct {
    const char *name, *url;
    enum error_code code;
} refused[] = {
    {"a file", "file:///etc/hostname", ERROR_UNSUPPORTED},
    {"ftp", "ftp://127.0.0.1/x", ERROR_UNSUPPORTED},
    {"no URL", "http://[", ERROR_INVALID},
    {"nobody listens", "http://127.0.0.1:1/", ERROR_CONNECT},
};

static void what_cannot_be_fetched(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    FOR_EACH_CASE (c, refused) {
        size_t want = f.done + 1;
        (void)start(&f, str_from(c->url), TIMEOUT);
        CHECK_CASE(c, f.done == want - 1, "called back too early");
        run_until(&f.loop, &f.done, want);
        CHECK_CASE(c, f.code == c->code, "error %d: %s", f.code, f.why);
    }
    teardown(&f);
}

static void a_proxy_of_the_environment_is_not_used(void **state)
{
    (void)state;
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    struct fixture f;
    setup(&f);
    (void)start_target(&f, "/keys", TIMEOUT);
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(f.code, ERROR_NONE);
    teardown(&f);
    assert_int_equal(unsetenv("http_proxy"), 0);
}

static void a_silent_peer_times_out(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    (void)start_target(&f, "/silence", 30 * USEC_PER_MSEC);
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(f.code, ERROR_TIMEOUT);
    teardown(&f);
}

static void a_cancelled_fetch_never_calls_back(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    struct fetch *early = start_target(&f, "/keys", TIMEOUT);
    fetch_cancel(early);
    struct fetch *late = start_target(&f, "/silence", TIMEOUT);
    run_until(&f.loop, &f.server.requests, 1);
    fetch_cancel(late);
    (void)start_target(&f, "/keys", TIMEOUT);
    run_until(&f.loop, &f.done, 1);
    run_turns(&f.loop, 10);
    assert_int_equal(f.done, 1);
    (void)start_target(&f, "/silence", TIMEOUT); /* cancelled by the fetcher's end */
    run_until(&f.loop, &f.server.requests, 3);
    teardown(&f);
    assert_int_equal(f.done, 1);
}

/* TLS: a server on a thread of its own, whose certificate nobody knows. */

struct tls_server {
    pthread_t thread;
    SSL_CTX *context;
    int fd;
    uint16_t port;
    struct certificates certificates;
};

static void *serve_tls(void *data)
{
    struct tls_server *s = data;
    char in[4096];
    int fd;
    while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
        SSL *ssl = SSL_new(s->context);
        (void)SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1 && SSL_read(ssl, in, sizeof(in)) > 0)
            (void)SSL_write(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 40);
        (void)SSL_shutdown(ssl);
        SSL_free(ssl);
        (void)close(fd);
    }
    return NULL;
}

static void start_tls(struct tls_server *s)
{
    certificates_init(&s->certificates);
    certificates_make(&s->certificates, "server", "localhost", KEY_ECDSA, -60, 3600);
    s->context = SSL_CTX_new(TLS_server_method());
    struct str file = certificates_path(&s->certificates, "server.pem"),
               key = certificates_path(&s->certificates, "server-key.pem");
    assert_true(SSL_CTX_use_certificate_file(s->context, file.at, SSL_FILETYPE_PEM) &&
                SSL_CTX_use_PrivateKey_file(s->context, key.at, SSL_FILETYPE_PEM));

    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(s->fd, 8), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &len), 0);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve_tls, s), 0);
}

static void stop_tls(struct tls_server *s)
{
    (void)shutdown(s->fd, SHUT_RDWR); /* wakes accept */
    (void)pthread_join(s->thread, NULL);
    (void)close(s->fd);
    SSL_CTX_free(s->context);
    certificates_release(&s->certificates);
}

static void fetch_tls(struct fixture *f, const struct tls_server *s, const char *host)
{
    char url[64];
    (void)snprintf(url, sizeof(url), "https://%s:%u/", host, s->port);
    (void)start(f, str_from(url), TIMEOUT);
    run_until(&f->loop, &f->done, f->done + 1);
}

static void certificates_are_checked(void **state)
{
    (void)state;
    struct fixture f;
    struct tls_server s;
    setup(&f);
    start_tls(&s);

    fetch_tls(&f, &s, "localhost");
    assert_int_equal(f.code, ERROR_TLS);

    assert_true(curl_loop_trust(f.curl, certificates_path(&s.certificates, "server.pem"), NULL));
    fetch_tls(&f, &s, "localhost");
    assert_int_equal(f.code, ERROR_NONE);
    assert_str_equal(buf_str(&f.body), STR("{}"));
    fetch_tls(&f, &s, "127.0.0.1"); /* not in the certificate */
    assert_int_equal(f.code, ERROR_TLS);

    struct error error = {0};
    assert_false(curl_loop_trust(f.curl, STR("/nonexistent.pem"), &error));
    assert_int_equal(error.code, ERROR_SYSTEM);
    assert_false(curl_loop_trust(f.curl, STR("/etc/hostname"), &error));
    assert_int_equal(error.code, ERROR_INVALID);
    fetch_tls(&f, &s, "localhost"); /* a failure leaves what was trusted */
    assert_int_equal(f.code, ERROR_NONE);

    assert_true(curl_loop_trust(f.curl, (struct str){0}, NULL));
    fetch_tls(&f, &s, "localhost");
    assert_int_equal(f.code, ERROR_TLS);
    teardown(&f);
    stop_tls(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_and_errors),
        cmocka_unit_test(what_cannot_be_fetched),
        cmocka_unit_test(a_proxy_of_the_environment_is_not_used),
        cmocka_unit_test(a_silent_peer_times_out),
        cmocka_unit_test(a_cancelled_fetch_never_calls_back),
        cmocka_unit_test(certificates_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
