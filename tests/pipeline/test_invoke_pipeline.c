/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the Invoke API through the whole pipeline without a socket: the test is the edge, and
 * support/fake_lambda.h the functions. */
#include "turnpike/base/clock.h"
#include "turnpike/base/sigv4.h"
#include "turnpike/gateway/exchange.h"
#include "turnpike/model/builder.h"

#include "support/fake_lambda.h"
#include "testing.h"

/* The edge. */

struct test_sink {
    struct sink sink;
    bool wants_body, responded;
    unsigned status;
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
}

static const struct sink_ops sink_ops = {.want_body = want_body, .respond = respond};

static struct str header_of(const struct test_sink *s, const char *name)
{
    const struct header *h =
        http_find_header(s->response->headers.items, s->response->headers.count, str_from(name));
    return h ? h->value : (struct str){0};
}

/* The gateway under test: the functions todo, behind an endpoint, and chat, hosted here. */

struct world {
    struct loop loop;
    struct diag diag;
    struct gateway *gateway;
    struct listener_settings listener;
};

static const struct position nowhere = {"test", 1, 1};

static void add_functions(struct builder *b)
{
    struct function *todo = builder_add_function(b, nowhere, STR("todo"));
    assert_true(builder_set_endpoint(b, &todo->endpoint,
                                     (struct written){STR("http://127.0.0.1:1"), nowhere}));
    todo->timeout = 3 * USEC_PER_SEC;
    struct function *chat = builder_add_function(b, nowhere, STR("chat"));
    chat->process.on = true;
    chat->process.concurrency = 1;
}

static void set_up(struct world *w, bool is_open)
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
    settings->invoke_api = (struct invoke_api_settings){.on = true, .is_open = is_open};
    settings->limits =
        (struct limit_settings){.payload_bytes = 10 << 20, .buffered_bytes = 32 << 20};
    add_functions(&b);
    struct snapshot *snapshot = builder_finish(&b);
    assert_non_null(snapshot);
    w->gateway = gateway_new(&w->loop, &error);
    gateway_prepare(w->gateway, snapshot, NULL, &w->diag);
    gateway_use(w->gateway, snapshot);
    w->listener = (struct listener_settings){.name = STR("invokeApi"), .invoke_api = true};
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

/* "METHOD /target", with "Name: value" in lines of their own behind it, and a body of that length
 * to come. Text is of the exchange's arena. */
static struct exchange *arrive(struct world *w, struct test_sink *s, const char *head, size_t body)
{
    *s = (struct test_sink){.sink.ops = &sink_ops};
    struct listener_facts facts = {.settings = &w->listener, .loopback = true, .named = true};
    struct exchange *x = exchange_new(w->gateway, EXCHANGE_INVOKE, &s->sink, &facts);
    struct request *r = &x->t.request;
    struct str rest = arena_copy(&x->arena, str_from(head)), line, name;
    (void)str_split(&rest, '\n', &line);
    assert_true(str_split(&line, ' ', &r->method));
    size_t question = str_find(line, '?');
    r->target = line;
    r->raw_path = str_head(line, question);
    r->query = str_skip(line, question + 1);
    r->headers = arena_array(&x->arena, struct header, 16);
    while (str_split(&rest, '\n', &line)) {
        assert_true(str_split(&line, ':', &name));
        r->headers[r->header_count++] = (struct header){name, str_trim(line)};
    }
    const struct header *host = request_header(r, STR("host"));
    r->host = host ? host->value : STR("localhost");
    r->scheme = STR("http");
    r->source_ip = r->forwarded_for = STR("127.0.0.1");
    r->has_body = body > 0;
    r->content_length = body;
    return x;
}

static struct exchange *call(struct world *w, struct test_sink *s, const char *head,
                             const char *body)
{
    struct exchange *x = arrive(w, s, head, strlen(body));
    exchange_start(x);
    if (s->wants_body) {
        exchange_on_body(x, str_from(body));
        exchange_on_body_end(x);
    }
    return x;
}

