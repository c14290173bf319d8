/* SPDX-License-Identifier: Apache-2.0 */
/* Calls the route's function with its event and reads the result (AWS: "Working with AWS Lambda
 * proxy integrations for HTTP APIs"). */
#include "turnpike/event/lambda_event.h"
#include "turnpike/event/lambda_result.h"
#include "turnpike/event/websocket_event.h"
#include "turnpike/gateway/integrate.h"
#include "turnpike/gateway/reason.h"
#include "turnpike/gateway/trace.h"

/* More JSON than this is written and read on the thread pool. */
#define INLINE_JSON_MAX (1024 * 1024)

static enum verdict fail(struct exchange *x, enum integration_failure failure, struct str why)
{
    const struct stage_route *r = x->t.selection.stage_route;
    if (!r->function)
        return integration_failed(x, failure, why, "function '%" STR_F "'", STR_A(r->function_arn));
    if (r->function->process.on)
        return integration_failed(x, failure, why, "function '%" STR_F "'",
                                  STR_A(r->function->name));
    return integration_failed(x, failure, why, "function '%" STR_F "' at %" STR_F,
                              STR_A(r->function->name),
                              STR_A(reason_endpoint(&x->arena, &r->function->endpoint)));
}

/* The access log has AWS's words, the log and its reason what was behind them. */
static enum verdict fail_call(struct exchange *x, const struct lambda_answer *answer)
{
    struct str error = arena_copy(&x->arena, answer->error);
    struct str detail = arena_copy(&x->arena, answer->detail);
    enum verdict verdict = fail(x, answer->failure, detail.len ? detail : error);
    x->t.outcome.integration_error = error;
    return verdict;
}

static bool is_websocket_proxy(const struct exchange *x)
{
    return x->kind != EXCHANGE_HTTP && x->t.selection.match.route->integration->websocket.proxy;
}

/* A function that is no proxy's answers with its payload. */
static bool take_payload(struct exchange *x)
{
    x->result.response = (struct response){.status = 200, .body = buf_str(&x->payload)};
    return true;
}

static bool read_websocket_result(struct exchange *x)
{
    return is_websocket_proxy(x) ? websocket_result_read(&x->arena, buf_str(&x->payload),
                                                         &x->result.response, &x->result.error)
                                 : take_payload(x);
}

static void read_result(struct exchange *x)
{
    if (x->kind != EXCHANGE_HTTP) {
        x->result.readable = read_websocket_result(x);
        return;
    }
    if (x->result.streamed) {
        x->result.readable = streamed_result_read(&x->arena, buf_str(&x->payload),
                                                  &x->result.response, &x->result.error);
        return;
    }
    enum payload_format format = x->t.selection.match.route->integration->payload_format;
    x->result.readable = lambda_result_read(&x->arena, format, buf_str(&x->payload),
                                            &x->result.response, &x->result.error);
}

static enum verdict take_result(struct exchange *x)
{
    if (!x->result.readable)
        return fail(x, INTEGRATION_MALFORMED, x->result.error);
    x->t.response = x->result.response;
    x->t.outcome.function_status = x->t.response.status;
    return NEXT;
}

/* A large result, on the thread pool. */
static void read_result_aside(struct work *work)
{
    read_result(container_of(work, struct exchange, work));
}

static void on_result_read(struct work *work)
{
    struct exchange *x = container_of(work, struct exchange, work);
    if (exchange_work_done(x))
        exchange_resume(x, take_result(x));
}

static void note_answer(struct exchange *x, const struct lambda_answer *answer)
{
    struct outcome *outcome = &x->t.outcome;
    outcome->integration_latency = loop_now(x->gateway->loop) - x->call_started;
    outcome->integration_status = answer->status;
    outcome->integration_request_id = arena_copy(&x->arena, answer->request_id);
}

/* What a function calls its error may select an integration response. */
static bool maps_failure(struct exchange *x, enum integration_failure failure)
{
    const struct route *route = x->t.selection.match.route;
    if (failure != INTEGRATION_FUNCTION_ERROR || x->kind != EXCHANGE_MESSAGE ||
        !route->websocket.two_way || route->integration->websocket.proxy)
        return false;
    x->t.outcome.integration_failure = failure;
    return true;
}

static void on_answer(void *data, struct lambda_answer *answer)
{
    struct exchange *x = data;
    x->integration.call = NULL;
    note_answer(x, answer);
    if (answer->failure != INTEGRATION_OK && !maps_failure(x, answer->failure)) {
        exchange_resume(x, fail_call(x, answer));
        return;
    }
    if (!exchange_buffer(x, buf_len(&answer->payload))) {
        exchange_resume(x, exchange_refuse_memory(x));
        return;
    }
    x->result.streamed = str_eq_nocase(answer->content_type, STR(STREAMED_RESULT_TYPE));
    x->payload = answer->payload;
    answer->payload = (struct buf){0};
    if (buf_len(&x->payload) > INLINE_JSON_MAX) {
        work_start(x->gateway->loop, &x->work, read_result_aside, on_result_read);
        return;
    }
    read_result(x);
    exchange_resume(x, take_result(x));
}

static void abandon(void *call)
{
    lambda_abandon(call);
}

/* Where many connections end at once, as when the gateway stops, each $disconnect has its turn:
 * there is nobody to try again. No more of them wait than there may be connections. */
static uint64_t apart_max(const struct exchange *x)
{
    return x->kind == EXCHANGE_DISCONNECT ? x->t.settings->limits.connections : 0;
}

/* The event holds the body from here on, and the call the event: it outlives a client that leaves.
 */
static void call(struct exchange *x)
{
    buf_release(&x->body);
    x->t.request.body = STR("");
    const struct stage_route *route = x->t.selection.stage_route;
    struct lambda_request request = {.function = route->function,
                                     .qualifier = route->qualifier,
                                     .payload = x->payload,
                                     .held = x->held,
                                     .trace_id = x->t.request.trace_id,
                                     .timeout = x->t.selection.match.route->integration->timeout,
                                     .apart_max = apart_max(x)};
    x->payload = (struct buf){0};
    x->held = (struct share){0};
    x->call_started = loop_now(x->gateway->loop);
    x->integration.abandon = abandon;
    x->integration.call = lambda_invoke(x->gateway->lambda, &request, on_answer, x);
}

static void write_event(struct exchange *x)
{
    if (x->kind == EXCHANGE_HTTP)
        lambda_event_write(&x->payload, &x->t, &x->arena);
    else if (is_websocket_proxy(x))
        websocket_event_write(&x->payload, &x->t, &x->arena);
    else
        buf_append(&x->payload, x->t.request.body);
}

static void write_event_aside(struct work *work)
{
    write_event(container_of(work, struct exchange, work));
}

static void on_event_written(struct work *work)
{
    struct exchange *x = container_of(work, struct exchange, work);
    if (exchange_work_done(x))
        call(x);
}

enum verdict integrate_lambda(struct exchange *x)
{
    if (!x->t.selection.stage_route->function)
        return fail(x, INTEGRATION_STATUS, STR("the integration names no function that exists"));

    x->t.request.trace_id = trace_id(x);
    if (x->t.request.body.len > INLINE_JSON_MAX) {
        work_start(x->gateway->loop, &x->work, write_event_aside, on_event_written);
        return WAIT;
    }
    write_event(x);
    call(x);
    return WAIT;
}
