/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/backend/lambda.h"

#include "support/fake_server.h"
#include "turnpike/base/sigv4.h"

#define TIMEOUT (5 * USEC_PER_SEC)

struct fixture {
    struct loop loop;
    struct counters *counters;
    struct fake_server server;
    struct lambda *lambda;
    struct function function;
    struct snapshot *snapshot;
    struct function *defined;
    struct str qualifier;
    size_t done;
    /* of the last answer */
    enum integration_failure failure;
    unsigned status;
    struct buf payload, error, request_id;
};

/* What the fake backend saw last, and how it answers. */
static struct buf seen_head, seen_body, order;
static struct fake_connection *held; /* the requests that it does not answer */

static void answer_echo(struct fake_connection *c, const struct fake_request *request)
{
    buf_clear(&seen_head);
    buf_append(&seen_head, request->head);
    buf_clear(&seen_body);
    buf_append(&seen_body, request->body);
    buf_append(&order, request->body);
    fake_reply(c, "HTTP/1.1 200 OK\r\nx-amzn-RequestId: id-1\r\nContent-Length: %zu\r\n\r\n%" STR_F,
               request->body.len, STR_A(request->body));
}

static void answer_later(struct fake_connection *c, const struct fake_request *request)
{
    held = c;
    buf_append(&order, request->body);
}