#define INVOKE(name)  "POST /2015-03-31/functions/" name "/invocations"
#define ARN(name)     "arn:aws:lambda:us-east-1:123456789012:function:" name
#define EVENT         "\nX-Amz-Invocation-Type: Event"
#define NOT_FOUND(of) "{\"Type\":\"User\",\"Message\":\"Function not found: " of "\"}"
#define NO_CONTEXT                                                                                 \
    "{\"Type\":\"User\",\"message\":\"Client context must be a valid Base64-encoded JSON "         \
    "object.\"}"
#define MISMATCH                                                                                   \
    "{\"Type\":\"User\",\"message\":\"The derived qualifier from the function name does not "      \
    "match the specified qualifier.\"}"

static const struct {
    const char *name, *head, *body;
    unsigned status;
    const char *type, *answer; /* the answer's beginning */
} refusals[] = {
    {"another path", "POST /", "", 404, "UnknownOperationException", "{\"Message\":"},
    {"another call of Lambda's", "GET /2015-03-31/functions/todo", "", 404,
     "UnknownOperationException", "{\"Message\":"},
    {"an API's path", "GET /_aws/execute-api/todo/prod/", "", 404, "UnknownOperationException",
     "{\"Message\":"},
    {"another method", "GET /2015-03-31/functions/todo/invocations", "", 405,
     "UnknownOperationException", "{\"Message\":\"Functions are invoked by POST.\"}"},
    {"a malformed escape", INVOKE("to%zzdo"), "{}", 400, "InvalidRequestContentException",
     "{\"Type\":\"User\",\"message\":"},
    {"a stream", "POST /2021-11-15/functions/todo/response-streaming-invocations", "{}", 501,
     "NotImplementedException",
     "{\"Type\":\"Service\",\"Message\":\"InvokeWithResponseStream is not implemented"},
    {"no name", INVOKE("to%20do"), "{}", 400, "ValidationException",
     "{\"message\":\"1 validation error detected: Value 'to do' at 'functionName' failed to "
     "satisfy constraint: Member must satisfy regular expression pattern: (arn:(aws"},
    {"a name that was encoded twice", INVOKE("todo%253Alive"), "{}", 400, "ValidationException",
     "{\"message\":\"1 validation error detected: Value 'todo%3Alive' at 'functionName'"},
    {"neither name nor qualifier nor log type", INVOKE("%22") "?Qualifier=a.b\nX-Amz-Log-Type: all",
     "{}", 400, "ValidationException",
     "{\"message\":\"3 validation errors detected: Value '\\\"' at 'functionName' failed"},
    {"an alias that is not hosted", INVOKE("chat:live"), "{}", 404, "ResourceNotFoundException",
     NOT_FOUND(ARN("chat:live"))},
    {"a $LATEST that is none", INVOKE("chat") "?Qualifier=$latest", "{}", 404,
     "ResourceNotFoundException", NOT_FOUND(ARN("chat:$latest"))},
    {"two qualifiers", INVOKE("todo:live") "?Qualifier=test", "{}", 400,
     "InvalidParameterValueException", MISMATCH},
    {"no such function", INVOKE("nobody"), "{}", 404, "ResourceNotFoundException",
     NOT_FOUND(ARN("nobody:$LATEST"))},
    {"no such function, as an event", INVOKE("nobody") EVENT, "{}", 404,
     "ResourceNotFoundException", NOT_FOUND(ARN("nobody:$LATEST"))},
    {"another region", INVOKE("arn:aws:lambda:eu-west-1:123456789012:function:todo"), "{}", 404,
     "ResourceNotFoundException",
     "{\"Type\":\"User\",\"Message\":\"Functions from 'eu-west-1' are not reachable in this region "
     "('us-east-1')\"}"},
    {"another account", INVOKE("210987654321:function:todo"), "{}", 404,
     "ResourceNotFoundException",
     NOT_FOUND("arn:aws:lambda:us-east-1:210987654321:function:todo:$LATEST")},
    {"another type", INVOKE("todo") "\nX-Amz-Invocation-Type: event", "{}", 400,
     "InvalidParameterValueException", "{\"Type\":\"User\",\"message\":\"Invocation type 'event'"},
    {"no JSON", INVOKE("todo"), "{oops", 400, "InvalidRequestContentException",
     "{\"Type\":\"User\",\"message\":\"Could not parse request body into json: Could not parse "
     "payload into json: "},
    {"JSON and more", INVOKE("todo"), "{}{}", 400, "InvalidRequestContentException",
     "{\"Type\":\"User\",\"message\":\"Could not parse request body"},
    {"an event that is no JSON", INVOKE("todo") EVENT, "oops", 400,
     "InvalidRequestContentException", "{\"Type\":\"User\",\"message\":\"Could not parse"},
    {"a client context that is no base64", INVOKE("todo") "\nX-Amz-Client-Context: {}", "{}", 400,
     "InvalidRequestContentException", NO_CONTEXT},
    {"one that is no JSON", INVOKE("todo") "\nX-Amz-Client-Context: b29wcw==", "{}", 400,
     "InvalidRequestContentException", NO_CONTEXT},
    {"one that is no object", INVOKE("todo") "\nX-Amz-Client-Context: MQ==", "{}", 400,
     "InvalidRequestContentException", NO_CONTEXT},
    {"a page", INVOKE("todo") "\nOrigin: https://app.test", "{}", 403, "ForbiddenException",
     "{\"message\":\"Forbidden\"}"},
};

