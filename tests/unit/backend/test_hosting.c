/* SPDX-License-Identifier: Apache-2.0 */
/* Hosted functions, from lambda_invoke to the Runtime API: the test plays their processes. */
#include "turnpike/backend/lambda.h"

#include <errno.h>

#include "support/fake_keeper.h"
#include "turnpike/base/clock.h"

#define LONG (600 * USEC_PER_SEC)

struct told {
    bool done;
    enum integration_failure failure;
    struct buf payload, error, log_tail, request_id, content_type;
};

#define OUTCOMES 16

static struct {
    struct loop loop;
    struct counters *counters;
    struct lambda *lambda;
    struct hosting hosting;
    struct snapshot *snapshot;
    struct function function; /* what the next snapshot has */
    bool removed;             /* it has none */
    struct str argument;
    struct told outcomes[OUTCOMES];
    size_t invoked;
    struct buf log, troubles;
    size_t keys_issued, keys_revoked;
} h;

static void on_line(void *data, const struct hosted_line *line)
{
    (void)data;
    buf_printf(&h.log, "%" STR_F "\n", STR_A(line->text));
}

static bool hears_lines(void *data)
{
    (void)data;
    return true;
}

static void on_trouble(void *data, struct str function, struct str why)
{
    (void)data;
    buf_printf(&h.troubles, "%" STR_F ": %" STR_F "\n", STR_A(function), STR_A(why));
}

static struct sigv4_key issue_key(void *data, struct str function)
{
    (void)data;
    (void)function;
    h.keys_issued++;
    return (struct sigv4_key){STR("ASIA"), STR("secret"), STR("token")};
}

static void revoke_key(void *data, const struct sigv4_key *key)
{
    (void)data;
    assert_str_equal(key->access_key_id, STR("ASIA"));
    h.keys_revoked++;
}

/* A snapshot with the function is put in force. */
static void use(void)
{
    struct snapshot *s = xcalloc(1, sizeof(*s)), *before = h.snapshot;
    s->references = 1;
    arena_init(&s->arena, 4096);
    s->settings.aws_region = STR("eu-west-1");
    s->settings.account_id = STR("123456789012");
    if (!h.removed) {
        struct function *f = arena_new(&s->arena, struct function);
        *f = h.function;
        *list_push(&s->arena, &f->process.command) = STR("run");
        *list_push(&s->arena, &f->process.command) = h.argument;
        *list_push(&s->arena, &s->functions) = f;
        (void)map_set(&s->functions_by_name, f->name, f);
    }
    lambda_prepare(h.lambda, s);
    h.snapshot = s;
    lambda_use(h.lambda, s);
    snapshot_unref(before);
}

static int setup(void **state)
{
    (void)state;
    memset(&h, 0, sizeof(h));
    memset(&keeper, 0, sizeof(keeper));
    keeper.ends_by_signal = true;
    loop_init(&h.loop);
    h.counters = counters_new();
    h.lambda = lambda_new(&h.loop, NULL, h.counters);
    static const char *const environment[] = {"PATH=/bin", NULL};
    h.hosting = (struct hosting){.program = "x",
                                 .environment = environment,
                                 .owner = {.on_line = on_line,
                                           .hears_lines = hears_lines,
                                           .on_trouble = on_trouble,
                                           .on_notice = on_trouble,
                                           .issue_key = issue_key,
                                           .revoke_key = revoke_key}};
    lambda_host(h.lambda, &h.hosting);
    h.argument = STR("index.handler");
    h.function = (struct function){.name = STR("todo"),
                                   .timeout = LONG,
                                   .max_queue = 10,
                                   .process = {.on = true,
                                               .directory = {.text = STR("/")},
                                               .concurrency = 1,
                                               .idle_timeout = LONG,
                                               .init_timeout = LONG,
                                               .memory_size = 128}};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lambda_free(h.lambda);
    snapshot_unref(h.snapshot);
    FOR_EACH (c, keeper.children, keeper.count)
        close_child(c);
    loop_release(&h.loop);
    counters_free(h.counters);
    FOR_EACH (o, h.outcomes, OUTCOMES) {
        struct buf *const all[] = {&o->payload, &o->error, &o->log_tail, &o->request_id,
                                   &o->content_type};
        FOR_EACH (b, all, ARRAY_LENGTH(all))
            buf_release(*b);
    }
    buf_release(&h.log);
    buf_release(&h.troubles);
    return 0;
}