static void answer_held(void)
{
    fake_send(held, STR("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
}

/* With one function, as a loader would build it. */
static struct snapshot *make_snapshot(const struct function *definition,
                                      struct function **ret_function)
{
    struct snapshot *s = xcalloc(1, sizeof(*s));
    s->references = 1;
    arena_init(&s->arena, 4096);
    struct function *f = arena_new(&s->arena, struct function);
    *f = *definition;
    *list_push(&s->arena, &s->functions) = f;
    *ret_function = f;
    return s;
}

static void setup(struct fixture *f, fake_request_fn *on_request)
{
    *f = (struct fixture){0};
    loop_init(&f->loop);
    f->counters = counters_new();
    fake_server_start(&f->server, &f->loop, on_request);
    f->lambda = lambda_new(&f->loop, NULL, f->counters);
    f->function = (struct function){.name = STR("todo"),
                                    .endpoint = {.host = STR("127.0.0.1"),
                                                 .authority = STR("127.0.0.1:9000"),
                                                 .port = f->server.port,
                                                 .base_path = STR("")},
                                    .remote_name = STR("todo"),
                                    .timeout = 30 * USEC_PER_SEC,
                                    .connect_timeout = USEC_PER_SEC,
                                    .keep_alive_timeout = 4 * USEC_PER_SEC,
                                    .max_concurrency = 1,
                                    .max_queue = 1};
}

static void prepare(struct fixture *f)
{
    f->snapshot = make_snapshot(&f->function, &f->defined);
    lambda_prepare(f->lambda, f->snapshot);
}

static void teardown(struct fixture *f)
{
    snapshot_unref(f->snapshot);
    lambda_free(f->lambda);
    fake_server_stop(&f->server);
    loop_release(&f->loop);
    counters_free(f->counters);
    struct buf *const all[] = {&f->payload, &f->error,  &f->request_id,
                               &seen_head,  &seen_body, &order};
    FOR_EACH (b, all, ARRAY_LENGTH(all))
        buf_release(*b);
}

static void keep(struct buf *b, struct str s)
{
    buf_clear(b);
    buf_append(b, s);
}

static void on_done(void *data, struct lambda_answer *answer)
{
    struct fixture *f = data;
    f->done++;
    f->failure = answer->failure;
    f->status = answer->status;
    keep(&f->payload, buf_str(&answer->payload));
    keep(&f->error, answer->error);
    keep(&f->request_id, answer->request_id);
}

static struct lambda_call *invoke_on(struct fixture *f, const struct function *function,
                                     const char *payload, uint64_t timeout)
{
    struct lambda_request request = {.function = function,
                                     .qualifier = f->qualifier,
                                     .trace_id = STR("Root=1-x"),
                                     .timeout = timeout};
    buf_append(&request.payload, str_from(payload));
    return lambda_invoke(f->lambda, &request, on_done, f);
}

static struct lambda_call *invoke(struct fixture *f, const char *payload)
{
    return invoke_on(f, f->defined, payload, TIMEOUT);
}

static uint64_t counted(struct fixture *f, const char *result)
{
    struct label labels[] = {{"function", STR("todo")}, {"result", str_from(result)}};
    return counters_figure(f->counters, FIGURE_COUNTER, "turnpike_lambda_invocations_total", "",
                           labels, 2)
        ->count;
}

static double in_flight(struct fixture *f)
{
    struct label label = {"backend", STR("todo")};
    return counters_figure(f->counters, FIGURE_GAUGE, "turnpike_backend_inflight_requests", "",
                           &label, 1)
        ->value;
}

/* What goes out. */

static const struct {
    const char *name, *remote_name, *base_path, *qualifier;
    enum emulator emulator;
    const char *line;
} cases[] = {
    {"plain", "todo", "", "", EMULATOR_NONE,
     "POST /2015-03-31/functions/todo/invocations HTTP/1.1\r\n"},
    {"a base path", "todo", "/local/x", "", EMULATOR_NONE,
     "POST /local/x/2015-03-31/functions/todo/invocations HTTP/1.1\r\n"},
    {"a qualifier", "todo", "", "$LATEST", EMULATOR_NONE,
     "POST /2015-03-31/functions/todo/invocations?Qualifier=%24LATEST HTTP/1.1\r\n"},
    {"an ARN", "arn:aws:lambda:us-east-1:123456789012:function:a_b", "", "7", EMULATOR_NONE,
     "POST /2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aa_b/"
     "invocations?Qualifier=7 HTTP/1.1\r\n"},
    {"RIE knows no qualifier", "function", "", "live", EMULATOR_RIE,
     "POST /2015-03-31/functions/function/invocations HTTP/1.1\r\n"},
    {"SAM refuses queries", "Stack/Todo", "", "live", EMULATOR_SAM,
     "POST /2015-03-31/functions/Stack%2FTodo/invocations HTTP/1.1\r\n"},
};

static void requests_are_written(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct fixture f;
        setup(&f, answer_echo);
        f.function.remote_name = str_from(c->remote_name);
        f.function.endpoint.base_path = str_from(c->base_path);
        f.function.emulator = c->emulator;
        prepare(&f);
        f.qualifier = str_from(c->qualifier);
        (void)invoke(&f, "{\"version\":\"2.0\"}");
        run_until(&f.loop, &f.done, 1);
        struct str head = buf_str(&seen_head);
        CHECK_CASE(c, str_starts_with(head, str_from(c->line)), "%" STR_F, STR_A(head));
        assert_str_equal(fake_field(head, STR("Host")), STR("127.0.0.1:9000"));
        assert_str_equal(fake_field(head, STR("Content-Type")), STR("application/json"));
        assert_str_equal(fake_field(head, STR("Accept")), STR("*/*"));
        assert_str_equal(fake_field(head, STR("User-Agent")), STR("turnpike/" TURNPIKE_VERSION));
        assert_str_equal(fake_field(head, STR("X-Amzn-Trace-Id")), STR("Root=1-x"));
        assert_str_equal(fake_field(head, STR("X-Amz-Invocation-Type")), STR("RequestResponse"));
        assert_str_equal(buf_str(&seen_body), STR("{\"version\":\"2.0\"}"));
        teardown(&f);
    }
}

/* What the service would compute of what it received. */
static void check_signature(const struct signing *s, struct str path, struct str query)
{
    struct str head = buf_str(&seen_head), time = fake_field(head, STR("X-Amz-Date"));
    const struct header headers[] = {
        {STR("host"), fake_field(head, STR("Host"))},
        {STR("content-type"), STR("application/json")},
        {STR("x-amz-date"), time},
        {STR("x-amz-invocation-type"), STR("RequestResponse")},
        {STR("x-amz-security-token"), s->session_token},
    };
    struct sigv4_request request = {.method = STR("POST"),
                                    .path = path,
                                    .query = query,
                                    .headers = headers,
                                    .header_count = s->session_token.len > 0 ? 5 : 4};
    struct str body = buf_str(&seen_body);
    struct sha256 payload = sha256_of(&body, 1), signature;
    struct sigv4_key key = {s->access_key_id, s->secret_access_key, s->session_token};
    struct sigv4_scope scope = {str_head(time, SIGV4_DATE_LEN), s->region, STR("lambda")};
    char hex[SHA256_HEX_LEN];
    scoped_buf struct buf canonical = {0}, want = {0};
    struct str names = sigv4_canonical(&canonical, &request, sha256_hex(&payload, hex));
    buf_printf(&want, "AWS4-HMAC-SHA256 Credential=%" STR_F "/", STR_A(s->access_key_id));
    sigv4_append_scope(&want, &scope);
    signature = sigv4_signature(&key, &scope, time, buf_str(&canonical));
    buf_printf(&want, ", SignedHeaders=%" STR_F ", Signature=%" STR_F, STR_A(names),
               STR_A(sha256_hex(&signature, hex)));
    assert_str_equal(fake_field(head, STR("Authorization")), buf_str(&want));
    assert_str_equal(fake_field(head, STR("X-Amz-Security-Token")), s->session_token);
}

static void calls_are_signed(void **state)
{
    (void)state;
    struct signing signing = {.access_key_id = STR("AKID"),
                              .secret_access_key = STR("secret"),
                              .region = STR("eu-west-1")};
    struct fixture f;
    setup(&f, answer_echo);
    f.function.remote_name = STR("a:b");
    f.function.endpoint.base_path = STR("/base");
    f.function.signing = &signing;
    prepare(&f);
    (void)invoke(&f, "{\"a\":1}");
    run_until(&f.loop, &f.done, 1);
    check_signature(&signing, STR("/base/2015-03-31/functions/a%3Ab/invocations"), STR(""));

    f.qualifier = STR("$LATEST");
    signing.session_token = STR("token/+=");
    (void)invoke(&f, "");
    run_until(&f.loop, &f.done, 2);
    check_signature(&signing, STR("/base/2015-03-31/functions/a%3Ab/invocations"),
                    STR("Qualifier=%24LATEST"));
    teardown(&f);
}

static void unsigned_calls_say_nothing_of_it(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_echo);
    prepare(&f);
    (void)invoke(&f, "{}");
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(fake_field(buf_str(&seen_head), STR("Authorization")).len, 0);
    assert_int_equal(fake_field(buf_str(&seen_head), STR("X-Amz-Date")).len, 0);
    teardown(&f);
}

