/* SPDX-License-Identifier: Apache-2.0 */
/* What calls over TLS have of their own; what they share with plain ones is in test_http_stream.c.
 */
#include "turnpike/net/curl_loop.h"
#include "turnpike/net/http_client.h"

#include <unistd.h>

#include "support/certificates.h"
#include "support/fake_server.h"

#define TIMEOUT   (5 * USEC_PER_SEC)
#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct fixture {
    struct loop loop;
    struct curl_loop *curl;
    struct fake_server server;
    struct http_client *client;
    size_t done;
    /* of the last call that ended */
    enum error_code code;
    unsigned status;
    struct buf body, fields; /* fields: as they came */
    char why[256];
};

static struct certificates certificates;

static struct http_client_options options_for(const struct fixture *f)
{
    return (struct http_client_options){.host = STR("127.0.0.1"),
                                        .port = f->server.port,
                                        .connect_timeout = 2 * USEC_PER_SEC,
                                        .keep_alive_timeout = 60 * USEC_PER_SEC,
                                        .answer_max = 65536,
                                        .idle_max = 8,
                                        .curl = f->curl,
                                        .server_name = STR("server.test")};
}

static void use(struct fixture *f, const struct http_client_options *options)
{
    http_client_free(f->client);
    f->client = http_client_new(&f->loop, options);
}

static void trust(struct fixture *f, const char *file)
{
    struct str path = file ? certificates_path(&certificates, file) : (struct str){0};
    assert_true(curl_loop_trust(f->curl, path, NULL));
}

static void setup_at(struct fixture *f, const char *address, fake_request_fn *on_request)
{
    *f = (struct fixture){0};
    loop_init(&f->loop);
    fake_server_start_at(&f->server, &f->loop, address, on_request);
    f->server.tls = certificates_context(&certificates, "server");
    f->curl = curl_loop_new(&f->loop, NULL);
    trust(f, "server.pem");
    struct http_client_options options = options_for(f);
    use(f, &options);
}

static void setup(struct fixture *f, fake_request_fn *on_request)
{
    setup_at(f, "127.0.0.1", on_request);
}

static void teardown(struct fixture *f)
{
    http_client_free(f->client);
    curl_loop_free(f->curl);
    fake_server_stop(&f->server);
    SSL_CTX_free(f->server.tls);
    loop_release(&f->loop);
    buf_release(&f->body);
    buf_release(&f->fields);
}

static void on_done(void *data, struct http_client_answer *answer, const struct error *error)
{
    struct fixture *f = data;
    assert_true(!answer != !error);
    f->done++;
    f->code = error ? error->code : ERROR_NONE;
    f->status = answer ? answer->status : 0;
    (void)snprintf(f->why, sizeof(f->why), "%s", error ? error->text : "");
    buf_clear(&f->body);
    buf_clear(&f->fields);
    if (!answer)
        return;
    for (size_t i = 0; i < answer->header_count; i++)
        buf_printf(&f->fields, "%" STR_F "=%" STR_F ";", STR_A(answer->headers[i].name),
                   STR_A(answer->headers[i].value));
    buf_append(&f->body, buf_str(&answer->body));
}

static struct http_call *start_with(struct fixture *f, struct str text, struct str content,
                                    uint64_t timeout)
{
    struct buf head = {0}, body = {0};
    buf_append(&head, text);
    buf_append(&body, content);
    return http_call_start(f->client, head, body, timeout, on_done, f);
}

static struct http_call *start(struct fixture *f)
{
    return start_with(f, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n"),
                      STR("ping"), TIMEOUT);
}

static void call(struct fixture *f)
{
    size_t want = f->done + 1;
    (void)start(f);
    assert_int_equal(f->done, want - 1); /* never before start has returned */
    run_until(&f->loop, &f->done, want);
}

static void answer_ok(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    fake_send(c, STR(OK_ANSWER));
}

