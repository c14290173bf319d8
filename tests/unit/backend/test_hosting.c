/* SPDX-License-Identifier: Apache-2.0 */
/* Hosted functions, from lambda_invoke to the Runtime API: what an invocation is told, what its
 * caller gets, what is logged. */
#include "turnpike/backend/lambda.h"

#include "support/hosting_fixture.h"

/* What an invocation is told, and what its caller gets. */

static void a_function_answers(void **state)
{
    (void)state;
    char id[37];
    use();
    assert_int_equal(keeper.count, 0);
    struct told *o = invoke("{\"a\":1}");
    struct str event = take_event(child(0), id);
    assert_holds(event, "Lambda-Runtime-Invoked-Function-Arn: "
                        "arn:aws:lambda:eu-west-1:123456789012:function:todo\r\n");
    assert_holds(event,
                 "Lambda-Runtime-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=");
    assert_holds(event, ";Sampled=0\r\n");
    assert_holds(event, "Lambda-Runtime-Client-Context: {\"custom\":1}\r\n");
    assert_holds(event, "Lambda-Runtime-Deadline-Ms: ");
    assert_holds(event, "content-length: 7\r\n");
    assert_true(str_ends_with(event, STR("\r\n\r\n{\"a\":1}")));
    struct str answer = child_posts(child(0), str_from(id), "response", STR("{\"b\":2}"));
    assert_holds(answer, "HTTP/1.1 202 Accepted");
    assert_true(str_ends_with(answer, STR("\r\n\r\n{\"status\":\"OK\"}\n")));
    await(o);
    assert_int_equal(o->failure, INTEGRATION_OK);
    assert_str_equal(buf_str(&o->payload), STR("{\"b\":2}"));
    assert_str_equal(buf_str(&o->request_id), str_from(id));
}

static void a_process_is_used_again(void **state)
{
    (void)state;
    char first[37], second[37];
    use();
    struct told *a = invoke("1");
    (void)take_event(child(0), first);
    (void)child_posts(child(0), str_from(first), "response", STR("1"));
    await(a);
    struct told *b = invoke("2");
    assert_true(str_ends_with(take_event(child(0), second), STR("2")));
    (void)child_posts(child(0), str_from(second), "response", STR("2"));
    await(b);
    assert_string_not_equal(first, second);
    assert_int_equal(keeper.count, 1);
}

static void as_many_run_as_may(void **state)
{
    (void)state;
    char id[3][37];
    h.function.process.concurrency = 2;
    use();
    struct told *o[3] = {invoke("0"), invoke("1"), invoke("2")};
    assert_int_equal(keeper.count, 2);
    (void)take_event(child(0), id[0]);
    (void)take_event(child(1), id[1]);
    (void)child_posts(child(1), str_from(id[1]), "response", STR("1"));
    assert_true(str_ends_with(take_event(child(1), id[2]), STR("2")));
    (void)child_posts(child(1), str_from(id[2]), "response", STR("2"));
    await(o[1]);
    await(o[2]);
    assert_false(o[0]->done);
    assert_int_equal(keeper.count, 2);
}

static void a_full_queue_is_throttled(void **state)
{
    (void)state;
    h.function.max_queue = 1;
    use();
    (void)invoke("0");
    (void)invoke("1");
    struct told *o = invoke("2");
    await(o);
    assert_int_equal(o->failure, INTEGRATION_THROTTLED);
}

static void errors_are_passed_on(void **state)
{
    (void)state;
    char id[37];
    static const char body[] = "{\"errorType\":\"Error\",\"errorMessage\":\"no\",\"trace\":[]}";
    use();
    struct told *o = invoke("{}");
    (void)take_event(child(0), id);
    assert_holds(child_posts(child(0), str_from(id), "error", str_from(body)), "202 Accepted");
    await(o);
    assert_int_equal(o->failure, INTEGRATION_FUNCTION_ERROR);
    assert_str_equal(buf_str(&o->payload), str_from(body));
    assert_holds(buf_str(&o->error), "returned the following error: no");
}

/* Mistakes of a runtime. */

static const char wrong_id[] = "00000000-0000-4000-8000-000000000000";