static void a_trace_id_cannot_add_fields(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_echo);
    prepare(&f);
    struct lambda_request request = {
        .function = f.defined, .trace_id = STR("x\r\nX-Evil: 1"), .timeout = TIMEOUT};
    (void)lambda_invoke(f.lambda, &request, on_done, &f);
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(fake_field(buf_str(&seen_head), STR("X-Evil")).len, 0);
    assert_int_equal(fake_field(buf_str(&seen_head), STR("X-Amzn-Trace-Id")).len, 0);
    teardown(&f);
}

static void an_answer_comes_back(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_echo);
    prepare(&f);
    (void)invoke(&f, "{}");
    assert_int_equal(f.done, 0);
    assert_int_equal(lambda_calls(f.lambda), 1);
    assert_true(in_flight(&f) == 1);
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(f.failure, INTEGRATION_OK);
    assert_int_equal(f.status, 200);
    assert_str_equal(buf_str(&f.payload), STR("{}"));
    assert_str_equal(buf_str(&f.request_id), STR("id-1"));
    assert_int_equal(buf_len(&f.error), 0);
    assert_int_equal(lambda_calls(f.lambda), 0);
    assert_int_equal(counted(&f, "ok"), 1);
    assert_true(in_flight(&f) == 0);
    teardown(&f);
}