static void on_done(void *data, struct lambda_answer *answer)
{
    struct told *o = data;
    assert_false(o->done);
    o->done = true;
    o->failure = answer->failure;
    buf_append(&o->payload, buf_str(&answer->payload));
    buf_append(&o->error, answer->error);
    buf_append(&o->log_tail, answer->log_tail);
    buf_append(&o->request_id, answer->request_id);
    buf_append(&o->content_type, answer->content_type);
}

static struct told *invoke_within(const char *event, uint64_t timeout)
{
    struct told *o = &h.outcomes[h.invoked++];
    struct lambda_request request = {.function = h.snapshot->functions.items[0],
                                     .trace_id = STR("Root=1-5759e988-bd862e3fe1be46a994272793"),
                                     .client_context = STR("{\"custom\":1}"),
                                     .wants_log = true,
                                     .timeout = timeout};
    buf_append(&request.payload, str_from(event));
    (void)lambda_invoke(h.lambda, &request, on_done, o);
    assert_false(o->done);
    return o;
}

static struct told *invoke(const char *event)
{
    return invoke_within(event, LONG);
}

static void await(const struct told *o)
{
    while (!o->done)
        loop_turn(&h.loop);
}

static void await_children(size_t count)
{
    while (keeper.count < count)
        loop_turn(&h.loop);
}

static void assert_holds(struct str text, const char *part)
{
    if (str_find_str(text, str_from(part)) == text.len) {
        print_error("'%s' is not in '%" STR_F "'\n", part, STR_A(text));
        fail();
    }
}

static const char *status_of(struct str answer)
{
    static char status[4];
    memcpy(status, answer.at + 9, 3);
    return status;
}

/* The id lives in the caller's buffer. */
static struct str take_event(struct child *c, char id[37])
{
    struct str answer = child_asks(c, NEXT);
    assert_string_equal(status_of(answer), "200");
    memcpy(id, id_of(answer).at, 36);
    id[36] = '\0';
    return answer;
}

static struct child *child(size_t i)
{
    assert_true(i < keeper.count);
    return &keeper.children[i];
}

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

/* Processes that end. */

static const struct {
    const char *name;
    struct child_exit exit;
    const char *want;
} crashes[] = {
    {"without a reason", {.started = true}, "Error: Runtime exited without providing a reason\""},
    {"with a status",
     {.started = true, .status = 127},
     "Error: Runtime exited with error: exit status 127\""},
    {"by a signal",
     {.started = true, .signal = SIGKILL},
     "Error: Runtime exited with error: signal: killed\""},
    {"by a fault",
     {.started = true, .signal = SIGSEGV},
     "Error: Runtime exited with error: signal: segmentation fault\""},
};

static void crashes_are_told(void **state)
{
    (void)state;
    use();
    for (size_t i = 0; i < ARRAY_LENGTH(crashes); i++) {
        char id[37];
        struct told *o = invoke("{}");
        await_children(i + 1);
        (void)take_event(child(i), id);
        child_dies(child(i), crashes[i].exit);
        await(o);
        CHECK_CASE(&crashes[i], o->failure == INTEGRATION_FUNCTION_ERROR, "%d", o->failure);
        assert_holds(buf_str(&o->payload), crashes[i].want);
        assert_holds(buf_str(&o->payload), "\"errorType\":\"Runtime.ExitError\"");
        assert_holds(buf_str(&o->payload), id);
    }
    assert_int_equal(h.keys_issued, ARRAY_LENGTH(crashes));
    assert_int_equal(h.keys_revoked, ARRAY_LENGTH(crashes));
}