static void mistakes_are_refused(void **state)
{
    (void)state;
    char id[37], other[37];
    use();
    struct told *o = invoke("{}");
    struct child *c = child(0);
    assert_string_equal(status_of(child_posts(c, str_from(wrong_id), "response", STR("1"))), "403");
    (void)take_event(c, id);
    assert_string_equal(status_of(child_asks(c, NEXT)), "403");
    assert_string_equal(status_of(child_posts(c, str_from(wrong_id), "response", STR("1"))), "400");
    assert_holds(child_posts(c, str_from(wrong_id), "error", STR("1")), "\"InvalidRequestID\"");
    (void)child_posts(c, str_from(id), "response", STR("1"));
    assert_holds(child_posts(c, str_from(id), "response", STR("2")), "\"InvalidStateTransition\"");
    await(o);
    assert_str_equal(buf_str(&o->payload), STR("1"));
    struct told *next = invoke("{}");
    (void)take_event(c, other);
    assert_string_equal(status_of(child_posts(c, str_from(id), "response", STR("3"))), "400");
    (void)child_posts(c, str_from(other), "response", STR("4"));
    await(next);
    assert_str_equal(buf_str(&next->payload), STR("4"));
}

static const struct {
    const char *name, *request, *status, *body;
} paths[] = {
    {"ping", "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n", "200", "pong"},
    {"extensions",
     "POST /2020-01-01/extension/register HTTP/1.1\r\nHost: x\r\n"
     "Content-Length: 0\r\n\r\n",
     "404", "NotFound"},
    {"restore", "GET /2018-06-01/runtime/restore/next HTTP/1.1\r\nHost: x\r\n\r\n", "404",
     "NotFound"},
    {"telemetry", "PUT /2022-07-01/telemetry HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
     "202", "Telemetry API is not supported"},
    {"logs", "PUT /2020-08-15/logs HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "202",
     "Logs API is not supported"},
    {"no id",
     "POST /2018-06-01/runtime/invocation//response HTTP/1.1\r\nHost: x\r\n"
     "Content-Length: 0\r\n\r\n",
     "404", "NotFound"},
    {"another method",
     "PUT /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n"
     "Content-Length: 0\r\n\r\n",
     "404", "NotFound"},
};

static void paths_are_known(void **state)
{
    (void)state;
    use();
    (void)invoke("{}");
    FOR_EACH_CASE (c, paths) {
        struct str answer = child_asks(child(0), str_from(c->request));
        CHECK_CASE(c, strcmp(status_of(answer), c->status) == 0, "%" STR_F, STR_A(answer));
        CHECK_CASE(c, str_find_str(answer, str_from(c->body)) < answer.len, "%" STR_F,
                   STR_A(answer));
    }
}

static void an_answer_has_a_bound(void **state)
{
    (void)state;
    char id[37];
    size_t max = 6 * 1024 * 1024 + 100;
    char *big = xmalloc(max + 1);
    memset(big, '1', max + 1);
    use();
    struct told *fits = invoke("{}");
    (void)take_event(child(0), id);
    (void)child_posts(child(0), str_from(id), "response", str_of(big, max));
    await(fits);
    assert_int_equal(fits->failure, INTEGRATION_OK);
    struct told *o = invoke("{}");
    (void)take_event(child(0), id);
    struct str answer = child_posts(child(0), str_from(id), "response", str_of(big, max + 1));
    assert_holds(answer, "HTTP/1.1 413 ");
    assert_holds(answer, "\"RequestEntityTooLarge\"");
    await(o);
    assert_int_equal(o->failure, INTEGRATION_FUNCTION_ERROR);
    assert_holds(buf_str(&o->payload), "\"Function.ResponseSizeTooLarge\"");
    struct told *after = invoke("{}");
    (void)take_event(child(0), id);
    (void)child_posts(child(0), str_from(id), "response", STR("1"));
    await(after);
    assert_int_equal(after->failure, INTEGRATION_OK);
    free(big);
}

static void a_stream_may_break_off(void **state)
{
    (void)state;
    char id[37];
    scoped_buf struct buf request = {0};
    use();
    struct told *o = invoke("{}");
    (void)take_event(child(0), id);
    buf_printf(&request,
               "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\n"
               "Lambda-Runtime-Function-Response-Mode: streaming\r\n"
               "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n"
               "Lambda-Runtime-Function-Error-Type: Error\r\n"
               "Lambda-Runtime-Function-Error-Body: eyJlcnJvck1lc3NhZ2UiOiJicm9rZW4ifQ==\r\n\r\n",
               id);
    assert_holds(child_asks(child(0), buf_str(&request)), "202 Accepted");
    await(o);
    assert_int_equal(o->failure, INTEGRATION_FUNCTION_ERROR);
    assert_str_equal(buf_str(&o->payload), STR("{\"errorMessage\":\"broken\"}"));
}

