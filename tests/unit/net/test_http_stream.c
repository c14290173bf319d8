/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/http_client.h"

#include "turnpike/net/curl_loop.h"

#include "support/certificates.h"
#include "support/fake_server.h"

#define TIMEOUT  (5 * USEC_PER_SEC)
#define BODY_MAX (64 << 20)

/* Every test runs twice: once over TLS. */
static bool over_tls;
static struct certificates certificates;

struct fixture {
    struct loop loop;
    struct curl_loop *curl;
    struct fake_server server;
    struct http_client *client;
    struct http_call *call;
    size_t heads, pieces, ends; /* events so far */
    bool complete;
    enum error_code code;
    unsigned status;
    bool has_content_length;
    uint64_t content_length;
    struct buf body, field; /* field: of X-Test */
    size_t got;             /* bytes of the body, also where they are not collected */
    char why[256];
    void (*in_head)(struct fixture *f);
    void (*in_bytes)(struct fixture *f);
};

static struct http_client_options options_for(const struct fixture *f)
{
    return (struct http_client_options){.host = STR("127.0.0.1"),
                                        .port = f->server.port,
                                        .curl = f->curl,
                                        .server_name = STR("server.test"),
                                        .connect_timeout = USEC_PER_SEC,
                                        .keep_alive_timeout = 4 * USEC_PER_SEC,
                                        .answer_max = BODY_MAX,
                                        .idle_max = 64};
}

static void setup(struct fixture *f, fake_request_fn *on_request)
{
    *f = (struct fixture){0};
    loop_init(&f->loop);
    fake_server_start(&f->server, &f->loop, on_request);
    if (over_tls) {
        f->server.tls = certificates_context(&certificates, "server");
        f->curl = curl_loop_new(&f->loop, NULL);
        assert_true(curl_loop_trust(f->curl, certificates_path(&certificates, "server.pem"), NULL));
    }
    struct http_client_options options = options_for(f);
    f->client = http_client_new(&f->loop, &options);
}

static void teardown(struct fixture *f)
{
    http_client_free(f->client);
    curl_loop_free(f->curl);
    fake_server_stop(&f->server);
    SSL_CTX_free(f->server.tls);
    loop_release(&f->loop);
    buf_release(&f->body);
    buf_release(&f->field);
}

static void limit(struct fixture *f, size_t answer_max)
{
    struct http_client_options options = options_for(f);
    options.answer_max = answer_max;
    http_client_configure(f->client, &options);
}

/* Events. */

static void collect(struct fixture *f, struct str bytes)
{
    f->got += bytes.len;
    if (f->got < 65536)
        buf_append(&f->body, bytes);
}

static void on_head(void *data, struct http_client_answer *answer, bool complete)
{
    struct fixture *f = data;
    f->heads++;
    f->complete = complete;
    f->ends += complete;
    f->status = answer->status;
    f->has_content_length = answer->has_content_length;
    f->content_length = answer->content_length;
    const struct header *field =
        http_find_header(answer->headers, answer->header_count, STR("x-test"));
    if (field)
        buf_append(&f->field, field->value);
    collect(f, buf_str(&answer->body));
    if (f->in_head)
        f->in_head(f);
}

static void on_bytes(void *data, struct str bytes)
{
    struct fixture *f = data;
    assert_true(bytes.len > 0);
    f->pieces++;
    collect(f, bytes);
    if (f->in_bytes)
        f->in_bytes(f);
}

static void on_end(void *data, const struct error *error)
{
    struct fixture *f = data;
    f->ends++;
    f->code = error ? error->code : ERROR_NONE;
    (void)snprintf(f->why, sizeof(f->why), "%s", error ? error->text : "");
}

static const struct http_stream_events events = {on_head, on_bytes, on_end};

static void start_with(struct fixture *f, const char *method, uint64_t timeout)
{
    struct http_stream_request request = {.is_head = strcmp(method, "HEAD") == 0,
                                          .timeout = timeout};
    if (!request.is_head)
        buf_literal(&request.body, "ping");
    buf_printf(&request.head, "%s / HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", method,
               buf_len(&request.body));
    f->call = http_call_stream(f->client, &request, &events, f);
}