static void refuses(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    set_up(&w, true);
    FOR_EACH_CASE (c, refusals) {
        struct exchange *x = call(&w, &s, c->head, c->body);
        CHECK_CASE(c, s.responded && s.status == c->status, "got %u", s.status);
        CHECK_CASE(c, str_starts_with(s.response->body, str_from(c->answer)), "got %" STR_F,
                   STR_A(s.response->body));
        CHECK_CASE(c, str_ends_with(s.response->body, STR("\"}")), "is cut");
        CHECK_CASE(c, str_is(header_of(&s, "x-amzn-errortype"), c->type), "got %" STR_F,
                   STR_A(header_of(&s, "x-amzn-errortype")));
        CHECK_CASE(c, header_of(&s, "x-amzn-requestid").len == 36, "has its id");
        exchange_on_gone(x, true);
    }
    assert_int_equal(backend.count, 0);
    assert_int_equal(lambda_events_count(w.gateway->events), 0);
    tear_down(&w);
}

#define TRACE "Root=1-5759e988-bd862e3fe1be46a994272793"

static const struct {
    const char *name, *head, *body;
    const char *function, *qualifier, *payload, *client_context;
} calls[] = {
    {"a name", INVOKE("todo"), "{\"a\":1}", "todo", "", "{\"a\":1}", ""},
    {"no payload", INVOKE("todo"), "", "todo", "", "{}", ""},
    {"a payload that is a number", INVOKE("todo"), " 1 ", "todo", "", " 1 ", ""},
    {"half of a pair of surrogates", INVOKE("todo"), "\"\\ud800\"", "todo", "", "\"\\ud800\"", ""},
    {"an encoded ARN", INVOKE("arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Atodo"),
     "{}", "todo", "", "{}", ""},
    {"an ARN with an alias", INVOKE(ARN("todo:live")), "{}", "todo", "live", "{}", ""},
    {"a partial ARN", INVOKE("123456789012:function:todo"), "{}", "todo", "", "{}", ""},
    {"an alias in the query", INVOKE("todo") "?Qualifier=live", "{}", "todo", "live", "{}", ""},
    {"twice the same", INVOKE("todo:7") "?Qualifier=7", "{}", "todo", "7", "{}", ""},
    {"an empty qualifier", INVOKE("todo") "?Qualifier=", "{}", "todo", "", "{}", ""},
    {"a hosted function", INVOKE("chat"), "{}", "chat", "", "{}", ""},
    {"its only version", INVOKE("chat:%24LATEST") "?Qualifier=%24LATEST", "{}", "chat", "$LATEST",
     "{}", ""},
    {"all headers there are",
     INVOKE("todo") "\nX-Amz-Invocation-Type: RequestResponse\nX-Amz-Log-Type: None"
                    "\nContent-Type: text/plain\nX-Amz-Tenant-Id: x",
     "{}", "todo", "", "{}", ""},
    {"a client context", INVOKE("todo") "\nX-Amz-Client-Context: eyJhIjoxfQ==", "{}", "todo", "",
     "{}", "{\"a\":1}"},
    {"one of several lines", INVOKE("todo") "\nX-Amz-Client-Context: ew0KImEiOgkxfQ==", "{}",
     "todo", "", "{}", "{  \"a\": 1}"},
};