static void answer_rie_error(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    struct str body = STR("{\"errorType\":\"Error\",\"errorMessage\":\"x\",\"trace\":[]}");
    fake_reply(c, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%" STR_F, body.len, STR_A(body));
}

static void a_failed_function_is_told_with_its_payload(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_rie_error);
    f.function.emulator = EMULATOR_RIE;
    prepare(&f);
    (void)invoke(&f, "{}");
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(f.failure, INTEGRATION_FUNCTION_ERROR);
    assert_int_equal(f.status, 200);
    assert_str_equal(buf_str(&f.error),
                     STR("The Lambda function returned the following error: x. Check your Lambda "
                         "function code and try again."));
    assert_true(buf_len(&f.payload) > 0);
    assert_int_equal(counted(&f, "error"), 1);
    teardown(&f);
}

static void nobody_listens(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_echo);
    f.function.endpoint.port = 1;
    prepare(&f);
    (void)invoke(&f, "{}");
    assert_int_equal(f.done, 0);
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(f.failure, INTEGRATION_CONNECT_FAILED);
    assert_int_equal(f.status, 0);
    assert_str_equal(buf_str(&f.error), STR("The function's endpoint failed: connect to 127.0.0.1 "
                                            "port 1: Connection refused"));
    assert_int_equal(counted(&f, "crash"), 1);
    teardown(&f);
}

static void what_is_refused_at_once_is_told_later(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_echo);
    prepare(&f);
    struct lambda_request request = {.function = f.defined, .timeout = TIMEOUT};
    memset(buf_reserve(&request.payload, 6291457), ' ', 6291457);
    buf_commit(&request.payload, 6291457);
    (void)lambda_invoke(f.lambda, &request, on_done, &f);
    assert_int_equal(f.done, 0);
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(f.failure, INTEGRATION_STATUS);
    assert_int_equal(f.status, 413);
    assert_int_equal(f.server.requests, 0);
    teardown(&f);
}

/* The answer may have 6291556 bytes and not one more. */
static size_t answer_size;

static void answer_sized(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    struct buf b = {0};
    buf_printf(&b, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", answer_size);
    memset(buf_reserve(&b, answer_size), ' ', answer_size);
    buf_commit(&b, answer_size);
    fake_send(c, buf_str(&b));
    buf_release(&b);
}

static void answers_are_bounded(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_sized);
    prepare(&f);
    answer_size = 6291556;
    (void)invoke(&f, "{}");
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(f.failure, INTEGRATION_OK);
    assert_int_equal(buf_len(&f.payload), answer_size);
    answer_size++;
    (void)invoke(&f, "{}");
    run_until(&f.loop, &f.done, 2);
    assert_int_equal(f.failure, INTEGRATION_FUNCTION_ERROR);
    teardown(&f);
}

/* Slots, queue and times. */

static void calls_wait_in_order_and_a_full_queue_refuses(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_later);
    f.function.max_queue = 2;
    prepare(&f);
    (void)invoke(&f, "a");
    (void)invoke(&f, "b");
    (void)invoke(&f, "c");
    (void)invoke(&f, "d");
    assert_int_equal(f.done, 0);
    assert_int_equal(lambda_calls(f.lambda), 4);
    assert_true(in_flight(&f) == 1);
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(f.failure, INTEGRATION_THROTTLED);
    assert_int_equal(counted(&f, "throttle"), 1);
    for (size_t i = 1; i <= 3; i++) {
        run_until(&f.loop, &f.server.requests, i);
        assert_int_equal(f.server.requests, i); /* one at a time */
        answer_held();
        run_until(&f.loop, &f.done, 1 + i);
        assert_int_equal(f.failure, INTEGRATION_OK);
    }
    assert_str_equal(buf_str(&order), STR("abc"));
    assert_int_equal(f.server.connections, 1);
    teardown(&f);
}

static void invoke_apart(struct fixture *f, const char *payload, uint64_t max)
{
    struct lambda_request request = {.function = f->defined, .timeout = TIMEOUT, .apart_max = max};
    buf_append(&request.payload, str_from(payload));
    (void)lambda_invoke(f->lambda, &request, on_done, f);
}