static void start(struct fixture *f)
{
    start_with(f, "POST", TIMEOUT);
}

static void forget(struct fixture *f)
{
    buf_clear(&f->body);
    buf_clear(&f->field);
    f->heads = f->pieces = f->ends = f->got = 0;
    f->code = ERROR_NONE;
    f->status = 0;
}

/* What an answer becomes, at once and cut anywhere; and whether its connection is used again. */

#define OK_ANSWER "HTTP/1.1 200 OK\r\nX-Test: v\r\nContent-Length: 2\r\n\r\nok"

static const struct {
    const char *name, *method, *answer;
    bool end; /* the server ends the connection behind it */
    enum error_code code;
    unsigned status;
    const char *body;
    bool reused;
    int64_t length; /* -1: none */
} cases[] = {
    {"length", "GET", OK_ANSWER, false, 0, 200, "ok", true, 2},
    {"length 0", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, 0, 200, "", true, 0},
    {"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", false, 0, 204, "", true, -1},
    {"304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n", false, 0, 304, "",
     true, 77},
    {"HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 99000000\r\n\r\n", false, 0, 200, "", true,
     99000000},
    {"HEAD of chunks", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, 0,
     200, "", true, -1},
    {"HEAD without a length", "HEAD", "HTTP/1.1 200 OK\r\n\r\n", false, 0, 200, "", true, -1},
    {"HEAD and yet a body", "HEAD", OK_ANSWER, false, 0, 200, "", false, 2},
    {"chunked", "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", false,
     0, 200, "abcde", true, -1},
    {"until close", "GET", "HTTP/1.1 200 OK\r\n\r\nthe rest", true, 0, 200, "the rest", false, -1},
    {"Connection: close", "GET",
     "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false, 0, 200, "ok",
     false, 2},
    {"a peer that keeps nothing", "GET",
     "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\nContent-Length: 2\r\n\r\nok", false, 0, 200, "ok",
     false, 2},
    {"1xx before it", "GET", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" OK_ANSWER, false, 0,
     200, "ok", true, 2},
    {"bytes behind it", "GET", OK_ANSWER "HTTP/1.1 200 OK\r\n\r\n", false, 0, 200, "ok", false, 2},
    {"bytes behind chunks", "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nx", false, 0, 200,
     "ok", false, -1},
    {"no HTTP", "GET", "SSH-2.0-x\r\n", false, ERROR_PROTOCOL, 0, "", false, -1},
    {"bad chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", false,
     ERROR_PROTOCOL, 0, "", false, -1},
    {"the end inside the head", "GET", "HTTP/1.1 200 OK\r\nCont", true, ERROR_CONNECTION, 0, "",
     false, -1},
    {"the end inside the body", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", true,
     ERROR_CONNECTION, 200, "abc", false, 9},
    {"the end inside the chunks", "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", true, ERROR_CONNECTION, 200,
     "ab", false, -1},
};

static size_t row, cut;

static struct str second_part;
static bool second_part_is_sent;

static void finish_answer(struct fake_connection *c)
{
    if (cases[row].end)
        fake_end(c);
}

/* Once the client has had the first part. */
static void send_second(struct timer *timer)
{
    struct fake_connection *c = container_of(timer, struct fake_connection, timer);
    fake_send(c, second_part);
    second_part_is_sent = true;
    finish_answer(c);
}

static void answer_row(struct fake_connection *c, const struct fake_request *request)
{
    struct str all = str_from(cases[row].answer);
    assert_str_equal(request->body, str_from(cases[row].method[0] == 'H' ? "" : "ping"));
    fake_send(c, str_head(all, cut));
    if (cut >= all.len) {
        finish_answer(c);
        return;
    }
    second_part = str_skip(all, cut);
    second_part_is_sent = false;
    timer_start(c->server->loop, &c->timer, loop_now(c->server->loop) + USEC_PER_MSEC, send_second);
}