static void invokes(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    set_up(&w, true);
    FOR_EACH_CASE (c, calls) {
        struct exchange *x = call(&w, &s, c->head, c->body);
        CHECK_CASE(c, backend.call && !s.responded, "is called");
        const struct lambda_request *r = &backend.call->request;
        CHECK_CASE(c, str_is(r->function->name, c->function), "%" STR_F, STR_A(r->function->name));
        CHECK_CASE(c, str_is(r->qualifier, c->qualifier), "%" STR_F, STR_A(r->qualifier));
        CHECK_CASE(c, str_is(buf_str(&r->payload), c->payload), "%" STR_F,
                   STR_A(buf_str(&r->payload)));
        CHECK_CASE(c, str_is(r->client_context, c->client_context), "%" STR_F,
                   STR_A(r->client_context));
        CHECK_CASE(c, r->request_id.len == 36 && r->apart_max == 0, "who asks");
        CHECK_CASE(c, r->timeout > r->function->timeout, "how long");
        CHECK_CASE(c, str_starts_with(r->trace_id, STR("Root=1-")), "%" STR_F, STR_A(r->trace_id));
        answer_call(INTEGRATION_OK, "{}");
        CHECK_CASE(c, s.status == 200, "got %u", s.status);
        CHECK_CASE(c, str_eq(header_of(&s, "x-amzn-trace-id"), x->t.request.trace_id), "trace");
        exchange_on_gone(x, true);
    }
    tear_down(&w);
}

static void tells_what_the_function_said(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    set_up(&w, true);
    struct exchange *x =
        call(&w, &s, INVOKE("todo") "\nX-Amz-Log-Type: Tail\nX-Amzn-Trace-Id: " TRACE, "{}");
    assert_str_equal(backend.call->request.trace_id, STR(TRACE));
    struct lambda_answer answer = {.status = 200,
                                   .request_id = STR("the-endpoint-s-own"),
                                   .content_type = STR("text/plain"),
                                   .log_tail = STR("START\n")};
    buf_append(&answer.payload, STR("hello"));
    answer_call_with(&answer);
    assert_int_equal(s.status, 200);
    assert_str_equal(s.response->body, STR("hello"));
    assert_str_equal(header_of(&s, "content-type"), STR("text/plain"));
    assert_str_equal(header_of(&s, "x-amz-executed-version"), STR("$LATEST"));
    assert_str_equal(header_of(&s, "x-amzn-remapped-content-length"), STR("0"));
    assert_str_equal(header_of(&s, "x-amzn-requestid"), STR("the-endpoint-s-own"));
    assert_str_equal(header_of(&s, "x-amzn-trace-id"), STR(TRACE));
    assert_str_equal(header_of(&s, "x-amz-log-result"), STR("U1RBUlQK"));
    assert_null(header_of(&s, "x-amz-function-error").at);
    assert_null(header_of(&s, "x-amz-apigw-id").at);
    exchange_on_gone(x, true);

    x = call(&w, &s, INVOKE("todo"), "{}"); /* who does not ask for it gets no log */
    answer = (struct lambda_answer){.status = 200, .log_tail = STR("START\n")};
    answer_call_with(&answer);
    assert_null(header_of(&s, "x-amz-log-result").at);
    assert_str_equal(header_of(&s, "content-type"), STR("application/json"));
    exchange_on_gone(x, true);
    tear_down(&w);
}

