/* SPDX-License-Identifier: Apache-2.0 */
/* Invokes a function for whoever may: now, later, or not at all (AWS: Lambda "Invoke"). */
#include "invoke.h"
#include "invoke_errors.h"

#include "turnpike/backend/lambda_events.h"
#include "turnpike/base/base64.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/json.h"
#include "turnpike/gateway/reason.h"
#include "turnpike/gateway/trace.h"

/* More JSON than this is looked at on the thread pool. */
#define INLINE_JSON_MAX (1024 * 1024)

/* AWS: "Up to 3,583 bytes of base64-encoded data". */
#define CLIENT_CONTEXT_MAX 3583

/* How long a call waits for its turn: as long as a function may take. */
#define WAITING_MAX (900 * USEC_PER_SEC)

/* The function. */

static enum verdict refuse_function(struct exchange *x, const char *why)
{
    const struct invoke *i = x->invoke;
    struct str message = arena_printf(&x->arena, "Function not found: %" STR_F "%s", STR_A(i->arn),
                                      i->name.qualifier.len ? "" : ":$LATEST");
    return invoke_refuse_saying(x, INVOKE_NOT_FOUND, message, "%s: %" STR_F, why, STR_A(i->arn));
}

static enum verdict find_function(struct exchange *x)
{
    struct invoke *i = x->invoke;
    const struct settings *s = x->t.settings;
    if (i->name.region.len && !str_eq(i->name.region, s->aws_region))
        return invoke_refuse_saying(
            x, INVOKE_NOT_FOUND,
            arena_printf(&x->arena,
                         "Functions from '%" STR_F "' are not reachable in this region ('%" STR_F
                         "')",
                         STR_A(i->name.region), STR_A(s->aws_region)),
            "the function is of another region than awsRegion: %" STR_F, STR_A(i->arn));
    if (i->name.account.len && !str_eq(i->name.account, s->account_id))
        return refuse_function(x, "the function is of another account than accountId");
    const struct function *f = map_get(&x->snapshot->functions_by_name, i->name.name);
    if (!f)
        return refuse_function(x, "no such function is configured");
    bool latest = i->name.qualifier.len == 0 || str_is(i->name.qualifier, "$LATEST");
    if (f->process.on && !latest)
        return refuse_function(x, "functions hosted here have no aliases and no versions");
    i->function = f;
    return NEXT;
}

/* What the caller says of himself. */

static bool is_object(struct exchange *x, struct str json)
{
    struct json_reader r;
    json_reader_init(&r, json, &x->arena);
    r.replaces_surrogates = true;
    return json_peek(&r) == JSON_TYPE_OBJECT && json_skip(&r, NULL) && json_finish(&r);
}