static void check_row(struct fixture *f)
{
    start_with(f, cases[row].method, TIMEOUT);
    assert_int_equal(f->heads + f->ends, 0); /* never before start has returned */
    run_until(&f->loop, &f->ends, 1);
    CHECK_CASE(&cases[row], f->code == cases[row].code, "cut at %zu: error %d: %s", cut, f->code,
               f->why);
    if (f->code && cut < strlen(cases[row].answer))
        return; /* how much came before it is chance */
    CHECK_CASE(&cases[row], f->status == cases[row].status || f->code, "status %u", f->status);
    CHECK_CASE(&cases[row], f->heads == 1 || f->code, "%zu heads", f->heads);
    if (f->code)
        return;
    CHECK_CASE(&cases[row], f->has_content_length == (cases[row].length >= 0), "content length");
    CHECK_CASE(&cases[row],
               cases[row].length < 0 || f->content_length == (uint64_t)cases[row].length,
               "content length");
    assert_str_equal(buf_str(&f->body), str_from(cases[row].body));
}

static void answers_come_as_they_are(void **state)
{
    (void)state;
    for (row = 0; row < ARRAY_LENGTH(cases); row++) {
        struct fixture f;
        setup(&f, answer_row);
        cut = SIZE_MAX;
        check_row(&f);
        CHECK_CASE(&cases[row], f.code || f.complete || cases[row].end, "not complete at once");
        forget(&f);
        check_row(&f);
        if (!over_tls || cases[row].reused) /* libcurl drops what lies behind an answer */
            CHECK_CASE(&cases[row], f.server.connections == (cases[row].reused ? 1 : 2),
                       "%zu connections", f.server.connections);
        for (cut = strlen(cases[row].answer) - 1; cut > 0; cut--) {
            forget(&f);
            check_row(&f);
            if (!second_part_is_sent && !f.code) { /* or it would answer the next request */
                teardown(&f);
                setup(&f, answer_row);
            }
        }
        teardown(&f);
    }
}

static void answer_head(struct fake_connection *c, const struct fake_request *request)
{
    assert_true(str_starts_with(request->head, STR("HEAD / HTTP/1.1\r\n")));
    assert_str_equal(request->body, STR("ping"));
    fake_send(c, STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
}

static void even_head_may_have_a_body(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_head);
    struct http_stream_request request = {.is_head = true, .timeout = TIMEOUT};
    buf_literal(&request.head, "HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n");
    buf_literal(&request.body, "ping");
    f.call = http_call_stream(f.client, &request, &events, &f);
    run_until(&f.loop, &f.ends, 1);
    assert_int_equal(f.code, ERROR_NONE);
    assert_true(f.complete);
    teardown(&f);
}

/* The bound. */

