/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP exchanges through the whole pipeline without a socket: the test is the edge (a sink that
 * remembers what it is given), the backend (support/fake_lambda.h stands in for the library's) and
 * the clock. */
#include "turnpike/gateway/exchange.h"
#include "turnpike/model/builder.h"

#include "support/fake_lambda.h"
#include "testing.h"

/* The edge. */

struct test_sink {
    struct sink sink;
    bool wants_body, responded;
    unsigned status;
    char body[256];
    const struct response *response;
};

static void want_body(struct sink *sink)
{
    container_of(sink, struct test_sink, sink)->wants_body = true;
}

static void respond(struct sink *sink, const struct response *response)
{
    struct test_sink *s = container_of(sink, struct test_sink, sink);
    assert_false(s->responded);
    s->responded = true;
    s->status = response->status;
    s->response = response;
    (void)snprintf(s->body, sizeof(s->body), "%" STR_F, STR_A(response->body));
}

static const struct sink_ops sink_ops = {.want_body = want_body, .respond = respond};

/* The gateway under test, which pages of https://app.test may call: GET and HEAD /open, POST
 * /items, GET /slow (throttled: one token), ANY /vars (a function named by a stage variable that
 * the stage lacks). */

struct world {
    struct loop loop;
    struct diag diag;
    struct gateway *gateway;
    struct listener_settings listener;
};

static const struct position nowhere = {"test", 1, 1};

static struct integration *integration_of(struct builder *b, struct api *api, const char *uri)
{
    struct integration *integration = builder_add_integration(b, api, nowhere);
    integration->uri = (struct written){str_from(uri), nowhere};
    integration->payload_format = PAYLOAD_FORMAT_2_0;
    return integration;
}

static void build_api(struct builder *b)
{
    struct api *api = builder_add_api(b, nowhere, STR("todo"));
    struct stage *stage = builder_add_stage(b, api, nowhere, STR("$default"));
    api->cors.on = true;
    *list_push(&b->snapshot->arena, &api->cors.allow_origins) =
        (struct written){STR("https://app.test"), nowhere};
    struct integration *todo = integration_of(b, api, "todo");
    builder_add_route(b, api, nowhere, STR("GET"), STR("/open"))->integration = todo;
    builder_add_route(b, api, nowhere, STR("HEAD"), STR("/open"))->integration = todo;
    builder_add_route(b, api, nowhere, STR("POST"), STR("/items"))->integration = todo;
    builder_add_route(b, api, nowhere, STR("GET"), STR("/slow"))->integration = todo;
    builder_add_route(b, api, nowhere, STR("ANY"), STR("/vars"))->integration =
        integration_of(b, api, "${stageVariables.fn}");
    struct route_settings *slow = list_push(&b->snapshot->arena, &stage->route_settings);
    slow->route_key.text = STR("GET /slow");
    slow->throttle = (struct throttle){true, 1, 1};
}

static void set_up(struct world *w)
{
    struct builder b;
    struct error error;
    memset(w, 0, sizeof(*w));
    loop_init(&w->loop);
    diag_init(&w->diag);
    builder_init(&b, &w->diag);
    struct settings *settings = &b.snapshot->settings;
    settings->aws_region = STR("us-east-1");
    settings->account_id = STR("123456789012");
    settings->execute_api.public_endpoint = STR("localhost:8080");
    settings->throttling = (struct throttle){true, 1000, 1000};
    settings->limits = (struct limit_settings){.payload_bytes = 64, .buffered_bytes = 128};
    struct function *todo = builder_add_function(&b, nowhere, STR("todo"));
    assert_true(builder_set_endpoint(&b, &todo->endpoint,
                                     (struct written){STR("http://127.0.0.1:1"), nowhere}));
    build_api(&b);
    struct snapshot *snapshot = builder_finish(&b);
    assert_non_null(snapshot);
    w->gateway = gateway_new(&w->loop, &error);
    gateway_prepare(w->gateway, snapshot, NULL, &w->diag);
    gateway_use(w->gateway, snapshot);
    backend.count = 0;
}

static void tear_down(struct world *w)
{
    assert_int_equal(w->gateway->exchange_count, 0);
    assert_int_equal(w->gateway->buffered.used, 0);
    gateway_free(w->gateway);
    diag_release(&w->diag);
    loop_release(&w->loop);
}

/* "METHOD /target", with a body to come where body_len says so (SIZE_MAX: chunked). */
static struct exchange *arrive(struct world *w, struct test_sink *s, const char *request,
                               size_t body_len)
{
    *s = (struct test_sink){.sink.ops = &sink_ops};
    struct listener_facts facts = {.settings = &w->listener, .loopback = true, .named = true};
    struct exchange *x = exchange_new(w->gateway, EXCHANGE_HTTP, &s->sink, &facts);
    struct request *r = &x->t.request;
    struct str rest = str_from(request);
    assert_true(str_split(&rest, ' ', &r->method));
    r->target = r->raw_path = rest;
    r->host = STR("localhost");
    r->scheme = STR("http");
    r->source_ip = r->forwarded_for = STR("127.0.0.1");
    r->has_body = body_len > 0;
    r->content_length = body_len == SIZE_MAX ? 0 : body_len;
    return x;
}

static struct exchange *begin(struct world *w, struct test_sink *s, const char *request,
                              size_t body_len)
{
    struct exchange *x = arrive(w, s, request, body_len);
    exchange_start(x);
    return x;
}

static bool has_header(const struct test_sink *s, const char *name)
{
    return http_find_header(s->response->headers.items, s->response->headers.count, str_from(name));
}

/* What each way of ending looks like to the client. */
static const struct {
    const char *name, *request;
    enum integration_failure failure;
    const char *payload; /* NULL: the function is not called */
    unsigned status;
    const char *body;
} endings[] = {
    {"a structured result", "GET /open", INTEGRATION_OK, "{\"statusCode\":201,\"body\":\"hi\"}",
     201, "hi"},
    {"an inferred result", "GET /open", INTEGRATION_OK, "{\"body\":\"x\"}", 200,
     "{\"body\":\"x\"}"},
    {"a result that is no JSON", "GET /open", INTEGRATION_OK, "oops", 500,
     "{\"message\":\"Internal Server Error\"}"},
    {"a function that failed", "GET /open", INTEGRATION_FUNCTION_ERROR, "", 500,
     "{\"message\":\"Internal Server Error\"}"},
    {"a service that refused", "GET /open", INTEGRATION_STATUS, "", 500,
     "{\"message\":\"Internal Server Error\"}"},
    {"a timeout", "GET /open", INTEGRATION_TIMED_OUT, "", 503,
     "{\"message\":\"Service Unavailable\"}"},
    {"nobody there", "GET /open", INTEGRATION_CONNECT_FAILED, "", 503,
     "{\"message\":\"Service Unavailable\"}"},
    {"a throttled function", "GET /open", INTEGRATION_THROTTLED, "", 503,
     "{\"message\":\"Service Unavailable\"}"},
    {"no route", "GET /nowhere", INTEGRATION_OK, NULL, 404, "{\"message\":\"Not Found\"}"},
    {"no route for the method", "PUT /open", INTEGRATION_OK, NULL, 404,
     "{\"message\":\"Not Found\"}"},
    {"a malformed escape", "GET /op%zzen", INTEGRATION_OK, NULL, 400,
     "{\"message\":\"Bad Request\"}"},
    {"a NUL in the path", "GET /open%00", INTEGRATION_OK, NULL, 400,
     "{\"message\":\"Bad Request\"}"},
    {"a function that no variable names", "GET /vars", INTEGRATION_OK, NULL, 500,
     "{\"message\":\"Internal Server Error\"}"},
};

static void ends(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    set_up(&w);
    FOR_EACH_CASE (c, endings) {
        size_t calls = backend.count;
        struct exchange *x = begin(&w, &s, c->request, 0);
        CHECK_CASE(c, (backend.count > calls) == (c->payload != NULL), "called or not");
        if (c->payload)
            answer_call(c->failure, c->payload);
        CHECK_CASE(c, s.responded && s.status == c->status, "got %u", s.status);
        CHECK_CASE(c, str_is(str_from(s.body), c->body), "got %s", s.body);
        CHECK_CASE(c, has_header(&s, "apigw-requestid"), "every answer has its id");
        CHECK_CASE(c, has_header(&s, "content-type"), "and its type");
        exchange_on_gone(x, true);
    }
    tear_down(&w);
}

static void counts_what_is_sent(void **state)
{
    (void)state;
    static const struct {
        const char *name, *request, *payload;
        unsigned bytes_out;
    } cases[] = {
        {"GET", "GET /open", "{\"statusCode\":200,\"body\":\"hello\"}", 5},
        {"HEAD", "HEAD /open", "{\"statusCode\":200,\"body\":\"hello\"}", 0},
        {"204", "GET /open", "{\"statusCode\":204,\"body\":\"hello\"}", 0},
        {"304", "GET /open", "{\"statusCode\":304,\"body\":\"hello\"}", 0},
    };
    struct world w;
    struct test_sink s;
    set_up(&w);
    FOR_EACH_CASE (c, cases) {
        struct exchange *x = begin(&w, &s, c->request, 0);
        answer_call(INTEGRATION_OK, c->payload);
        CHECK_CASE(c, x->t.outcome.bytes_out == c->bytes_out, "got %ju",
                   (uintmax_t)x->t.outcome.bytes_out);
        exchange_on_gone(x, true);
    }
    tear_down(&w);
}

static void takes_a_body(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    set_up(&w);
    struct exchange *x = begin(&w, &s, "POST /items", 11);
    assert_true(s.wants_body);
    exchange_on_body(x, STR("hello "));
    exchange_on_body(x, STR("world"));
    assert_null(backend.call);
    exchange_on_body_end(x);
    assert_non_null(backend.call);
    /* no content-type: base64 */
    struct str event = buf_str(&backend.call->request.payload);
    assert_true(str_find_str(event, STR("\"body\":\"aGVsbG8gd29ybGQ=\"")) < event.len);
    answer_call(INTEGRATION_OK, "{}");
    assert_int_equal(s.status, 200);
    exchange_on_gone(x, true);
    tear_down(&w);
}

static void refuses_long_bodies(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    char bytes[65] = "";
    set_up(&w);

    struct exchange *x = begin(&w, &s, "POST /items", 65); /* announced */
    assert_false(s.wants_body);
    assert_int_equal(s.status, 413);
    exchange_on_gone(x, true);

    x = begin(&w, &s, "POST /items", SIZE_MAX); /* noticed */
    exchange_on_body(x, str_of(bytes, 64));
    assert_false(s.responded);
    exchange_on_body(x, str_of(bytes, 1));
    assert_int_equal(s.status, 413);
    exchange_on_body(x, str_of(bytes, 64)); /* what still comes is dropped */
    exchange_on_body_end(x);
    exchange_on_gone(x, true);
    assert_int_equal(backend.count, 0);
    tear_down(&w);
}

static void bounds_what_it_holds(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s[3];
    struct exchange *x[3];
    char bytes[64] = "";
    set_up(&w);
    for (size_t i = 0; i < 3; i++) {
        x[i] = begin(&w, &s[i], "POST /items", 64);
        exchange_on_body(x[i], str_of(bytes, 64));
    }
    assert_false(s[1].responded);
    assert_int_equal(s[2].status, 503); /* 128 bytes are held by the others */
    for (size_t i = 0; i < 3; i++)
        exchange_on_gone(x[i], false);
    tear_down(&w);
}

/* A call that goes on without its client still has the event in memory. */
static void counts_what_calls_hold(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    char bytes[64] = "";
    set_up(&w);
    struct exchange *x = begin(&w, &s, "POST /items", 64);
    exchange_on_body(x, str_of(bytes, 64));
    exchange_on_body_end(x);
    assert_int_equal(w.gateway->buffered.used, 64);
    exchange_on_gone(x, false);
    assert_int_equal(w.gateway->buffered.used, 64);
    answer_call(INTEGRATION_OK, "{}");
    assert_int_equal(w.gateway->buffered.used, 0);
    tear_down(&w);
}

/* A reload may lower the limit below what is held. */
static void refuses_while_more_is_held_than_allowed(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s[2];
    struct exchange *x[2];
    char bytes[64] = "";
    set_up(&w);
    x[0] = begin(&w, &s[0], "POST /items", 64);
    exchange_on_body(x[0], str_of(bytes, 64));
    w.gateway->snapshot->settings.limits.buffered_bytes = 10;
    x[1] = begin(&w, &s[1], "POST /items", 1);
    exchange_on_body(x[1], str_of(bytes, 1));
    assert_int_equal(s[1].status, 503);
    exchange_on_gone(x[0], false);
    exchange_on_gone(x[1], true);
    tear_down(&w);
}

static void throttles_a_route(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    set_up(&w);
    w.loop.fresh = true;
    const unsigned want[] = {200, 429, 429, 200};
    const uint64_t at[] = {0, 0, 999000, 1000000};
    uint64_t start = w.loop.now;
    for (size_t i = 0; i < ARRAY_LENGTH(want); i++) {
        w.loop.now = start + at[i];
        struct exchange *x = begin(&w, &s, "GET /slow", 0);
        if (backend.call)
            answer_call(INTEGRATION_OK, "{}");
        assert_int_equal(s.status, want[i]);
        exchange_on_gone(x, true);
    }
    tear_down(&w);
}

/* A preflight needs no route and takes no token; what is refused later carries the headers, too. */
static void answers_preflights_first(void **state)
{
    (void)state;
    static struct header headers[] = {
        {STR_INIT("origin"), STR_INIT("https://app.test")},
        {STR_INIT("access-control-request-method"), STR_INIT("PUT")},
    };
    const struct {
        const char *name, *request;
        unsigned status;
        bool called;
    } requests[] = {
        {"a preflight", "OPTIONS /slow", 204, false},
        {"another", "OPTIONS /slow", 204, false},
        {"one to no route", "OPTIONS /nowhere", 204, false},
        {"one that ANY would take", "OPTIONS /vars", 204, false},
        {"what they asked for", "GET /slow", 200, true},
        {"once more", "GET /slow", 429, false},
        {"no route", "GET /nowhere", 404, false},
    };
    struct world w;
    struct test_sink s;
    set_up(&w);
    w.loop.fresh = true;
    FOR_EACH_CASE (c, requests) {
        size_t calls = backend.count;
        struct exchange *x = arrive(&w, &s, c->request, 0);
        x->t.request.headers = headers;
        x->t.request.header_count = ARRAY_LENGTH(headers);
        exchange_start(x);
        if (backend.call)
            answer_call(INTEGRATION_OK, "{}");
        CHECK_CASE(c, s.status == c->status, "got %u", s.status);
        CHECK_CASE(c, (backend.count > calls) == c->called, "called or not");
        CHECK_CASE(c, has_header(&s, "access-control-allow-origin"), "its page may read it");
        CHECK_CASE(c, has_header(&s, "apigw-requestid"), "every answer has its id");
        exchange_on_gone(x, true);
    }
    tear_down(&w);
}

/* A client that leaves takes its interest with it, not the call. */
static void survives_departures(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    set_up(&w);

    struct exchange *x = begin(&w, &s, "GET /open", 0);
    exchange_on_gone(x, false);
    assert_non_null(backend.call);
    assert_true(backend.call->abandoned);
    answer_call(INTEGRATION_OK, "{}");
    assert_false(s.responded);

    x = begin(&w, &s, "POST /items", 10); /* in the middle of its body */
    exchange_on_body(x, STR("1234"));
    exchange_on_gone(x, false);
    assert_null(backend.call);
    tear_down(&w);
}

/* More JSON than the loop reads itself. A client may leave while a worker reads: what is told of
 * the exchange then must not be what the worker is writing. */
static void reads_large_results_aside(void **state)
{
    (void)state;
    static const bool stays[] = {true, false};
    struct world w;
    struct test_sink s;
    struct buf payload = {0};
    set_up(&w);
    w.gateway->snapshot->settings.limits.buffered_bytes = 8 << 20;
    buf_literal(&payload, "{\"statusCode\":201,\"headers\":{\"x-last\":\"1\"},\"body\":\"");
    memset(buf_reserve(&payload, 4 << 20), 'x', 4 << 20);
    buf_commit(&payload, 4 << 20);
    buf_append(&payload, str_of("\"}", 3)); /* with a NUL */
    FOR_EACH (here, stays, ARRAY_LENGTH(stays)) {
        struct exchange *x = begin(&w, &s, "GET /open", 0);
        answer_call(INTEGRATION_OK, buf_str(&payload).at);
        assert_false(s.responded);
        if (!*here)
            exchange_on_gone(x, false);
        loop_run(&w.loop);
        assert_int_equal(s.responded, *here);
        if (!*here)
            continue;
        assert_int_equal(s.status, 201);
        assert_true(has_header(&s, "x-last"));
        exchange_on_gone(x, true);
    }
    buf_release(&payload);
    tear_down(&w);
}

/* A snapshot that is no longer in force lives as long as an exchange that began with it. */
static void keeps_its_snapshot(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    struct builder b;
    set_up(&w);
    struct exchange *x = begin(&w, &s, "GET /open", 0);

    builder_init(&b, &w.diag);
    b.snapshot->settings.limits.buffered_bytes = 128;
    struct snapshot *empty = builder_finish(&b);
    assert_non_null(empty);
    gateway_prepare(w.gateway, empty, NULL, &w.diag);
    gateway_use(w.gateway, empty);

    answer_call(INTEGRATION_OK, "{\"statusCode\":204}");
    assert_int_equal(s.status, 204);
    exchange_on_gone(x, true);

    x = begin(&w, &s, "GET /open", 0); /* the new one knows no API */
    assert_int_equal(s.status, 403);
    assert_true(has_header(&s, "x-amzn-ErrorType"));
    exchange_on_gone(x, true);
    tear_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends),
        cmocka_unit_test(counts_what_is_sent),
        cmocka_unit_test(takes_a_body),
        cmocka_unit_test(refuses_long_bodies),
        cmocka_unit_test(bounds_what_it_holds),
        cmocka_unit_test(counts_what_calls_hold),
        cmocka_unit_test(refuses_while_more_is_held_than_allowed),
        cmocka_unit_test(throttles_a_route),
        cmocka_unit_test(answers_preflights_first),
        cmocka_unit_test(survives_departures),
        cmocka_unit_test(reads_large_results_aside),
        cmocka_unit_test(keeps_its_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