static void an_answer_counts_though_the_process_ends(void **state)
{
    (void)state;
    char id[37];
    scoped_buf struct buf request = {0};
    use();
    struct told *o = invoke("{}");
    (void)take_event(child(0), id);
    buf_printf(&request,
               "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\n"
               "Content-Length: 1\r\n\r\n7",
               id);
    child_sends(child(0), buf_str(&request));
    child_dies(child(0), (struct child_exit){.started = true});
    await(o);
    assert_int_equal(o->failure, INTEGRATION_OK);
}

/* Somebody else may have the connection, and hold it. */
static void who_has_ended_is_given_nothing(void **state)
{
    (void)state;
    char id[37];
    use();
    struct told *first = invoke("1");
    (void)take_event(child(0), id);
    (void)child_posts(child(0), str_from(id), "response", STR("1"));
    await(first);
    child_sends(child(0), NEXT);
    int held = dup(child(0)->socket);
    loop_turn(&h.loop);
    child_dies(child(0), (struct child_exit){.started = true});
    loop_turn(&h.loop);
    struct told *second = invoke("2");
    await_children(2);
    (void)take_event(child(1), id);
    (void)child_posts(child(1), str_from(id), "response", STR("2"));
    await(second);
    assert_int_equal(second->failure, INTEGRATION_OK);
    (void)close(held);
}

static void who_has_ended_is_not_held(void **state)
{
    (void)state;
    char id[37], byte[512];
    use();
    struct told *o = invoke("1");
    (void)take_event(child(0), id);
    int held = dup(child(0)->socket);
    child_dies(child(0), (struct child_exit){.started = true});
    while (child(0)->socket >= 0)
        loop_turn(&h.loop);
    scoped_buf struct buf request = {0};
    buf_printf(&request,
               "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\n"
               "Content-Length: 1\r\n\r\n7",
               id);
    (void)!send(held, request.data + request.start, buf_len(&request), MSG_NOSIGNAL);
    await(o);
    h.argument = STR("other.handler");
    use();
    ssize_t got;
    while ((got = recv(held, byte, sizeof(byte), 0)) > 0 || (got < 0 && errno == EAGAIN))
        loop_turn(&h.loop);
    (void)close(held);
}

static void starts_that_fail_are_told(void **state)
{
    (void)state;
    use();
    struct told *o = invoke("{}"), *queued = invoke("{}");
    (void)!write(child(0)->output, "no module\n", 10);
    child_dies(child(0), (struct child_exit){.started = true, .status = 1});
    await(o);
    assert_int_equal(o->failure, INTEGRATION_FUNCTION_ERROR);
    assert_holds(buf_str(&o->payload), "Error: Runtime exited with error: exit status 1\"");
    assert_holds(buf_str(&h.troubles), "it said: no module");
    await_children(2); /* at once, after the first failure */
    child_dies(child(1), (struct child_exit){.step = CHILD_STEP_EXEC, .number = ENOENT});
    await(queued);
    assert_holds(buf_str(&queued->payload), "\"errorType\":\"Runtime.InvalidEntrypoint\"");
    assert_holds(buf_str(&queued->payload), "fork/exec run: No such file or directory");
    struct told *early = invoke("{}"); /* within the back-off: the same answer, no process */
    await(early);
    assert_holds(buf_str(&early->payload), "\"Runtime.InvalidEntrypoint\"");
    assert_int_equal(keeper.count, 2);
}

static const struct {
    const char *name;
    enum child_step step;
    int number;
    const char *type, *why;
} refused_starts[] = {
    {"no process", CHILD_STEP_FORK, EAGAIN, "Runtime.Unknown", "Resource temporarily"},
    {"its user", CHILD_STEP_USER, EPERM, "Runtime.InvalidTaskConfig", "not permitted"},
    {"its memory", CHILD_STEP_LIMIT, EPERM, "Runtime.InvalidTaskConfig", "not permitted"},
    {"its directory", CHILD_STEP_DIRECTORY, ENOENT, "Runtime.InvalidWorkingDir", "No such file"},
    {"its program", CHILD_STEP_EXEC, EACCES, "Runtime.InvalidEntrypoint", "Permission denied"},
};

