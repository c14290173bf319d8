/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that are streamed, through the whole pipeline without a socket: the test is the edge (a
 * sink that remembers and says when it is full) and the backend (http_proxy_* below stand in for
 * the library's). */
#include "turnpike/backend/http_proxy.h"
#include "turnpike/gateway/exchange.h"
#include "turnpike/model/builder.h"

#include "testing.h"
#include "turnpike/base/xalloc.h"

/* The backend: at most one call at a time, played by the test. */

struct http_proxy_call {
    struct buf head, body;
    struct share held;
    bool is_head, paused, abandoned;
    const struct http_stream_events *events;
    void *data;
};

static struct http_proxy_call *call; /* NULL: none is under way */

struct http_proxy *http_proxy_new(struct loop *loop)
{
    (void)loop;
    return NULL;
}

void http_proxy_free(struct http_proxy *p)
{
    (void)p;
}

struct http_proxy_call *http_proxy_start(struct http_proxy *p, struct http_proxy_request *request,
                                         const struct http_stream_events *events, void *data)
{
    (void)p;
    assert_null(call);
    call = xcalloc(1, sizeof(*call));
    *call = (struct http_proxy_call){.head = request->head,
                                     .body = request->body,
                                     .held = request->held,
                                     .is_head = request->is_head,
                                     .events = events,
                                     .data = data};
    request->head = request->body = (struct buf){0};
    request->held = (struct share){0};
    return call;
}

void http_proxy_pause(struct http_proxy_call *c)
{
    c->paused = true;
}

void http_proxy_resume(struct http_proxy_call *c)
{
    c->paused = false;
}

void http_proxy_abandon(struct http_proxy_call *c)
{
    c->abandoned = true;
}

static void release_call(struct http_proxy_call *c)
{
    call = NULL;
    buf_release(&c->head);
    buf_release(&c->body);
    share_release(&c->held);
    free(c);
}

struct head {
    unsigned status;
    const char *body;
    bool has_length;
    uint64_t length;
    bool complete;
};

static void answer_head(const struct head *head)
{
    static const struct header headers[] = {{STR_INIT("x-a"), STR_INIT("1")}};
    struct http_proxy_call *c = call;
    struct http_client_answer answer = {.status = head->status,
                                        .headers = headers,
                                        .header_count = 1,
                                        .has_content_length = head->has_length,
                                        .content_length = head->length};
    if (head->body)
        buf_append(&answer.body, str_from(head->body));
    if (!c->abandoned)
        c->events->on_head(c->data, &answer, head->complete);
    buf_release(&answer.body);
    if (head->complete)
        release_call(c);
}

static void answer_bytes(const char *bytes)
{
    assert_false(call->paused);
    if (!call->abandoned)
        call->events->on_bytes(call->data, str_from(bytes));
}

static void answer_end(enum error_code code)
{
    struct http_proxy_call *c = call;
    struct error error;
    error_set(&error, code, "why");
    if (!c->abandoned)
        c->events->on_end(c->data, code == ERROR_NONE ? NULL : &error);
    release_call(c);
}

/* The edge. */

struct test_sink {
    struct sink sink;
    bool responded, full, ended, aborted;
    unsigned status;
    bool streamed, has_length;
    uint64_t length;
    char body[256]; /* so far */
};

static struct test_sink *sink_of(struct sink *sink)
{
    return container_of(sink, struct test_sink, sink);
}

static void want_body(struct sink *sink)
{
    (void)sink;
}

static void add(struct test_sink *s, struct str bytes)
{
    size_t len = strlen(s->body);
    (void)snprintf(s->body + len, sizeof(s->body) - len, "%" STR_F, STR_A(bytes));
}

static void respond(struct sink *sink, const struct response *response)
{
    struct test_sink *s = sink_of(sink);
    assert_false(s->responded);
    s->responded = true;
    s->status = response->status;
    s->streamed = response->streamed;
    s->has_length = response->has_content_length;
    s->length = response->content_length;
    add(s, response->body);
}

static bool send_bytes(struct sink *sink, struct str bytes)
{
    struct test_sink *s = sink_of(sink);
    assert_true(s->streamed && !s->ended && !s->aborted);
    add(s, bytes);
    return !s->full;
}

static void end(struct sink *sink)
{
    struct test_sink *s = sink_of(sink);
    assert_true(s->streamed && !s->ended && !s->aborted);
    s->ended = true;
}

static void abort_answer(struct sink *sink)
{
    struct test_sink *s = sink_of(sink);
    assert_true(s->streamed && !s->ended && !s->aborted);
    s->aborted = true;
}

static const struct sink_ops sink_ops = {.want_body = want_body,
                                         .respond = respond,
                                         .send = send_bytes,
                                         .end = end,
                                         .abort = abort_answer};

/* The gateway under test: ANY /x passes on, /whole maps a part of the body of a 200. */

struct world {
    struct loop loop;
    struct diag diag;
    struct gateway *gateway;
    struct listener_settings listener;
    struct test_sink s;
};

static const struct position nowhere = {"test", 1, 1};

static void build_api(struct builder *b)
{
    static const char *const paths[] = {"/x", "/whole"};
    struct api *api = builder_add_api(b, nowhere, STR("a"));
    (void)builder_add_stage(b, api, nowhere, STR("$default"));
    struct integration *integration = NULL;
    FOR_EACH (path, paths, ARRAY_LENGTH(paths)) {
        integration = builder_add_integration(b, api, nowhere);
        integration->type = INTEGRATION_HTTP;
        integration->method = STR("ANY");
        integration->uri = (struct written){STR("http://127.0.0.1:1/"), nowhere};
        builder_add_route(b, api, nowhere, STR("ANY"), str_from(*path))->integration = integration;
    }
    struct response_parameters *p =
        list_push(&b->snapshot->arena, &integration->response_parameters);
    *p = (struct response_parameters){.at = nowhere, .status = 200, .needs_body = true};
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
    settings->throttling = (struct throttle){true, 1000, 1000};
    settings->limits = (struct limit_settings){.payload_bytes = 64, .buffered_bytes = 128};
    build_api(&b);
    struct snapshot *snapshot = builder_finish(&b);
    assert_non_null(snapshot);
    w->gateway = gateway_new(&w->loop, &error);
    gateway_prepare(w->gateway, snapshot, NULL, &w->diag);
    gateway_use(w->gateway, snapshot);
}

static void tear_down(struct world *w)
{
    assert_null(call);
    assert_int_equal(w->gateway->exchange_count, 0);
    assert_int_equal(w->gateway->buffered.used, 0);
    gateway_free(w->gateway);
    loop_run(&w->loop);
    diag_release(&w->diag);
    loop_release(&w->loop);
}

static struct exchange *begin(struct world *w, const char *method, const char *path)
{
    w->s = (struct test_sink){.sink.ops = &sink_ops};
    struct listener_facts facts = {.settings = &w->listener, .loopback = true, .named = true};
    struct exchange *x = exchange_new(w->gateway, EXCHANGE_HTTP, &w->s.sink, &facts);
    struct request *r = &x->t.request;
    r->method = str_from(method);
    r->target = r->raw_path = str_from(path);
    r->host = STR("localhost");
    r->scheme = STR("http");
    r->source_ip = r->forwarded_for = STR("127.0.0.1");
    exchange_start(x);
    assert_non_null(call);
    return x;
}

/* Answers that are there at once go out at once. */
static void whole(void **state)
{
    (void)state;
    static const struct {
        const char *name, *method;
        struct head head;
        bool streamed, has_length;
        uint64_t length;
        unsigned bytes_out;
    } cases[] = {
        {"with a body", "GET", {200, "hello", true, 5, true}, false, false, 0, 5},
        {"HEAD with a length", "HEAD", {200, NULL, true, 9, true}, false, true, 9, 0},
        {"HEAD without one", "HEAD", {200, NULL, false, 0, true}, true, false, 0, 0},
        {"304 with a length", "GET", {304, NULL, true, 9, true}, false, true, 9, 0},
        {"a length of nothing", "GET", {200, NULL, true, 9, true}, false, false, 0, 0},
    };
    struct world w;
    set_up(&w);
    FOR_EACH_CASE (c, cases) {
        struct exchange *x = begin(&w, c->method, "/x");
        CHECK_CASE(c, call->is_head == (strcmp(c->method, "HEAD") == 0), "is_head");
        answer_head(&c->head);
        CHECK_CASE(c, w.s.responded && w.s.status == c->head.status, "got %u", w.s.status);
        CHECK_CASE(c, w.s.streamed == c->streamed && w.s.ended == c->streamed, "streamed");
        CHECK_CASE(c, w.s.has_length == c->has_length, "has a length");
        CHECK_CASE(c, !c->has_length || w.s.length == c->length, "length");
        CHECK_CASE(c, x->t.outcome.bytes_out == c->bytes_out, "bytes out");
        exchange_on_gone(x, true);
    }
    tear_down(&w);
}

static void piece_by_piece(void **state)
{
    (void)state;
    struct world w;
    set_up(&w);
    w.gateway->snapshot->settings.limits.buffered_bytes = 200000;
    struct exchange *x = begin(&w, "GET", "/x");
    answer_head(&(struct head){200, "one ", true, 13, false});
    assert_true(w.s.streamed && w.s.has_length);
    assert_int_equal(w.s.length, 13);
    uint64_t held = w.gateway->buffered.used;
    w.s.full = true;
    answer_bytes("two ");
    assert_true(call->paused);
    assert_true(w.gateway->buffered.used >= held + 65536); /* the sink holds it meanwhile */
    w.s.full = false;
    exchange_on_writable(x);
    assert_false(call->paused);
    assert_int_equal(w.gateway->buffered.used, held);
    answer_bytes("three");
    assert_false(w.s.ended);
    answer_end(ERROR_NONE);
    assert_true(w.s.ended);
    assert_string_equal(w.s.body, "one two three");
    assert_int_equal(x->t.outcome.bytes_out, 13);
    exchange_on_writable(x); /* late: nobody is left to be resumed */
    exchange_on_gone(x, true);
    tear_down(&w);
}

/* What waits for slow clients counts; where there is no room for more, they are cut off. */
static void bounds_what_waits(void **state)
{
    (void)state;
    struct world w;
    set_up(&w);
    struct exchange *x = begin(&w, "GET", "/x");
    answer_head(&(struct head){200, "one", false, 0, false});
    w.s.full = true;
    answer_bytes("two");
    assert_true(w.s.aborted && call->abandoned);
    exchange_on_gone(x, false);
    answer_end(ERROR_NONE);
    tear_down(&w);
}

static void broken_off(void **state)
{
    (void)state;
    struct world w;
    set_up(&w);
    struct exchange *x = begin(&w, "GET", "/x");
    answer_head(&(struct head){200, "one", false, 0, false});
    answer_end(ERROR_CONNECTION);
    assert_true(w.s.aborted && !w.s.ended);
    assert_int_equal(x->t.outcome.integration_failure, INTEGRATION_CONNECT_FAILED);
    exchange_on_gone(x, false);
    tear_down(&w);
}

/* What each failure before the head looks like to the client. */
static void failed(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum error_code code;
        unsigned status;
        enum integration_failure failure;
    } cases[] = {
        {"nobody there", ERROR_CONNECT, 503, INTEGRATION_CONNECT_FAILED},
        {"a connection that broke", ERROR_CONNECTION, 503, INTEGRATION_CONNECT_FAILED},
        {"a timeout", ERROR_TIMEOUT, 503, INTEGRATION_TIMED_OUT},
        {"a malformed answer", ERROR_PROTOCOL, 500, INTEGRATION_MALFORMED},
        {"one too large", ERROR_TOO_LARGE, 500, INTEGRATION_MALFORMED},
    };
    struct world w;
    set_up(&w);
    FOR_EACH_CASE (c, cases) {
        struct exchange *x = begin(&w, "GET", "/x");
        answer_end(c->code);
        CHECK_CASE(c, w.s.responded && !w.s.streamed && w.s.status == c->status, "got %u",
                   w.s.status);
        CHECK_CASE(c, x->t.outcome.integration_failure == c->failure, "failure");
        exchange_on_gone(x, true);
    }
    tear_down(&w);
}