static void answer_chunks(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    fake_send(c, STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"));
}

static void send_more(struct fixture *f)
{
    fake_send(f->server.open, STR("3\r\nabc\r\n0\r\n\r\n"));
}

static void the_body_as_a_whole_is_bounded(void **state)
{
    (void)state;
    for (size_t max = 4; max <= 5; max++) {
        struct fixture f;
        setup(&f, answer_chunks);
        limit(&f, max);
        f.in_head = send_more;
        start(&f);
        run_until(&f.loop, &f.ends, 1);
        assert_int_equal(f.heads, 1);
        assert_int_equal(f.code, max == 5 ? ERROR_NONE : ERROR_TOO_LARGE);
        assert_str_equal(buf_str(&f.body), max == 5 ? STR("okabc") : STR("ok"));
        teardown(&f);
    }
}

static void answer_ok(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    fake_send(c, STR(OK_ANSWER));
}

static void what_is_announced_too_large_has_no_head(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    limit(&f, 1);
    start(&f);
    run_until(&f.loop, &f.ends, 1);
    assert_int_equal(f.heads, 0);
    assert_int_equal(f.code, ERROR_TOO_LARGE);
    forget(&f);
    start_with(&f, "HEAD", TIMEOUT); /* announces what never comes */
    run_until(&f.loop, &f.ends, 1);
    assert_int_equal(f.heads, 1);
    assert_int_equal(f.code, ERROR_NONE);
    teardown(&f);
}

/* Back-pressure. */

#define LARGE (32 << 20)

static size_t unsent;

static void answer_large(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    char *zeros = xcalloc(1, LARGE);
    fake_reply(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", LARGE);
    fake_send(c, str_of(zeros, LARGE));
    free(zeros);
}

static void note_unsent(struct fixture *f)
{
    unsent = uv_stream_get_write_queue_size((uv_stream_t *)&f->server.open->tcp);
}

static void pause_call(struct fixture *f)
{
    http_call_pause(f->call);
}

static void run_idly(struct fixture *f)
{
    for (int i = 0; i < 200; i++)
        run_turns(&f->loop, 1);
}

static void a_paused_call_is_felt_by_the_server(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_large);
    f.in_head = pause_call;
    start(&f);
    run_until(&f.loop, &f.heads, 1);
    run_idly(&f);
    note_unsent(&f);
    size_t before = unsent;
    run_idly(&f);
    note_unsent(&f);
    assert_int_equal(f.pieces, 0);
    assert_true(unsent > 0 && unsent == before);
    http_call_pause(f.call); /* twice is once */
    http_call_resume(f.call);
    assert_int_equal(f.pieces, 0); /* never from within */
    f.in_bytes = pause_call;
    while (f.ends == 0) {
        size_t before_turn = f.pieces;
        http_call_resume(f.call);
        run_turns(&f.loop, 1);
        assert_true(f.pieces <= before_turn + 1);
    }
    assert_int_equal(f.got, LARGE);
    assert_int_equal(f.code, ERROR_NONE);
    f.in_head = f.in_bytes = NULL;
    forget(&f);
    start(&f);
    run_until(&f.loop, &f.ends, 1);
    assert_int_equal(f.server.connections, 1);
    teardown(&f);
}

static void the_end_waits_for_a_paused_call(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_chunks);
    f.in_head = send_more;
    f.in_bytes = pause_call;
    start(&f);
    run_until(&f.loop, &f.pieces, 1);
    run_idly(&f);
    assert_int_equal(f.ends, 0);
    http_call_resume(f.call);
    assert_int_equal(f.ends, 0);
    http_call_pause(f.call); /* once more, before it was told */
    run_idly(&f);
    assert_int_equal(f.ends, 0);
    http_call_resume(f.call);
    run_until(&f.loop, &f.ends, 1);
    assert_int_equal(f.code, ERROR_NONE);
    teardown(&f);
}

static void time_stands_still_while_paused(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_chunks);
    f.in_head = pause_call;
    start_with(&f, "GET", 300 * USEC_PER_MSEC);
    run_until(&f.loop, &f.heads, 1);
    struct timer tick = {0};
    for (int i = 0; i < 40; i++) { /* longer than the call may take */
        timer_start(&f.loop, &tick, loop_now(&f.loop) + 10 * USEC_PER_MSEC, fake_on_tick);
        while (timer_is_running(&tick))
            (void)uv_run(&f.loop.uv, UV_RUN_ONCE);
    }
    assert_int_equal(f.ends, 0);
    http_call_resume(f.call);
    run_until(&f.loop, &f.ends, 1); /* the rest never comes */
    assert_int_equal(f.code, ERROR_TIMEOUT);
    teardown(&f);
}

/* What events may do. */

static void cancel_call(struct fixture *f)
{
    http_call_cancel(f->call);
}

static void free_client(struct fixture *f)
{
    http_client_free(f->client);
    f->client = NULL;
}

static void start_another(struct fixture *f)
{
    f->in_head = f->in_bytes = NULL;
    http_call_cancel(f->call);
    start(f);
}

static const struct {
    const char *name;
    void (*act)(struct fixture *f);
} acts[] = {{"cancel", cancel_call}, {"free the client", free_client}, {"again", start_another}};