static void what_cannot_be_run_is_told(void **state)
{
    for (size_t i = 0; i < ARRAY_LENGTH(refused_starts); i++) {
        scoped_buf struct buf type = {0};
        setup(state);
        use();
        struct told *o = invoke("{}");
        child_dies(child(0), (struct child_exit){.step = refused_starts[i].step,
                                                 .number = refused_starts[i].number});
        await(o);
        buf_printf(&type, "{\"errorType\":\"%s\",", refused_starts[i].type);
        CHECK_CASE(&refused_starts[i], str_starts_with(buf_str(&o->payload), buf_str(&type)),
                   "%" STR_F, STR_A(buf_str(&o->payload)));
        assert_holds(buf_str(&o->payload), refused_starts[i].why);
        if (i + 1 < ARRAY_LENGTH(refused_starts))
            teardown(state);
    }
}

static void a_runtime_reports_its_failed_start(void **state)
{
    (void)state;
    static const char body[] = "{\"errorType\":\"SyntaxError\",\"errorMessage\":\"bad\"}";
    scoped_buf struct buf request = {0};
    use();
    struct told *o = invoke("{}");
    buf_printf(&request,
               "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: x\r\n"
               "Content-Length: %zu\r\n\r\n%s",
               sizeof(body) - 1, body);
    assert_holds(child_asks(child(0), buf_str(&request)), "202 Accepted");
    child_dies(child(0), (struct child_exit){.started = true, .status = 129});
    await(o);
    assert_int_equal(o->failure, INTEGRATION_FUNCTION_ERROR);
    assert_str_equal(buf_str(&o->payload), str_from(body));
    assert_holds(buf_str(&h.troubles), "it cannot start: SyntaxError: bad");
}

/* Each may have 6 MB: many at once would be the gateway's memory. */
static void failed_starts_are_reported_one_at_a_time(void **state)
{
    (void)state;
    static const char head[] = "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: x\r\n"
                               "Content-Length: 2\r\n\r\n";
    use();
    (void)invoke("{}");
    child_sends(child(0), str_from(head));
    loop_turn(&h.loop);
    int first = child(0)->socket;
    child(0)->socket = -1;
    assert_string_equal(status_of(child_asks(child(0), str_from(head))), "403");
    (void)close(child(0)->socket);
    child(0)->socket = first;
    assert_string_equal(status_of(child_asks(child(0), STR("{}"))), "202");
}

static void nothing_can_be_started(void **state)
{
    (void)state;
    keeper.refuses = true;
    use();
    struct told *o = invoke("{}");
    await(o);
    assert_int_equal(o->failure, INTEGRATION_FUNCTION_ERROR);
    assert_holds(buf_str(&o->payload), "no keeper");
}

/* Who waits for a process that has answered, which goes instead of asking, and no other starts. */
static void nobody_waits_in_vain(void **state)
{
    (void)state;
    char id[37];
    use();
    struct told *first = invoke("1");
    (void)take_event(child(0), id);
    (void)child_posts(child(0), str_from(id), "response", STR("1"));
    await(first);
    struct told *second = invoke("2"), *third = invoke("3");
    keeper.refuses = true;
    child_dies(child(0), (struct child_exit){.started = true});
    await(second);
    assert_holds(buf_str(&second->payload), "no keeper");
    await(third);
    assert_int_equal(third->failure, INTEGRATION_FUNCTION_ERROR);
}