#define SAID(text)                                                                                 \
    "The Lambda function returned the following error: " text                                      \
    ". Check your Lambda function code and try again."
#define UNAVAILABLE "{\"Type\":\"Service\",\"Message\":\"The function could not be invoked.\"}"

static const struct {
    const char *name;
    enum integration_failure failure;
    unsigned answered; /* by the function's endpoint */
    const char *payload, *error;
    unsigned status;
    const char *type, *answer; /* %s: the call's id */
} failures[] = {
    {"a function that failed", INTEGRATION_FUNCTION_ERROR, 200, "{\"errorType\":\"E\"}", "", 200,
     NULL, "{\"errorType\":\"E\"}"},
    {"its own timeout", INTEGRATION_FUNCTION_ERROR, 0, "",
     SAID("Task timed out after 1.00 seconds"), 200, NULL,
     "{\"errorType\":\"Sandbox.Timedout\",\"errorMessage\":\"RequestId: %s Error: Task timed out "
     "after 1.00 seconds\"}"},
    {"an answer that was too large", INTEGRATION_FUNCTION_ERROR, 0, "",
     SAID("Response payload size exceeded maximum allowed payload size (6291556 bytes)."), 200,
     NULL,
     "{\"errorType\":\"Function.ResponseSizeTooLarge\",\"errorMessage\":\""
     "Response payload size exceeded maximum allowed payload size (6291556 bytes).\"}"},
    {"a failure without words", INTEGRATION_FUNCTION_ERROR, 200, "", SAID("\"x\""), 200, NULL,
     "{\"errorType\":\"Function.Unknown\",\"errorMessage\":\"The Lambda "
     "function returned the following error: \\\"x\\\"\"}"},
    {"a full queue", INTEGRATION_THROTTLED, 0, "", "", 429, "TooManyRequestsException",
     "{\"Reason\":\"ReservedFunctionConcurrentInvocationLimitExceeded\",\"Type\":\"User\","
     "\"message\":\"Rate Exceeded.\"}"},
    {"nobody there", INTEGRATION_CONNECT_FAILED, 0, "", "", 502, "ServiceException", UNAVAILABLE},
    {"nonsense", INTEGRATION_MALFORMED, 0, "", "", 502, "ServiceException", UNAVAILABLE},
    {"a refusal", INTEGRATION_STATUS, 403, "{\"Message\":\"secret\"}", "", 502, "ServiceException",
     UNAVAILABLE},
    {"an alias that the endpoint does not know", INTEGRATION_STATUS, 404, "", "", 404,
     "ResourceNotFoundException", NOT_FOUND(ARN("todo:$LATEST"))},
    {"no turn in time", INTEGRATION_TIMED_OUT, 0, "", "", 504, "ServiceException",
     "{\"Type\":\"Service\",\"Message\":\"The function was not done in time.\"}"},
};

static void tells_how_it_failed(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    set_up(&w, true);
    FOR_EACH_CASE (c, failures) {
        struct exchange *x = call(&w, &s, INVOKE("todo"), "{}");
        struct lambda_answer answer = {
            .failure = c->failure, .status = c->answered, .error = str_from(c->error)};
        buf_append(&answer.payload, str_from(c->payload));
        answer_call_with(&answer);
        CHECK_CASE(c, s.status == c->status, "got %u", s.status);
        struct str want = str_from(c->answer), id = header_of(&s, "x-amzn-requestid");
        size_t at = str_find_str(want, STR("%s"));
        if (at < want.len)
            want = arena_printf(&x->arena, "%" STR_F "%" STR_F "%" STR_F, STR_A(str_head(want, at)),
                                STR_A(id), STR_A(str_skip(want, at + 2)));
        CHECK_CASE(c, str_eq(s.response->body, want), "got %" STR_F, STR_A(s.response->body));
        CHECK_CASE(c, str_eq(header_of(&s, "x-amzn-errortype"), str_from(c->type)), "type");
        bool marked = str_is(header_of(&s, "x-amz-function-error"), "Unhandled");
        CHECK_CASE(c, marked == (c->status == 200), "marked");
        exchange_on_gone(x, true);
    }
    tear_down(&w);
}