static void wait_for_connections(struct fixture *f, size_t want)
{
    uint64_t began = clock_monotonic();
    size_t open;
    do {
        run_turns(&f->loop, 1);
        open = 0;
        for (struct fake_connection *c = f->server.open; c; c = c->next)
            open++;
    } while (open != want && clock_monotonic() - began < TIMEOUT);
    assert_int_equal(open, want);
}

/* Requests: what goes out is what was given, but for the place of Host. */

static const struct {
    const char *name, *head, *body;
} requests[] = {
    {"a path that is no tidy one",
     "GET /a/../b/./%2e%2E//c?x=%zz&y=[1]|{2} HTTP/1.1\r\nHost: a.test:8443\r\n\r\n", ""},
    {"nothing is added to a POST", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n",
     "ping"},
    {"what is given stays",
     "PUT /x HTTP/1.1\r\nHost: h\r\nAccept: a/b\r\nuser-agent: me\r\nContent-Type: text/x\r\n"
     "Content-Length: 4\r\n\r\n",
     "ping"},
    {"names twice, in order, as they are written",
     "GET / HTTP/1.1\r\nHost: h\r\nX-b: 1\r\nx-A: 2\r\nX-b: 3\r\nCookie: a=b; c=d\r\n\r\n", ""},
    {"an empty field", "GET / HTTP/1.1\r\nHost: h\r\nX-Empty:\r\nX-Last: v\r\n\r\n", ""},
    {"a body of a DELETE", "DELETE /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n", "ping"},
    {"a POST without a body", "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", ""},
    {"any method", "PROPFIND / HTTP/1.1\r\nHost: h\r\n\r\n", ""},
    {"no encoding is asked for",
     "GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip, br\r\nTE: trailers\r\n\r\n", ""},
    {"credentials", "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: AWS4-HMAC-SHA256 x\r\n\r\n", ""},
};

static struct buf seen_head, seen_body;

static void see(struct fake_connection *c, const struct fake_request *request)
{
    buf_clear(&seen_head);
    buf_clear(&seen_body);
    buf_append(&seen_head, request->head);
    buf_literal(&seen_head, "\r\n\r\n");
    buf_append(&seen_body, request->body);
    fake_send(c, STR(OK_ANSWER));
}

static void requests_go_out_as_they_are(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, see);
    FOR_EACH_CASE (c, requests) {
        size_t want = f.done + 1;
        (void)start_with(&f, str_from(c->head), str_from(c->body), TIMEOUT);
        run_until(&f.loop, &f.done, want);
        CHECK_CASE(c, f.code == ERROR_NONE, "%s", f.why);
        assert_str_equal(buf_str(&seen_head), str_from(c->head));
        assert_str_equal(buf_str(&seen_body), str_from(c->body));
    }
    assert_int_equal(f.server.connections, 1);
    teardown(&f);
    buf_release(&seen_head);
    buf_release(&seen_body);
}

static void a_large_request_goes_at_once(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    struct str body = str_of(xcalloc(1, 4 << 20), 4 << 20);
    (void)start_with(&f, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4194304\r\n\r\n"), body,
                     TIMEOUT);
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(f.status, 200);
    free((void *)(uintptr_t)body.at);
    teardown(&f);
}

/* Answers. */

static const struct {
    const char *name, *answer;
    enum error_code code;
    const char *fields, *body;
} answers[] = {
    {"fields twice, in order",
     "HTTP/1.1 103 Early Hints\r\nX-b: no\r\n\r\n"
     "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-b: 1\r\nset-cookie: b=2\r\nContent-Length: "
     "0\r\n\r\n",
     0, "Set-Cookie=a=1;X-b=1;set-cookie=b=2;Content-Length=0;", ""},
    {"trailers are dropped",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: t\r\n\r\n", 0,
     "Transfer-Encoding=chunked;", "ok"},
    {"no decoding", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nnot", 0,
     "Content-Encoding=gzip;Content-Length=3;", "not"},
    {"no redirects", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 0,
     "Location=/x;Content-Length=0;", ""},
    {"no protocol that nobody asked for",
     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
     ERROR_PROTOCOL, "", ""},
    {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
     ERROR_PROTOCOL, "", ""},
    {"length and chunks",
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n",
     ERROR_PROTOCOL, "", ""},
    {"a line that goes on", "HTTP/1.1 200 OK\r\nX-a: 1\r\n 2\r\nContent-Length: 0\r\n\r\n",
     ERROR_PROTOCOL, "", ""},
    {"no HTTP", "SSH-2.0-x\r\n\r\n", ERROR_PROTOCOL, "", ""},
    {"another HTTP", "HTTP/2 200\r\nContent-Length: 0\r\n\r\n", ERROR_PROTOCOL, "", ""},
    {"announced beyond the bound", "HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n",
     ERROR_TOO_LARGE, "", ""},
};