/* While another process is busy, and nothing else happens. */
static void a_start_that_was_put_off_is_made_up_for(void **state)
{
    (void)state;
    char id[37];
    h.function.process.concurrency = 2;
    use();
    struct told *busy = invoke("1");
    (void)take_event(child(0), id);
    for (size_t i = 1; i <= 2; i++) {
        struct told *o = invoke("2");
        child_dies(child(i), (struct child_exit){.started = true, .status = 1});
        await(o);
    }
    struct told *o = invoke("3");
    assert_int_equal(keeper.count, 3);
    await_children(4);
    assert_true(str_ends_with(take_event(child(3), id), STR("3")));
    (void)child_posts(child(3), str_from(id), "response", STR("3"));
    await(o);
    assert_false(busy->done);
}

static const struct figure *figure(enum figure_type type, const char *name, const char *result)
{
    struct label labels[] = {{"function", STR("todo")}, {"result", str_from(result)}};
    return counters_figure(h.counters, type, name, "", labels, result ? 2 : 1);
}

static void processes_are_counted(void **state)
{
    (void)state;
    char id[37];
    h.function.process.concurrency = 2;
    use();
    (void)invoke("1");
    struct told *o = invoke("2");
    assert_true(figure(FIGURE_GAUGE, "turnpike_function_processes", NULL)->value == 2);
    (void)take_event(child(0), id);
    child_dies(child(1), (struct child_exit){.started = true, .status = 1});
    await(o);
    assert_true(figure(FIGURE_GAUGE, "turnpike_function_processes", NULL)->value == 1);
    assert_int_equal(figure(FIGURE_COUNTER, "turnpike_function_starts_total", "ok")->count, 1);
    assert_int_equal(figure(FIGURE_COUNTER, "turnpike_function_starts_total", "error")->count, 1);
}

/* Time. */

static void a_function_that_is_late_is_killed(void **state)
{
    (void)state;
    char id[37];
    h.function.timeout = 20 * USEC_PER_MSEC;
    use();
    struct told *o = invoke("{}");
    (void)take_event(child(0), id);
    await(o);
    assert_int_equal(o->failure, INTEGRATION_FUNCTION_ERROR);
    assert_holds(buf_str(&o->payload), "\"errorType\":\"Sandbox.Timedout\"");
    assert_holds(buf_str(&o->payload), "Error: Task timed out after 0.02 seconds\"");
    assert_int_equal(child(0)->signal, SIGKILL);
    assert_holds(buf_str(&o->log_tail), "Status: timeout");
    (void)invoke("{}");
    await_children(2);
}

/* Of a process that is being killed, no answer counts. */
static void an_answer_that_is_late_is_nobodys(void **state)
{
    (void)state;
    char id[37];
    h.function.timeout = 20 * USEC_PER_MSEC;
    keeper.ends_by_signal = false;
    use();
    struct told *o = invoke("{}");
    (void)take_event(child(0), id);
    await(o);
    struct str answer = child_posts(child(0), str_from(id), "response", STR("1"));
    assert_string_equal(status_of(answer), "400");
    assert_holds(answer, "\"InvalidRequestID\"");
    assert_string_equal(status_of(child_asks(child(0), NEXT)), "403");
}

static void a_start_that_is_late_is_killed(void **state)
{
    (void)state;
    h.function.process.init_timeout = 20 * USEC_PER_MSEC;
    use();
    struct told *o = invoke("{}");
    await(o);
    assert_holds(buf_str(&o->payload), "\"errorType\":\"Sandbox.Timedout\"");
    assert_int_equal(child(0)->signal, SIGKILL);
}

static void the_integration_may_end_first(void **state)
{
    (void)state;
    char id[37];
    use();
    struct told *o = invoke_within("1", 20 * USEC_PER_MSEC);
    (void)take_event(child(0), id);
    struct told *queued = invoke("2");
    await(o);
    assert_int_equal(o->failure, INTEGRATION_TIMED_OUT);
    assert_int_equal(child(0)->signal, 0);
    (void)child_posts(child(0), str_from(id), "response", STR("1")); /* nobody hears it */
    assert_true(str_ends_with(take_event(child(0), id), STR("2")));
    (void)child_posts(child(0), str_from(id), "response", STR("2"));
    await(queued);
    assert_int_equal(queued->failure, INTEGRATION_OK);
}