static void a_dry_run_invokes_nothing(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    set_up(&w, true);
    struct exchange *x = call(&w, &s, INVOKE("todo") "\nX-Amz-Invocation-Type: DryRun", "{}");
    assert_int_equal(s.status, 204);
    assert_int_equal(s.response->body.len, 0);
    assert_int_equal(header_of(&s, "x-amzn-requestid").len, 36);
    exchange_on_gone(x, true);
    assert_int_equal(backend.count, 0);
    tear_down(&w);
}

static void an_event_is_accepted_and_invoked_later(void **state)
{
    (void)state;
    static const struct {
        const char *name, *head, *answer;
    } cases[] = {
        {"by its type", INVOKE("todo:live") EVENT, ""},
        {"by the older call", "POST /2014-11-13/functions/todo:live/invoke-async/",
         "{\"Status\":202}"},
    };
    struct world w;
    struct test_sink s;
    set_up(&w, true);
    FOR_EACH_CASE (c, cases) {
        struct exchange *x = call(&w, &s, c->head, "{\"a\":1}");
        CHECK_CASE(c, s.status == 202, "got %u", s.status);
        CHECK_CASE(c, str_is(s.response->body, c->answer), "%" STR_F, STR_A(s.response->body));
        CHECK_CASE(c, !header_of(&s, "x-amz-executed-version").at, "no version");
        char id[37] = "";
        memcpy(id, header_of(&s, "x-amzn-requestid").at, 36);
        exchange_on_gone(x, true);
        CHECK_CASE(c, !backend.call, "not yet");
        loop_turn(&w.loop);
        CHECK_CASE(c, backend.call, "called");
        const struct lambda_request *r = &backend.call->request;
        CHECK_CASE(c, str_is(buf_str(&r->payload), "{\"a\":1}"), "payload");
        CHECK_CASE(c, str_is(r->request_id, id), "the same id");
        CHECK_CASE(c, str_is(r->qualifier, "live"), "qualifier");
        CHECK_CASE(c, !gateway_is_idle(w.gateway), "a drain waits for it");
        answer_call(INTEGRATION_OK, "");
        CHECK_CASE(c, gateway_is_idle(w.gateway), "and then no more");
    }
    tear_down(&w);
}

static void too_many_events_are_refused(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    set_up(&w, true);
    for (size_t i = 0; i < LAMBDA_EVENTS_MAX; i++)
        exchange_on_gone(call(&w, &s, INVOKE("todo") EVENT, "{}"), true);
    assert_int_equal(s.status, 202);
    struct exchange *x = call(&w, &s, INVOKE("todo") EVENT, "{}");
    assert_int_equal(s.status, 429);
    assert_str_equal(header_of(&s, "x-amzn-errortype"), STR("TooManyRequestsException"));
    exchange_on_gone(x, true);
    gateway_free(w.gateway);
    diag_release(&w.diag);
    loop_turn(&w.loop);
    loop_release(&w.loop);
}