static size_t row;

static void answer_row(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    fake_send(c, str_from(answers[row].answer));
    if (answers[row].code == ERROR_PROTOCOL)
        fake_end(c);
}

static void answers_are_what_they_are(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_row);
    for (row = 0; row < ARRAY_LENGTH(answers); row++) {
        call(&f);
        CHECK_CASE(&answers[row], f.code == answers[row].code, "error %d: %s", f.code, f.why);
        assert_str_equal(buf_str(&f.fields), str_from(answers[row].fields));
        assert_str_equal(buf_str(&f.body), str_from(answers[row].body));
    }
    teardown(&f);
}

/* Certificates. */

static void a_name_is_asked_for_and_verified(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    call(&f);
    assert_int_equal(f.code, ERROR_NONE);
    assert_string_equal(SSL_get_servername(f.server.open->ssl, TLSEXT_NAMETYPE_host_name),
                        "server.test");

    struct http_client_options options = options_for(&f);
    options.server_name = STR("other.test");
    use(&f, &options);
    call(&f);
    assert_int_equal(f.code, ERROR_TLS);
    assert_non_null(strstr(f.why, "other.test"));

    options.server_name = (struct str){0}; /* then it is the address */
    use(&f, &options);
    call(&f);
    assert_int_equal(f.code, ERROR_TLS);
    teardown(&f);
}

static void an_old_certificate_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    SSL_CTX_free(f.server.tls);
    f.server.tls = certificates_context(&certificates, "old");
    trust(&f, "old.pem");
    call(&f);
    assert_int_equal(f.code, ERROR_TLS);
    assert_non_null(strstr(f.why, "expired"));
    teardown(&f);
}

static void old_protocols_are_refused(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    SSL_CTX_set_security_level(f.server.tls, 0);
    (void)SSL_CTX_set_max_proto_version(f.server.tls, TLS1_1_VERSION);
    call(&f);
    assert_int_equal(f.code, ERROR_TLS);
    (void)SSL_CTX_set_max_proto_version(f.server.tls, TLS1_2_VERSION);
    call(&f);
    assert_int_equal(f.code, ERROR_NONE);
    teardown(&f);
}

/* A connection lives, and what it was verified with is trusted no more. */
static void what_is_trusted_may_change(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    call(&f);
    call(&f);
    assert_int_equal(f.server.connections, 1);
    trust(&f, NULL);
    call(&f);
    assert_int_equal(f.code, ERROR_TLS);
    assert_string_equal(f.why, "SSL certificate problem: self-signed certificate");
    wait_for_connections(&f, 0);
    trust(&f, "server.pem");
    call(&f);
    assert_int_equal(f.code, ERROR_NONE);
    assert_int_equal(f.server.connections, 3);
    teardown(&f);
}

/* One that is under way ends as it began. */
static void what_is_trusted_may_change_meanwhile(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    (void)start(&f);
    run_until(&f.loop, &f.server.requests, 1);
    trust(&f, NULL);
    (void)start(&f);
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(f.code, ERROR_NONE);
    run_until(&f.loop, &f.done, 2);
    assert_int_equal(f.code, ERROR_TLS);
    wait_for_connections(&f, 0);
    teardown(&f);
}

static void answer_the_second(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    if (c->server->requests == 2)
        fake_send(c, STR(OK_ANSWER));
}