static void an_idle_process_ends(void **state)
{
    (void)state;
    char id[37];
    h.function.process.idle_timeout = 20 * USEC_PER_MSEC;
    use();
    (void)invoke("{}");
    (void)take_event(child(0), id);
    (void)child_posts(child(0), str_from(id), "response", STR("1"));
    child_sends(child(0), NEXT);
    while (child(0)->signal == 0)
        loop_turn(&h.loop);
    assert_int_equal(child(0)->signal, SIGTERM);
}

static void some_are_kept_warm(void **state)
{
    (void)state;
    h.function.process.concurrency = 3;
    h.function.process.minimum = 2;
    use();
    assert_int_equal(keeper.count, 2);
    child_dies(child(0), (struct child_exit){.started = true, .status = 1});
    await_children(3);
}

/* Snapshots. */

static void a_change_replaces_processes(void **state)
{
    (void)state;
    char id[37];
    use();
    struct told *o = invoke("1");
    (void)take_event(child(0), id);
    use(); /* the same: nothing happens */
    h.argument = STR("other.handler");
    use();
    assert_int_equal(child(0)->signal, 0);
    (void)child_posts(child(0), str_from(id), "response", STR("1"));
    await(o);
    struct told *next = invoke("2");
    child_sends(child(0), NEXT);
    await_children(2);
    assert_int_equal(child(0)->signal, SIGTERM);
    assert_true(str_ends_with(take_event(child(1), id), STR("2")));
    (void)child_posts(child(1), str_from(id), "response", STR("2"));
    await(next);
}

static void a_function_that_is_gone_ends(void **state)
{
    (void)state;
    char id[37];
    use();
    struct told *o = invoke("1");
    (void)take_event(child(0), id);
    h.removed = true;
    use();
    (void)child_posts(child(0), str_from(id), "response", STR("1"));
    await(o);
    assert_int_equal(o->failure, INTEGRATION_OK);
    child_sends(child(0), NEXT);
    while (child(0)->signal == 0)
        loop_turn(&h.loop);
}

static void a_function_that_is_gone_serves_who_waits(void **state)
{
    (void)state;
    char id[2][37];
    h.function.process.concurrency = 2;
    use();
    struct told *o[] = {invoke("0"), invoke("1")};
    h.removed = true;
    use();
    for (size_t i = 0; i < ARRAY_LENGTH(o); i++)
        (void)take_event(child(i), id[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(o); i++) {
        (void)child_posts(child(i), str_from(id[i]), "response", STR("1"));
        await(o[i]);
        assert_int_equal(o[i]->failure, INTEGRATION_OK);
        child_sends(child(i), NEXT);
        while (child(i)->signal == 0)
            loop_turn(&h.loop);
    }
    assert_int_equal(keeper.count, 2);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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
        TEST(crashes_are_told),
        TEST(an_answer_counts_though_the_process_ends),
        TEST(who_has_ended_is_given_nothing),
        TEST(who_has_ended_is_not_held),
        TEST(starts_that_fail_are_told),
        cmocka_unit_test_teardown(what_cannot_be_run_is_told, teardown),
        TEST(a_runtime_reports_its_failed_start),
        TEST(failed_starts_are_reported_one_at_a_time),
        TEST(nothing_can_be_started),
        TEST(nobody_waits_in_vain),
        TEST(a_start_that_was_put_off_is_made_up_for),
        TEST(processes_are_counted),
        TEST(a_function_that_is_late_is_killed),
        TEST(an_answer_that_is_late_is_nobodys),
        TEST(a_start_that_is_late_is_killed),
        TEST(the_integration_may_end_first),
        TEST(an_idle_process_ends),
        TEST(some_are_kept_warm),
        TEST(a_change_replaces_processes),
        TEST(a_function_that_is_gone_ends),
        TEST(a_function_that_is_gone_serves_who_waits),
        TEST(the_log_is_lambdas),
        TEST(the_tail_is_the_end),
        TEST(the_end_comes_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