static void an_event_may_end_the_call(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, acts) {
        for (int in_bytes = 0; in_bytes < 2; in_bytes++) {
            struct fixture f;
            setup(&f, answer_chunks);
            f.in_head = in_bytes ? send_more : c->act;
            f.in_bytes = c->act;
            start(&f);
            run_until(&f.loop, in_bytes ? &f.pieces : &f.heads, 1);
            run_idly(&f);
            CHECK_CASE(c, f.ends == 0, "ended: %s", f.why);
            CHECK_CASE(c, f.heads == (c->act == start_another ? 2 : 1), "%zu heads", f.heads);
            teardown(&f);
        }
    }
}

static void a_cancelled_call_leaves_no_connection(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_chunks);
    start(&f);
    run_until(&f.loop, &f.heads, 1);
    http_call_pause(f.call);
    http_call_cancel(f.call);
    while (f.server.open)
        (void)uv_run(&f.loop.uv, UV_RUN_ONCE);
    assert_int_equal(f.ends, 0);
    teardown(&f);
}

/* A stale connection is replaced as for http_call_start. */

static void a_stale_connection_is_replaced(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    start(&f);
    run_until(&f.loop, &f.ends, 1);
    fake_reset(f.server.open);
    start(&f);
    run_until(&f.loop, &f.ends, 2);
    assert_int_equal(f.code, ERROR_NONE);
    assert_int_equal(f.server.connections, 2);
    assert_int_equal(f.server.requests, 2);
    teardown(&f);
}

/* The head comes while the request is still being sent, whose rest the server never reads. */

static const char *early_status;

static void head_at_once(struct fake_connection *c)
{
    (void)uv_read_stop((uv_stream_t *)&c->tcp);
    fake_reply(c, "HTTP/1.1 %s\r\nContent-Length: 5\r\n\r\nno", early_status);
}

static void end_early_answer(struct fixture *f)
{
    fake_send(f->server.open, STR("pe!"));
}

static void check_early_answer(void)
{
    struct fixture f;
    setup(&f, answer_ok);
    f.server.on_bytes = head_at_once;
    f.in_head = end_early_answer;
    struct http_stream_request request = {.timeout = TIMEOUT};
    buf_printf(&request.head, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", LARGE);
    memset(buf_reserve(&request.body, LARGE), 0, LARGE);
    buf_commit(&request.body, LARGE);
    f.call = http_call_stream(f.client, &request, &events, &f);
    assert_int_equal(buf_len(&request.body), 0); /* taken over */
    run_until(&f.loop, &f.ends, 1);
    assert_int_equal(f.code, ERROR_NONE);
    assert_true(str_starts_with(str_from(early_status), f.status == 413 ? STR("413") : STR("200")));
    assert_str_equal(buf_str(&f.body), STR("nope!"));
    f.server.on_bytes = NULL;
    f.in_head = NULL;
    start(&f);
    run_until(&f.loop, &f.ends, 2);
    assert_int_equal(f.server.connections, 2);
    teardown(&f);
}

static void an_answer_before_the_end_of_the_request_is_taken(void **state)
{
    (void)state;
    early_status = "413 Content Too Large";
    check_early_answer();
    early_status = "200 OK";
    check_early_answer();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_as_they_are),
        cmocka_unit_test(even_head_may_have_a_body),
        cmocka_unit_test(the_body_as_a_whole_is_bounded),
        cmocka_unit_test(what_is_announced_too_large_has_no_head),
        cmocka_unit_test(a_paused_call_is_felt_by_the_server),
        cmocka_unit_test(the_end_waits_for_a_paused_call),
        cmocka_unit_test(time_stands_still_while_paused),
        cmocka_unit_test(an_event_may_end_the_call),
        cmocka_unit_test(a_cancelled_call_leaves_no_connection),
        cmocka_unit_test(a_stale_connection_is_replaced),
        cmocka_unit_test(an_answer_before_the_end_of_the_request_is_taken),
    };
    int failed = cmocka_run_group_tests_name("plain", tests, NULL, NULL);
    over_tls = true;
    certificates_init(&certificates);
    certificates_make(&certificates, "server", "server.test", KEY_ECDSA, -60, 3600);
    failed += cmocka_run_group_tests_name("over TLS", tests, NULL, NULL);
    certificates_release(&certificates);
    return failed;
}