static void bodies_have_the_quota_of_their_type(void **state)
{
    (void)state;
    static const struct {
        const char *name, *head;
        uint64_t payload_bytes;
        size_t body;
        bool wanted;
        const char *answer;
    } cases[] = {
        {"6 MiB", INVOKE("todo"), 10 << 20, 6291456, true, NULL},
        {"a byte more", INVOKE("todo"), 10 << 20, 6291457, false,
         "{\"Type\":\"User\",\"message\":\"6291457 byte payload is too large for the "
         "RequestResponse invocation type (limit 6291456 bytes)\"}"},
        {"1 MiB of an event", INVOKE("todo") EVENT, 10 << 20, 1048576, true, NULL},
        {"a byte more of it", INVOKE("todo") EVENT, 10 << 20, 1048577, false,
         "{\"Type\":\"User\",\"message\":\"1048577 byte payload is too large for the Event "
         "invocation type (limit 1048576 bytes)\"}"},
        {"the gateway's own limit", INVOKE("todo"), 100, 101, false,
         "{\"Type\":\"User\",\"message\":\"101 byte payload is too large for the RequestResponse "
         "invocation type (limit 100 bytes)\"}"},
    };
    struct world w;
    struct test_sink s;
    set_up(&w, true);
    FOR_EACH_CASE (c, cases) {
        w.gateway->snapshot->settings.limits.payload_bytes = c->payload_bytes;
        struct exchange *x = arrive(&w, &s, c->head, c->body);
        exchange_start(x);
        CHECK_CASE(c, s.wants_body == c->wanted && s.responded != c->wanted, "wanted");
        if (!c->wanted) {
            CHECK_CASE(c, s.status == 413, "got %u", s.status);
            CHECK_CASE(c, str_is(s.response->body, c->answer), "%" STR_F, STR_A(s.response->body));
        }
        exchange_on_gone(x, true);
    }
    tear_down(&w);
}

/* More JSON than the loop looks at itself. */
static void large_payloads_are_looked_at_aside(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    scoped_buf struct buf body = {0};
    set_up(&w, true);
    buf_literal(&body, "\"");
    while (buf_len(&body) < 2 << 20)
        buf_literal(&body, "0123456789abcdef");
    buf_literal(&body, "\"");
    for (unsigned sound = 0; sound < 2; sound++) {
        struct exchange *x = arrive(&w, &s, INVOKE("todo"), buf_len(&body) - !sound);
        exchange_start(x);
        exchange_on_body(x, str_head(buf_str(&body), buf_len(&body) - !sound));
        exchange_on_body_end(x);
        assert_null(backend.call);
        while (!backend.call && !s.responded)
            loop_turn(&w.loop);
        if (sound) {
            assert_int_equal(buf_len(&backend.call->request.payload), buf_len(&body));
            answer_call(INTEGRATION_OK, "{}");
        }
        assert_int_equal(s.status, sound ? 200 : 400);
        exchange_on_gone(x, true);
    }
    struct exchange *x = arrive(&w, &s, INVOKE("todo"), buf_len(&body)); /* and one that leaves */
    exchange_start(x);
    exchange_on_body(x, buf_str(&body));
    exchange_on_body_end(x);
    exchange_on_gone(x, false);
    while (w.gateway->exchange_count > 0)
        loop_turn(&w.loop);
    assert_null(backend.call);
    tear_down(&w);
}

static void a_function_goes_on_without_its_caller(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    set_up(&w, true);
    struct exchange *x = call(&w, &s, INVOKE("todo"), "{}");
    exchange_on_gone(x, false);
    assert_true(backend.call->abandoned);
    answer_call(INTEGRATION_OK, "{}");
    assert_false(s.responded);
    tear_down(&w);
}

static void the_edge_s_own_refusals_are_lambda_s_too(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    set_up(&w, true);
    struct exchange *x = arrive(&w, &s, INVOKE("todo"), 0); /* in its head */
    exchange_refuse_now(x, GATEWAY_BAD_REQUEST, "why");
    assert_int_equal(s.status, 400);
    assert_str_equal(header_of(&s, "x-amzn-errortype"), STR("InvalidRequestContentException"));
    assert_int_equal(header_of(&s, "x-amzn-requestid").len, 36);
    exchange_on_gone(x, true);

    x = arrive(&w, &s, INVOKE("todo"), 10);
    exchange_start(x);
    exchange_refuse_now(x, GATEWAY_REQUEST_TIMEOUT, "why");
    assert_int_equal(s.status, 408);
    assert_str_equal(header_of(&s, "x-amzn-errortype"), STR("RequestTimeoutException"));
    exchange_on_gone(x, true);
    tear_down(&w);
}

/* Signed calls. */