static void an_answer_says_what_it_is(void **state)
{
    (void)state;
    char id[37];
    scoped_buf struct buf request = {0};
    use();
    struct told *o = invoke("{}");
    (void)take_event(child(0), id);
    buf_printf(&request,
               "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\n"
               "Content-Type: application/x-thing\r\nContent-Length: 1\r\n\r\n1",
               id);
    (void)child_asks(child(0), buf_str(&request));
    await(o);
    assert_str_equal(buf_str(&o->content_type), STR("application/x-thing"));
}

/* It may be given once more, on another connection. */
static void an_answer_that_is_malformed_is_none(void **state)
{
    (void)state;
    char id[37];
    scoped_buf struct buf request = {0};
    use();
    struct told *o = invoke("{}");
    struct child *c = child(0);
    (void)take_event(c, id);
    buf_printf(&request,
               "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\n"
               "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nnonsense\r\n",
               id);
    struct str answer = child_asks(c, buf_str(&request));
    assert_string_equal(status_of(answer), "400");
    assert_holds(answer, "\"TruncatedHTTPRequest\"");
    assert_false(o->done);
    (void)close(c->socket);
    c->socket = -1;
    (void)child_posts(c, str_from(id), "response", STR("1"));
    await(o);
    assert_str_equal(buf_str(&o->payload), STR("1"));
}

static const struct {
    const char *name, *field, *want;
} silent_errors[] = {
    {"none", "X: x", "Runtime.Unknown"},
    {"a runtime's", "Lambda-Runtime-Function-Error-Type: Runtime.NoHandler", "Runtime.NoHandler"},
    {"a function's", "Lambda-Runtime-Function-Error-Type: Function.Oops", "Function.Oops"},
    {"no reason", "Lambda-Runtime-Function-Error-Type: Function.", "Function.Unknown"},
    {"in small", "Lambda-Runtime-Function-Error-Type: Function.oops", "Function.Unknown"},
    {"with digits", "Lambda-Runtime-Function-Error-Type: Runtime.E404", "Runtime.Unknown"},
    {"of no kind", "Lambda-Runtime-Function-Error-Type: <script>", "Runtime.Unknown"},
    {"of another one", "Lambda-Runtime-Function-Error-Type: Sandbox.Timedout", "Runtime.Unknown"},
};

/* The type counts only where there is no body, which is passed on as it is. */
static void an_error_without_a_body_has_its_type(void **state)
{
    (void)state;
    use();
    FOR_EACH_CASE (c, silent_errors) {
        char id[37];
        scoped_buf struct buf request = {0}, want = {0};
        struct told *o = invoke("{}");
        (void)take_event(child(0), id);
        buf_printf(&request,
                   "POST /2018-06-01/runtime/invocation/%s/error HTTP/1.1\r\nHost: x\r\n%s\r\n"
                   "Content-Length: 0\r\n\r\n",
                   id, c->field);
        assert_holds(child_asks(child(0), buf_str(&request)), "202 Accepted");
        await(o);
        buf_printf(&want,
                   "{\"errorType\":\"%s\",\"errorMessage\":\"RequestId: %s Error: the runtime "
                   "did not say why\"}",
                   c->want, id);
        CHECK_CASE(c, str_eq(buf_str(&o->payload), buf_str(&want)), "%" STR_F,
                   STR_A(buf_str(&o->payload)));
    }
}

static void a_mode_is_streaming_or_none(void **state)
{
    (void)state;
    char id[37];
    scoped_buf struct buf request = {0};
    use();
    (void)invoke("{}");
    (void)take_event(child(0), id);
    buf_printf(&request,
               "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\n"
               "Lambda-Runtime-Function-Response-Mode: sideways\r\nContent-Length: 0\r\n\r\n",
               id);
    assert_holds(child_asks(child(0), buf_str(&request)), "\"InvalidFunctionResponseMode\"");
}

/* A runtime whose connection went while it waited. */
static const struct {
    const char *name;
    bool reset;   /* otherwise it was closed in order */
    bool unheard; /* the loop has not seen it yet */
} losses[] = {
    {"in order", false, false},
    {"by a reset", true, false},
    {"in order, just now", false, true},
    {"by a reset, just now", true, true},
};