static void an_older_call_outlives_newer_connections(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_the_second);
    struct http_client_options options = options_for(&f);
    options.keep_alive_timeout = 0;
    http_client_configure(f.client, &options);
    struct http_call *old = start(&f);
    run_until(&f.loop, &f.server.requests, 1);
    trust(&f, "server.pem");
    call(&f);
    wait_for_connections(&f, 1);
    run_turns(&f.loop, 5);
    http_call_cancel(old);
    wait_for_connections(&f, 0);
    teardown(&f);
}

/* Connections. */

static void connections_are_kept(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    for (int i = 0; i < 3; i++)
        (void)start(&f);
    run_until(&f.loop, &f.done, 3);
    assert_int_equal(f.server.connections, 3);
    for (int i = 0; i < 3; i++)
        (void)start(&f);
    run_until(&f.loop, &f.done, 6);
    assert_int_equal(f.server.connections, 3);
    teardown(&f);
}

static void no_more_than_idle_max_are_kept(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    struct http_client_options options = options_for(&f);
    for (options.idle_max = 0; options.idle_max < 3; options.idle_max++) {
        http_client_configure(f.client, &options);
        for (int i = 0; i < 4; i++)
            (void)start(&f);
        run_until(&f.loop, &f.done, f.done + 4);
        wait_for_connections(&f, options.idle_max);
    }
    teardown(&f);
}

static void idle_connections_are_closed_in_time(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    struct http_client_options options = options_for(&f);
    options.keep_alive_timeout = 20 * USEC_PER_MSEC;
    http_client_configure(f.client, &options);
    call(&f);
    wait_for_connections(&f, 0);
    call(&f);
    assert_int_equal(f.code, ERROR_NONE);
    options.keep_alive_timeout = 0;
    http_client_configure(f.client, &options);
    call(&f);
    call(&f);
    wait_for_connections(&f, 0);
    assert_int_equal(f.server.connections, 4);
    teardown(&f);
}

static void promise_nothing(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    fake_send(c, STR("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\nContent-Length: 0\r\n\r\n"));
}

static void what_the_peer_promises_counts(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, promise_nothing);
    call(&f);
    f.server.on_request = answer_ok;
    call(&f);
    assert_int_equal(f.server.connections, 2);
    call(&f);
    assert_int_equal(f.server.connections, 2);
    teardown(&f);
}

/* Bytes that belong to no request must not become the next one's answer. */
static void speak_twice(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    fake_send(c, STR(OK_ANSWER));
    if (c->server->requests == 1)
        fake_send(c, STR("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"));
}

static void a_peer_that_speaks_unasked_is_dropped(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, speak_twice);
    call(&f);
    call(&f);
    assert_str_equal(buf_str(&f.body), STR("ok"));
    assert_int_equal(f.server.connections, 2);
    teardown(&f);
}

static void several_addresses_are_tried(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok); /* on 127.0.0.1 alone */
    struct http_client_options options = options_for(&f);
    options.host = STR("localhost");
    use(&f, &options);
    call(&f);
    assert_int_equal(f.code, ERROR_NONE);
    teardown(&f);
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
    if (fd >= 0)
        (void)close(fd);
    return has;
}

static void an_ipv6_address_is_an_endpoint_too(void **state)
{
    (void)state;
    struct fixture f;
    if (!has_ipv6())
        skip();
    setup_at(&f, "::1", answer_ok);
    struct http_client_options options = options_for(&f);
    options.host = STR("::1");
    use(&f, &options);
    call(&f);
    assert_int_equal(f.code, ERROR_NONE);
    options.server_name = (struct str){0};
    use(&f, &options);
    call(&f);
    assert_int_equal(f.code, ERROR_TLS); /* it got there: the certificate names another */
    teardown(&f);
}

static void nobody_listens(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    struct http_client_options options = options_for(&f);
    options.port = 1;
    use(&f, &options);
    call(&f);
    assert_int_equal(f.code, ERROR_CONNECT);
    options.host = STR("nowhere.invalid");
    use(&f, &options);
    call(&f);
    assert_int_equal(f.code, ERROR_CONNECT);
    teardown(&f);
}