static void some_calls_wait_beside_the_queue(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_later);
    f.function.max_queue = 1;
    prepare(&f);
    (void)invoke(&f, "a");
    invoke_apart(&f, "b", 2);
    (void)invoke(&f, "c");
    invoke_apart(&f, "d", 2);
    assert_int_equal(f.done, 0);
    (void)invoke(&f, "the queue is full");
    invoke_apart(&f, "more than may", 2);
    run_until(&f.loop, &f.done, 2);
    assert_int_equal(counted(&f, "throttle"), 2);
    for (size_t i = 1; i <= 4; i++) {
        run_until(&f.loop, &f.server.requests, i);
        answer_held();
        run_until(&f.loop, &f.done, 2 + i);
        assert_int_equal(f.failure, INTEGRATION_OK);
    }
    assert_str_equal(buf_str(&order), STR("abcd"));
    teardown(&f);
}

static void the_integration_timeout_covers_waiting(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_later);
    prepare(&f);
    (void)invoke(&f, "a");
    run_until(&f.loop, &f.server.requests, 1);
    (void)invoke_on(&f, f.defined, "b", 10 * USEC_PER_MSEC);
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(f.failure, INTEGRATION_TIMED_OUT);
    assert_str_equal(buf_str(&order), STR("a")); /* the other was never started */
    assert_int_equal(lambda_calls(f.lambda), 1);
    assert_int_equal(counted(&f, "timeout"), 1);
    teardown(&f);
}

static const struct {
    const char *name;
    uint64_t integration, function; /* milliseconds */
    enum integration_failure failure;
} timeouts[] = {
    {"the integration's ends first", 10, 1000, INTEGRATION_TIMED_OUT},
    {"the function's ends first", 1000, 10, INTEGRATION_FUNCTION_ERROR},
    {"both at once: the integration's rules", 10, 10, INTEGRATION_TIMED_OUT},
};

static void whose_timeout_ends_first_decides(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, timeouts) {
        struct fixture f;
        setup(&f, answer_later);
        f.function.timeout = c->function * USEC_PER_MSEC;
        prepare(&f);
        (void)invoke_on(&f, f.defined, "a", c->integration * USEC_PER_MSEC);
        run_until(&f.loop, &f.done, 1);
        CHECK_CASE(c, f.failure == c->failure, "failure %d", f.failure);
        CHECK_CASE(c, counted(&f, "timeout") == 1, "not counted");
        teardown(&f);
    }
}

/* Abandoning. */

static void an_abandoned_call_runs_to_its_end(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_later);
    prepare(&f);
    struct lambda_call *running = invoke(&f, "a");
    (void)invoke(&f, "b");
    run_until(&f.loop, &f.server.requests, 1);
    lambda_abandon(running);
    run_turns(&f.loop, 5);
    assert_int_equal(f.server.requests, 1); /* its slot is not free */
    assert_int_equal(lambda_calls(f.lambda), 2);
    answer_held();
    run_until(&f.loop, &f.server.requests, 2);
    assert_int_equal(f.done, 0);
    assert_int_equal(counted(&f, "ok"), 1);
    answer_held();
    run_until(&f.loop, &f.done, 1);
    teardown(&f);
}

static void an_abandoned_call_that_waits_is_never_started(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_later);
    prepare(&f);
    (void)invoke(&f, "a");
    lambda_abandon(invoke(&f, "b")); /* waits */
    (void)invoke(&f, "c");           /* in its place */
    lambda_abandon(invoke(&f, "d")); /* would have been refused */
    run_until(&f.loop, &f.server.requests, 1);
    assert_int_equal(lambda_calls(f.lambda), 2);
    answer_held();
    run_until(&f.loop, &f.server.requests, 2);
    answer_held();
    run_until(&f.loop, &f.done, 2);
    assert_str_equal(buf_str(&order), STR("ac"));
    teardown(&f);
}