/* It becomes a field of the function's: in JSON, control characters are white space alone. */
static struct str in_one_line(struct arena *arena, struct str json)
{
    char *text = arena_cstring(arena, json);
    for (size_t i = 0; i < json.len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = ' ';
    return str_of(text, json.len);
}

static enum verdict read_client_context(struct exchange *x)
{
    const struct header *h = request_header(&x->t.request, STR("x-amz-client-context"));
    struct str json;
    if (!h || h->value.len == 0)
        return NEXT;
    if (h->value.len > CLIENT_CONTEXT_MAX)
        return invoke_refuse_saying(x, INVOKE_INVALID_CONTENT,
                                    STR("Client context must not exceed 3583 bytes."),
                                    "X-Amz-Client-Context is longer than 3583 bytes");
    if (!base64_decode(&x->arena, h->value, &json) || !is_object(x, json))
        return invoke_refuse_saying(
            x, INVOKE_INVALID_CONTENT,
            STR("Client context must be a valid Base64-encoded JSON object."),
            "X-Amz-Client-Context is no object of JSON in base64");
    x->invoke->client_context = in_one_line(&x->arena, json);
    return NEXT;
}

/* The function has done its work. */

static void note_answer(struct exchange *x, const struct lambda_answer *answer)
{
    struct outcome *outcome = &x->t.outcome;
    outcome->integration_failure = answer->failure;
    outcome->integration_latency = loop_now(x->gateway->loop) - x->call_started;
    outcome->integration_status = answer->status;
    if (answer->request_id.len)
        x->invoke->request_id = arena_copy(&x->arena, answer->request_id);
    outcome->integration_request_id = x->invoke->request_id;
}

/* Failures of which no payload came: what lambda.h says of them, and what Lambda says. */
static const struct {
    const char *sign, *type;
    bool names_request;
} silent_failures[] = {
    {"Task timed out after ",        "Sandbox.Timedout",              true },
    {"Response payload size exceed", "Function.ResponseSizeTooLarge", false},
    {"",                             "Function.Unknown",              false},
};

static void write_silent_failure(struct exchange *x, struct str error)
{
    size_t kind = 0, at;
    while ((at = str_find_str(error, str_from(silent_failures[kind].sign))) == error.len &&
           *silent_failures[kind].sign)
        kind++;
    error = str_skip(error, at);
    error = str_head(error, str_find_str(error, STR(". Check your ")));
    buf_printf(&x->payload, "{\"errorType\":\"%s\",\"errorMessage\":\"",
               silent_failures[kind].type);
    if (silent_failures[kind].names_request)
        buf_printf(&x->payload, "RequestId: %" STR_F " Error: ", STR_A(x->invoke->request_id));
    json_write_escaped(&x->payload, error);
    buf_literal(&x->payload, "\"}");
}

static void add_log_tail(struct exchange *x, struct str log)
{
    if (!x->invoke->wants_log || log.len == 0)
        return;
    char *text = arena_bytes(&x->arena, base64_encoded_len(log.len));
    exchange_add_header(x, STR("X-Amz-Log-Result"), str_of(text, base64_encode(text, log)));
}

static enum verdict answer_payload(struct exchange *x, const struct lambda_answer *answer)
{
    bool failed = answer->failure == INTEGRATION_FUNCTION_ERROR;
    if (failed && buf_len(&x->payload) == 0)
        write_silent_failure(x, answer->error);
    x->t.response = (struct response){.status = 200, .body = buf_str(&x->payload)};
    exchange_add_header(x, STR("Content-Type"),
                        answer->content_type.len ? arena_copy(&x->arena, answer->content_type)
                                                 : STR("application/json"));
    exchange_add_header(x, STR("X-Amz-Executed-Version"), STR("$LATEST"));
    exchange_add_header(x, STR("x-amzn-Remapped-Content-Length"), STR("0"));
    if (failed)
        exchange_add_header(x, STR("X-Amz-Function-Error"), STR("Unhandled"));
    add_log_tail(x, answer->log_tail);
    return NEXT;
}

/* It could not be invoked. */

static const enum invoke_error failures[] = {
    [INTEGRATION_TIMED_OUT] = INVOKE_TIMED_OUT,
    [INTEGRATION_CONNECT_FAILED] = INVOKE_NO_FUNCTION_ANSWER,
    [INTEGRATION_MALFORMED] = INVOKE_NO_FUNCTION_ANSWER,
    [INTEGRATION_THROTTLED] = INVOKE_THROTTLED,
    [INTEGRATION_STATUS] = INVOKE_NO_FUNCTION_ANSWER,
};

static enum verdict refuse_call(struct exchange *x, const struct lambda_answer *answer)
{
    const struct invoke *i = x->invoke;
    struct str why = answer->detail.len ? answer->detail : answer->error;
    bool unknown = answer->failure == INTEGRATION_STATUS && answer->status == 404;
    x->t.outcome.integration_error = arena_copy(&x->arena, answer->error);
    if (unknown) /* as an alias that only the endpoint knows */
        return refuse_function(x, "the function's endpoint does not know it");
    return invoke_refuse(x, failures[answer->failure], "function '%" STR_F "': %" STR_F,
                         STR_A(i->function->name), STR_A(why));
}

static void on_answer(void *data, struct lambda_answer *answer)
{
    struct exchange *x = data;
    bool answered =
        answer->failure == INTEGRATION_OK || answer->failure == INTEGRATION_FUNCTION_ERROR;
    x->integration.call = NULL;
    note_answer(x, answer);
    if (!answered) {
        exchange_resume(x, refuse_call(x, answer));
        return;
    }
    if (!exchange_buffer(x, buf_len(&answer->payload))) {
        exchange_resume(x, exchange_refuse_memory(x));
        return;
    }
    x->payload = answer->payload;
    answer->payload = (struct buf){0};
    exchange_resume(x, answer_payload(x, answer));
}

/* The types of an invocation. */

static void abandon(void *call)
{
    lambda_abandon(call);
}

/* The call has the body from here on: it outlives a caller that leaves. */
static enum verdict call(struct exchange *x)
{
    const struct invoke *i = x->invoke;
    struct lambda_request request = {.function = i->function,
                                     .qualifier = i->name.qualifier,
                                     .payload = x->body,
                                     .held = x->held,
                                     .trace_id = x->t.request.trace_id,
                                     .client_context = i->client_context,
                                     .request_id = i->request_id,
                                     .wants_log = i->wants_log,
                                     .timeout = i->function->timeout +
                                                i->function->process.init_timeout + WAITING_MAX};
    x->t.request.body = STR("");
    x->body = (struct buf){0};
    x->held = (struct share){0};
    x->t.outcome.integration_called = true;
    x->call_started = loop_now(x->gateway->loop);
    x->integration.abandon = abandon;
    x->integration.call = lambda_invoke(x->gateway->lambda, &request, on_answer, x);
    return WAIT;
}

/* Events have no client context: "for synchronous invocations only". */
static enum verdict accept_event(struct exchange *x)
{
    const struct invoke *i = x->invoke;
    struct lambda_event event = {.function = i->function->name,
                                 .qualifier = i->name.qualifier,
                                 .trace_id = x->t.request.trace_id,
                                 .request_id = i->request_id,
                                 .payload = x->body,
                                 .held = x->held};
    if (!lambda_events_add(x->gateway->events, &event))
        return invoke_refuse(x, INVOKE_EVENTS_FULL,
                             "function '%" STR_F "': %d of its events wait already, or all events "
                             "have a quarter of limits.bufferedBytes",
                             STR_A(i->function->name), LAMBDA_EVENTS_MAX);
    x->t.request.body = STR("");
    x->body = (struct buf){0};
    x->held = (struct share){0};
    x->t.response = (struct response){.status = 202};
    if (i->operation == INVOKE_ASYNC) {
        x->t.response.body = STR("{\"Status\":202}");
        exchange_add_header(x, STR("Content-Type"), STR("application/json"));
    }
    return NEXT;
}

static enum verdict answer_dry_run(struct exchange *x)
{
    x->t.response = (struct response){.status = 204};
    return NEXT;
}

static stage_fn *const types[INVOKE_TYPE_COUNT] = {
    [INVOKE_REQUEST_RESPONSE] = call,
    [INVOKE_EVENT] = accept_event,
    [INVOKE_DRY_RUN] = answer_dry_run,
};

/* The payload. */

static void check_payload(struct exchange *x)
{
    struct json_reader r;
    json_reader_init(&r, buf_str(&x->body), &x->arena);
    r.replaces_surrogates = true;
    x->result.readable = json_skip(&r, NULL) && json_finish(&r);
    x->result.error = x->result.readable ? STR("") : str_from(r.why ? r.why : "");
}

static enum verdict go_on(struct exchange *x)
{
    if (x->result.readable)
        return types[x->invoke->type](x);
    struct str message = arena_printf(&x->arena,
                                      "Could not parse request body into json: Could not parse "
                                      "payload into json: %" STR_F,
                                      STR_A(x->result.error));
    return invoke_refuse_saying(x, INVOKE_INVALID_CONTENT, message,
                                "the payload is no JSON: %" STR_F, STR_A(x->result.error));
}

static void check_payload_aside(struct work *work)
{
    check_payload(container_of(work, struct exchange, work));
}

static void on_payload_checked(struct work *work)
{
    struct exchange *x = container_of(work, struct exchange, work);
    if (!exchange_work_done(x))
        return;
    enum verdict verdict = go_on(x);
    if (verdict != WAIT)
        exchange_resume(x, verdict);
}

enum verdict stage_invoke(struct exchange *x)
{
    enum verdict verdict = find_function(x);
    if (verdict == NEXT)
        verdict = read_client_context(x);
    if (verdict != NEXT)
        return verdict;
    x->t.request.trace_id = trace_id(x);
    if (buf_len(&x->body) == 0)
        buf_literal(&x->body, "{}");
    if (buf_len(&x->body) > INLINE_JSON_MAX) {
        work_start(x->gateway->loop, &x->work, check_payload_aside, on_payload_checked);
        return WAIT;
    }
    check_payload(x);
    return go_on(x);
}

void invoke_add_headers(struct exchange *x)
{
    exchange_add_header(x, STR("x-amzn-RequestId"), x->invoke->request_id);
    if (x->t.request.trace_id.len)
        exchange_add_header(x, STR("X-Amzn-Trace-Id"), x->t.request.trace_id);
}