/* A server that accepts and never shakes hands. */
static void connecting_has_a_limit_of_its_own(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    SSL_CTX_free(f.server.tls);
    f.server.tls = NULL;
    struct http_client_options options = options_for(&f);
    options.connect_timeout = 20 * USEC_PER_MSEC;
    use(&f, &options);
    call(&f);
    assert_int_equal(f.code, ERROR_CONNECT);
    (void)start_with(&f, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), (struct str){0},
                     5 * USEC_PER_MSEC);
    run_until(&f.loop, &f.done, 2);
    assert_int_equal(f.code, ERROR_TIMEOUT); /* the whole call's ended first */
    teardown(&f);
}

/* Nothing is sent twice that may have been read. */

static void end_after_the_first(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    if (c->server->requests == 1)
        fake_send(c, STR(OK_ANSWER));
    else
        fake_end(c);
}

static void close_after_the_first(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    if (c->server->requests == 1)
        fake_send(c, STR(OK_ANSWER));
    else
        fake_close(c); /* without a word */
}

static void cut_after_the_first(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    fake_send(c, c->server->requests == 1 ? STR(OK_ANSWER) : STR("H"));
    if (c->server->requests > 1)
        fake_reset(c);
}

static const struct {
    const char *name, *head, *body;
    fake_request_fn *on_request;
} once[] = {
    {"POST, farewell", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n", "ping",
     end_after_the_first},
    {"POST, silence", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n", "ping",
     close_after_the_first},
    {"POST without a body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "",
     end_after_the_first},
    {"GET", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "", end_after_the_first},
    {"a byte of an answer", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n", "ping",
     cut_after_the_first},
};

static void what_may_have_been_read_is_not_sent_again(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, once) {
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
            struct fixture f;
            setup(&f, c->on_request);
            (void)SSL_CTX_set_max_proto_version(f.server.tls, version);
            for (int i = 0; i < 2; i++) {
                (void)start_with(&f, str_from(c->head), str_from(c->body), TIMEOUT);
                run_until(&f.loop, &f.done, f.done + 1);
            }
            CHECK_CASE(c, f.code == ERROR_CONNECTION, "error %d: %s", f.code, f.why);
            CHECK_CASE(c, f.server.requests == 2, "%zu requests", f.server.requests);
            teardown(&f);
        }
    }
}

/* The peer gives the connection up and never reads what comes then. */
static void reset_unread(struct fake_connection *c)
{
    c->server->on_bytes = NULL;
    buf_clear(&c->in);
    fake_reset(c);
}

static void a_lost_request_is_sent_again(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    call(&f);
    (void)uv_read_stop((uv_stream_t *)&f.server.open->tcp);
    struct str body = str_of(xcalloc(1, 16 << 20), 16 << 20);
    (void)start_with(&f, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 16777216\r\n\r\n"),
                     body, TIMEOUT);
    run_turns(&f.loop, 20);
    fake_reset(f.server.open);
    run_until(&f.loop, &f.done, 2);
    assert_int_equal(f.code, ERROR_NONE);
    assert_int_equal(f.server.connections, 2);
    assert_int_equal(f.server.requests, 2);
    free((void *)(uintptr_t)body.at);
    teardown(&f);
}

static void a_connection_that_was_closed_meanwhile_is_not_used(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    call(&f);
    fake_end(f.server.open);
    run_turns(&f.loop, 5);
    call(&f);
    assert_int_equal(f.code, ERROR_NONE);
    fake_reset(f.server.open);
    call(&f);
    assert_int_equal(f.code, ERROR_NONE);
    assert_int_equal(f.server.requests, 3);
    teardown(&f);
}

/* A fresh connection that dies is no reason to try again. */
static void a_fresh_connection_is_not_replaced(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    f.server.on_bytes = reset_unread;
    call(&f);
    assert_int_equal(f.code, ERROR_CONNECTION);
    assert_int_equal(f.server.connections, 1);
    teardown(&f);
}