static void a_call_outlives_its_snapshot(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_later);
    prepare(&f);
    lambda_abandon(invoke(&f, "a")); /* running: nobody holds the snapshot for it */
    snapshot_unref(f.snapshot);
    run_until(&f.loop, &f.server.requests, 1);
    assert_int_equal(lambda_calls(f.lambda), 1);
    answer_held();
    while (lambda_calls(f.lambda))
        (void)uv_run(&f.loop.uv, UV_RUN_ONCE);
    prepare(&f);
    teardown(&f);
}

/* Reload. */

static void slots_are_counted_across_snapshots(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_later);
    prepare(&f);
    struct snapshot *old = f.snapshot;
    (void)invoke(&f, "a");
    prepare(&f);
    (void)invoke(&f, "b"); /* waits for the old one's slot */
    run_until(&f.loop, &f.server.requests, 1);
    run_turns(&f.loop, 5);
    assert_int_equal(f.server.requests, 1);
    answer_held();
    run_until(&f.loop, &f.server.requests, 2);
    assert_int_equal(f.server.connections, 1); /* the same endpoint: the same connections */
    answer_held();
    run_until(&f.loop, &f.done, 2);

    snapshot_unref(f.snapshot);
    f.function.max_concurrency = 2;
    prepare(&f); /* new limits, for calls of the new snapshot */
    (void)invoke(&f, "c");
    (void)invoke(&f, "d");
    run_until(&f.loop, &f.server.requests, 4);
    snapshot_unref(old);
    teardown(&f);
}

static void a_new_endpoint_is_for_new_calls(void **state)
{
    (void)state;
    struct fixture f;
    struct fake_server other;
    setup(&f, answer_later);
    f.function.max_concurrency = 2;
    prepare(&f);
    (void)invoke(&f, "a");
    run_until(&f.loop, &f.server.requests, 1);

    struct snapshot *old = f.snapshot;
    struct function *old_function = f.defined;
    fake_server_start(&other, &f.loop, answer_echo);
    f.function.endpoint.port = other.port;
    prepare(&f);
    (void)invoke(&f, "b");
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(other.requests, 1);
    (void)invoke_on(&f, old_function, "c", TIMEOUT); /* an exchange that began before */
    run_until(&f.loop, &f.server.requests, 2);
    snapshot_unref(old); /* (its calls are in flight) */
    answer_held();
    run_until(&f.loop, &f.done, 2);
    fake_server_stop(&other);
    teardown(&f);
}

static void the_backend_may_end_before_its_snapshots(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_later);
    prepare(&f);
    (void)invoke(&f, "a");
    (void)invoke(&f, "b");
    (void)invoke(&f, "c");
    run_until(&f.loop, &f.server.requests, 1);
    size_t done = f.done;
    lambda_free(f.lambda);
    run_turns(&f.loop, 5);
    snapshot_unref(f.snapshot);
    assert_int_equal(f.done, done);
    f.lambda = NULL;
    f.snapshot = NULL;
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_written),
        cmocka_unit_test(calls_are_signed),
        cmocka_unit_test(unsigned_calls_say_nothing_of_it),
        cmocka_unit_test(a_trace_id_cannot_add_fields),
        cmocka_unit_test(an_answer_comes_back),
        cmocka_unit_test(a_failed_function_is_told_with_its_payload),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(what_is_refused_at_once_is_told_later),
        cmocka_unit_test(answers_are_bounded),
        cmocka_unit_test(calls_wait_in_order_and_a_full_queue_refuses),
        cmocka_unit_test(some_calls_wait_beside_the_queue),
        cmocka_unit_test(the_integration_timeout_covers_waiting),
        cmocka_unit_test(whose_timeout_ends_first_decides),
        cmocka_unit_test(an_abandoned_call_runs_to_its_end),
        cmocka_unit_test(an_abandoned_call_that_waits_is_never_started),
        cmocka_unit_test(a_call_outlives_its_snapshot),
        cmocka_unit_test(slots_are_counted_across_snapshots),
        cmocka_unit_test(a_new_endpoint_is_for_new_calls),
        cmocka_unit_test(the_backend_may_end_before_its_snapshots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