static void a_client_leaves(void **state)
{
    (void)state;
    struct world w;
    set_up(&w);
    struct exchange *x = begin(&w, "GET", "/x"); /* before the head */
    exchange_on_gone(x, false);
    assert_true(call->abandoned);
    answer_head(&(struct head){200, "late", false, 0, true});
    assert_false(w.s.responded);

    x = begin(&w, "GET", "/x"); /* within the body */
    answer_head(&(struct head){200, "one", false, 0, false});
    exchange_on_gone(x, false);
    assert_true(call->abandoned);
    answer_bytes("two");
    answer_end(ERROR_CONNECTION);
    assert_string_equal(w.s.body, "one");
    tear_down(&w);
}

static void collects_what_is_mapped(void **state)
{
    (void)state;
    struct world w;
    set_up(&w);
    struct exchange *x = begin(&w, "GET", "/whole");
    answer_head(&(struct head){200, "one", true, 6, false});
    answer_bytes("two");
    assert_false(w.s.responded);
    answer_end(ERROR_NONE);
    assert_true(w.s.responded && !w.s.streamed && !w.s.has_length);
    assert_string_equal(w.s.body, "onetwo");
    exchange_on_gone(x, true);

    x = begin(&w, "GET", "/whole"); /* another status is not mapped */
    answer_head(&(struct head){201, "one", true, 6, false});
    assert_true(w.s.streamed);
    answer_end(ERROR_TIMEOUT);
    assert_true(w.s.aborted);
    exchange_on_gone(x, false);

    x = begin(&w, "GET", "/whole"); /* broken off, but nobody has seen anything */
    answer_head(&(struct head){200, "one", true, 6, false});
    answer_end(ERROR_CONNECTION);
    assert_int_equal(w.s.status, 503);
    exchange_on_gone(x, true);
    tear_down(&w);
}

static void bounds_what_it_collects(void **state)
{
    (void)state;
    char bytes[128];
    struct world w;
    set_up(&w);
    memset(bytes, 'x', sizeof(bytes) - 1);
    bytes[sizeof(bytes) - 1] = '\0';
    struct exchange *x = begin(&w, "GET", "/whole");
    answer_head(&(struct head){200, "one", false, 0, false});
    answer_bytes(bytes); /* 130 of 128 */
    assert_int_equal(w.s.status, 503);
    assert_true(call->abandoned);
    exchange_on_gone(x, true);
    answer_end(ERROR_NONE);
    tear_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),
        cmocka_unit_test(piece_by_piece),
        cmocka_unit_test(bounds_what_waits),
        cmocka_unit_test(broken_off),
        cmocka_unit_test(failed),
        cmocka_unit_test(a_client_leaves),
        cmocka_unit_test(collects_what_is_mapped),
        cmocka_unit_test(bounds_what_it_collects),
    };
    return cmocka_run_group_tests_name("http_streams", tests, NULL, NULL);
}