/* Ends. */

static void answer_nothing(struct fake_connection *c, const struct fake_request *request)
{
    (void)c, (void)request;
}

static void a_silent_peer_times_out(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_nothing);
    (void)start_with(&f, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), (struct str){0},
                     300 * USEC_PER_MSEC);
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(f.code, ERROR_TIMEOUT);
    wait_for_connections(&f, 0);
    teardown(&f);
}

static void a_cancelled_call_never_calls_back(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_nothing);
    http_call_cancel(start(&f)); /* not even connecting */
    struct http_call *sent = start(&f);
    run_until(&f.loop, &f.server.requests, 1);
    http_call_cancel(sent);
    wait_for_connections(&f, 0);
    (void)start(&f); /* dropped with the client */
    teardown(&f);
    assert_int_equal(f.done, 0);
}

/* Closing does not wait for whoever looks a name up; where there is no network, that may be over.
 */
static void a_look_up_is_left_behind(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    struct http_client_options options = options_for(&f);
    options.host = STR("nowhere.invalid");
    use(&f, &options);
    (void)start(&f);
    run_turns(&f.loop, 2);
    size_t done = f.done;
    teardown(&f);
    assert_int_equal(f.done, done);
}

static void free_the_client(void *data, struct http_client_answer *answer,
                            const struct error *error)
{
    struct fixture *f = data;
    on_done(data, answer, error);
    http_client_free(f->client);
    f->client = NULL;
}

static void the_client_may_be_freed_in_a_callback(void **state)
{
    (void)state;
    fake_request_fn *const servers[] = {answer_ok, end_after_the_first};
    for (size_t i = 0; i < ARRAY_LENGTH(servers); i++) {
        struct fixture f;
        setup(&f, servers[i]);
        struct buf head = {0};
        buf_literal(&head, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        f.server.requests = i;
        (void)http_call_start(f.client, head, (struct buf){0}, TIMEOUT, free_the_client, &f);
        (void)start(&f); /* goes with the client */
        run_until(&f.loop, &f.done, 1);
        run_turns(&f.loop, 5);
        teardown(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_go_out_as_they_are),
        cmocka_unit_test(a_large_request_goes_at_once),
        cmocka_unit_test(answers_are_what_they_are),
        cmocka_unit_test(a_name_is_asked_for_and_verified),
        cmocka_unit_test(an_old_certificate_is_refused),
        cmocka_unit_test(old_protocols_are_refused),
        cmocka_unit_test(what_is_trusted_may_change),
        cmocka_unit_test(what_is_trusted_may_change_meanwhile),
        cmocka_unit_test(an_older_call_outlives_newer_connections),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(no_more_than_idle_max_are_kept),
        cmocka_unit_test(idle_connections_are_closed_in_time),
        cmocka_unit_test(what_the_peer_promises_counts),
        cmocka_unit_test(a_peer_that_speaks_unasked_is_dropped),
        cmocka_unit_test(several_addresses_are_tried),
        cmocka_unit_test(an_ipv6_address_is_an_endpoint_too),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(connecting_has_a_limit_of_its_own),
        cmocka_unit_test(what_may_have_been_read_is_not_sent_again),
        cmocka_unit_test(a_lost_request_is_sent_again),
        cmocka_unit_test(a_connection_that_was_closed_meanwhile_is_not_used),
        cmocka_unit_test(a_fresh_connection_is_not_replaced),
        cmocka_unit_test(a_silent_peer_times_out),
        cmocka_unit_test(a_cancelled_call_never_calls_back),
        cmocka_unit_test(a_look_up_is_left_behind),
        cmocka_unit_test(the_client_may_be_freed_in_a_callback),
    };
    certificates_init(&certificates);
    certificates_make(&certificates, "server", "server.test", KEY_ECDSA, -60, 3600);
    certificates_make(&certificates, "old", "server.test", KEY_ECDSA, -3600, -60);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    certificates_release(&certificates);
    return failed;
}