/* The head of a call with everything that signs it. */
static char *sign(struct world *w, const struct temporary_key *key, const char *body)
{
    struct header host = {STR("host"), STR("127.0.0.1:3001")};
    struct sigv4_request request = {.method = STR("POST"),
                                    .path = STR("/2015-03-31/functions/todo/invocations"),
                                    .headers = &host,
                                    .header_count = 1,
                                    .payload = str_from(body)};
    struct sigv4_key signing = {str_from(key->access_key_id), str_from(key->secret_access_key),
                                str_from(key->session_token)};
    scoped_buf struct buf head = {0};
    buf_literal(&head, INVOKE("todo") "\r\nhost: 127.0.0.1:3001\r\n");
    sigv4_sign(&head, &signing, STR("us-east-1"), STR("lambda"), &request, loop_wall(&w->loop));
    char *text = xcalloc(1, buf_len(&head)), *end = text;
    struct str from = str_head(buf_str(&head), buf_len(&head) - 2); /* the last line has no end */
    for (size_t i = 0; i < from.len; i++)
        if (from.at[i] != '\r')
            *end++ = from.at[i];
    return text;
}

static void a_hosted_function_s_key_invokes_until_it_is_revoked(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    struct temporary_key key;
    set_up(&w, false);
    temporary_keys_issue(w.gateway->temporary_keys, STR("chat"), STR("123456789012"), &key);
    scoped_free char *head = sign(&w, &key, "{}");
    struct exchange *x = call(&w, &s, head, "{}");
    assert_non_null(backend.call);
    answer_call(INTEGRATION_OK, "{}");
    assert_int_equal(s.status, 200);
    exchange_on_gone(x, true);

    x = call(&w, &s, head, "{\"another\":\"body\"}");
    assert_int_equal(s.status, 403);
    assert_str_equal(header_of(&s, "x-amzn-errortype"), STR("InvalidSignatureException"));
    exchange_on_gone(x, true);

    x = arrive(&w, &s, head, 2); /* its process ends while it sends */
    exchange_start(x);
    assert_true(s.wants_body);
    temporary_keys_revoke(w.gateway->temporary_keys, str_from(key.access_key_id));
    exchange_on_body(x, STR("{}"));
    exchange_on_body_end(x);
    assert_int_equal(s.status, 403);
    assert_str_equal(header_of(&s, "x-amzn-errortype"), STR("UnrecognizedClientException"));
    exchange_on_gone(x, true);

    x = call(&w, &s, head, "{}");
    assert_false(s.wants_body);
    assert_int_equal(s.status, 403);
    exchange_on_gone(x, true);
    tear_down(&w);
}

static void whoever_signs_nothing_is_refused_before_his_body(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    set_up(&w, false);
    struct exchange *x = call(&w, &s, INVOKE("todo"), "{}");
    assert_false(s.wants_body);
    assert_int_equal(s.status, 403);
    assert_str_equal(header_of(&s, "x-amzn-errortype"), STR("MissingAuthenticationTokenException"));
    assert_str_equal(s.response->body, STR("{\"message\":\"Missing Authentication Token\"}"));
    exchange_on_gone(x, true);

    x = call(&w, &s, INVOKE("nobody"), "{}"); /* nor is he told which functions there are */
    assert_int_equal(s.status, 403);
    exchange_on_gone(x, true);
    tear_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses),
        cmocka_unit_test(invokes),
        cmocka_unit_test(tells_what_the_function_said),
        cmocka_unit_test(tells_how_it_failed),
        cmocka_unit_test(a_dry_run_invokes_nothing),
        cmocka_unit_test(an_event_is_accepted_and_invoked_later),
        cmocka_unit_test(too_many_events_are_refused),
        cmocka_unit_test(bodies_have_the_quota_of_their_type),
        cmocka_unit_test(large_payloads_are_looked_at_aside),
        cmocka_unit_test(a_function_goes_on_without_its_caller),
        cmocka_unit_test(the_edge_s_own_refusals_are_lambda_s_too),
        cmocka_unit_test(a_hosted_function_s_key_invokes_until_it_is_revoked),
        cmocka_unit_test(whoever_signs_nothing_is_refused_before_his_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