static void lose_connection(struct child *c, size_t i)
{
    struct linger linger = {.l_onoff = losses[i].reset};
    child_sends(c, NEXT);
    loop_turn(&h.loop);
    (void)setsockopt(c->socket, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    (void)close(c->socket);
    c->socket = -1;
    if (!losses[i].unheard)
        loop_turn(&h.loop);
}

static void who_asks_anew_is_heard(void **state)
{
    for (size_t i = 0; i < ARRAY_LENGTH(losses); i++) {
        char id[37];
        if (i > 0)
            teardown(state);
        setup(state);
        use();
        struct told *first = invoke("1");
        (void)take_event(child(0), id);
        (void)child_posts(child(0), str_from(id), "response", STR("1"));
        await(first);
        lose_connection(child(0), i);
        struct told *second = invoke("2");
        CHECK_CASE(&losses[i], str_ends_with(take_event(child(0), id), STR("2")), "no event");
        (void)child_posts(child(0), str_from(id), "response", STR("2"));
        await(second);
        CHECK_CASE(&losses[i], second->failure == INTEGRATION_OK, "%d", second->failure);
        assert_int_equal(keeper.count, 1);
    }
}

/* The log. */

static void the_log_is_lambdas(void **state)
{
    (void)state;
    char id[37];
    use();
    struct told *o = invoke("{}");
    (void)!write(child(0)->output, "loading\n", 8);
    (void)take_event(child(0), id);
    (void)!write(child(0)->output, "one\r\ntwo", 8);
    (void)child_posts(child(0), str_from(id), "response", STR("1"));
    await(o);
    struct str tail = buf_str(&o->log_tail);
    assert_true(str_starts_with(tail, STR("START RequestId: ")));
    assert_holds(tail, " Version: $LATEST\none\ntwo\nEND RequestId: ");
    assert_holds(tail, "\nREPORT RequestId: ");
    assert_holds(tail, " ms\tMemory Size: 128 MB\tMax Memory Used: ");
    assert_holds(tail, "\tInit Duration: ");
    assert_holds(buf_str(&h.log), "loading\nSTART RequestId: ");
    struct told *second = invoke("{}");
    (void)take_event(child(0), id);
    (void)child_posts(child(0), str_from(id), "response", STR("1"));
    await(second);
    assert_holds(buf_str(&second->log_tail), "\nREPORT RequestId: ");
    assert_true(str_find_str(buf_str(&second->log_tail), STR("Init Duration")) ==
                buf_len(&second->log_tail));
}

static void the_tail_is_the_end(void **state)
{
    (void)state;
    char id[37], line[3 * LAMBDA_LOG_TAIL_MAX];
    memset(line, 'a', sizeof(line));
    memcpy(line + sizeof(line) - 5, "last\n", 5);
    use();
    struct told *o = invoke("{}");
    (void)take_event(child(0), id);
    (void)!write(child(0)->output, line, sizeof(line));
    (void)child_posts(child(0), str_from(id), "response", STR("1"));
    await(o);
    assert_int_equal(buf_len(&o->log_tail), LAMBDA_LOG_TAIL_MAX);
    assert_holds(buf_str(&o->log_tail), "aaaalast\nEND RequestId: ");
}

static void the_end_comes_at_any_time(void **state)
{
    (void)state;
    char id[37];
    h.function.process.concurrency = 2;
    use();
    (void)invoke("1");
    (void)invoke("2");
    (void)invoke("3");
    (void)take_event(child(0), id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_function_answers),
        TEST(a_process_is_used_again),
        TEST(as_many_run_as_may),
        TEST(a_full_queue_is_throttled),
        TEST(errors_are_passed_on),
        TEST(an_answer_says_what_it_is),
        TEST(mistakes_are_refused),
        TEST(paths_are_known),
        TEST(an_answer_has_a_bound),
        TEST(an_answer_that_is_malformed_is_none),
        TEST(a_stream_may_break_off),
        TEST(an_error_without_a_body_has_its_type),
        TEST(a_mode_is_streaming_or_none),
        cmocka_unit_test_teardown(who_asks_anew_is_heard, teardown),
        TEST(the_log_is_lambdas),
        TEST(the_tail_is_the_end),
        TEST(the_end_comes_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
