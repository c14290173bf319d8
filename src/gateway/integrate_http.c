/* SPDX-License-Identifier: Apache-2.0 */
/* Passes the request on to the route's backend, and its answer back as it comes (AWS: "Create HTTP
 * proxy integrations for HTTP APIs"). */
#include "turnpike/backend/http_proxy.h"
#include "turnpike/gateway/integrate.h"
#include "turnpike/gateway/trace.h"
#include "turnpike/gateway/xlog.h"

/* --- failures --- */

static const struct {
    enum error_code code;
    enum integration_failure failure;
    const char *text;
    bool says_why; /* with the error's own text behind it */
} failures[] = {
    {ERROR_TIMEOUT,   INTEGRATION_TIMED_OUT,      "The backend did not answer in time.", false},
    {ERROR_PROTOCOL,  INTEGRATION_MALFORMED,      "The backend's answer is malformed",   true },
    {ERROR_TOO_LARGE, INTEGRATION_MALFORMED,      "The backend's answer is too large",   true },
    {ERROR_NONE,      INTEGRATION_CONNECT_FAILED, "The backend failed",                  true }, /* any other */
};

static enum integration_failure classify(struct exchange *x, const struct error *error,
                                         struct str *ret_text)
{
    size_t i = 0;
    while (failures[i].code != error->code && failures[i].code != ERROR_NONE)
        i++;
    *ret_text = failures[i].says_why
                    ? arena_printf(&x->arena, "%s: %s", failures[i].text, error->text)
                    : str_from(failures[i].text);
    return failures[i].failure;
}

/* Without its query: people put keys there. As the definition has it where a variable is missing.
 */
static struct str backend_name(const struct exchange *x)
{
    struct str uri = x->t.selection.stage_route->uri;
    if (!uri.at)
        uri = x->t.selection.match.route->integration->uri.text;
    return str_head(uri, str_find(uri, '?'));
}

static enum verdict fail(struct exchange *x, enum integration_failure failure, struct str why)
{
    return integration_failed(x, failure, why, "backend '%" STR_F "'", STR_A(backend_name(x)));
}

/* The client has the beginning already: it can only be cut off. */
static void cut_off(struct exchange *x, struct str why)
{
    xlog_at(x, LOG_LEVEL_WARNING, "the answer was cut off: backend '%" STR_F "': %" STR_F,
            STR_A(backend_name(x)), STR_A(why));
    exchange_abort(x);
}

static void note_latency(struct exchange *x)
{
    x->t.outcome.integration_latency = loop_now(x->gateway->loop) - x->call_started;
}

/* --- the answer --- */

static void stop_listening(struct exchange *x)
{
    if (x->integration.call)
        x->integration.abandon(take(&x->integration.call));
}

/* A mapping reads it, or it becomes a frame, or only its status counts. */
static bool needs_whole_body(const struct exchange *x)
{
    if (x->kind != EXCHANGE_HTTP)
        return true;
    const struct response_parameters *p =
        response_parameters_find(x->t.selection.match.route->integration, x->t.response.status);
    return p && p->needs_body;
}

/* The fields are views of the payload's memory, which is about to grow. */
static void keep_fields(struct exchange *x)
{
    FOR_EACH_IN (header, &x->t.response.headers)
        *header = (struct header){arena_copy(&x->arena, header->name),
                                  arena_copy(&x->arena, header->value)};
}

/* To HEAD, an answer that does not say its length says none: 0 would be another length. */
static bool hides_length(const struct exchange *x)
{
    return str_is(x->t.request.method, "HEAD") && !x->t.response.has_content_length;
}

static void pass_on(struct exchange *x, bool complete)
{
    bool hidden = complete && hides_length(x);
    x->t.response.body = buf_str(&x->payload);
    x->t.response.streamed = !complete || hidden;
    exchange_resume(x, NEXT);
    if (x->state != EXCHANGE_STREAMING) /* all is said, or another answer took its place */
        stop_listening(x);
    else if (hidden)
        exchange_end(x);
}

static void on_head(void *data, struct http_client_answer *answer, bool complete)
{
    struct exchange *x = data;
    struct outcome *o = &x->t.outcome;
    if (complete)
        x->integration.call = NULL;
    note_latency(x);
    o->integration_status = o->function_status = answer->status;
    http_answer_read(&x->t.response, answer, &x->arena);
    if (!exchange_buffer(x, buf_len(&answer->body))) {
        stop_listening(x);
        exchange_resume(x, exchange_refuse_memory(x));
        return;
    }
    x->payload = answer->body;
    answer->body = (struct buf){0};
    if (!complete && needs_whole_body(x))
        keep_fields(x);
    else
        pass_on(x, complete);
}

/* The client takes less than comes. */
static void hold_back(struct exchange *x)
{
    if (exchange_stall(x)) {
        http_proxy_pause(x->integration.call);
        return;
    }
    stop_listening(x);
    cut_off(x, STR("the client takes too little while all of limits.bufferedBytes are in use"));
}

static void on_bytes(void *data, struct str bytes)
{
    struct exchange *x = data;
    if (x->state == EXCHANGE_STREAMING) {
        if (!exchange_send(x, bytes))
            hold_back(x);
    } else if (exchange_buffer(x, bytes.len)) {
        buf_append(&x->payload, bytes);
    } else {
        stop_listening(x);
        exchange_resume(x, exchange_refuse_memory(x));
    }
}

static void on_error(struct exchange *x, const struct error *error)
{
    struct outcome *o = &x->t.outcome;
    enum integration_failure failure = classify(x, error, &o->integration_error);
    if (x->state == EXCHANGE_STREAMING) {
        o->integration_failure = failure;
        cut_off(x, o->integration_error);
        return;
    }
    note_latency(x);
    exchange_resume(x, fail(x, failure, o->integration_error));
}

static void on_end(void *data, const struct error *error)
{
    struct exchange *x = data;
    x->integration.call = NULL;
    if (error)
        on_error(x, error);
    else if (x->state == EXCHANGE_STREAMING)
        exchange_end(x);
    else
        pass_on(x, true);
}

static const struct http_stream_events events = {
    .on_head = on_head, .on_bytes = on_bytes, .on_end = on_end};

/* --- the call --- */

static void abandon(void *call)
{
    http_proxy_abandon(call);
}

static void resume(void *call)
{
    http_proxy_resume(call);
}

/* The call has the body from here on: it outlives a client that leaves. */
static void call(struct exchange *x, struct buf head)
{
    struct http_proxy_request request = {.target = x->t.selection.stage_route->http,
                                         .head = head,
                                         .body = x->body,
                                         .held = x->held,
                                         .is_head = str_is(http_backend_method(&x->t), "HEAD"),
                                         .timeout =
                                             x->t.selection.match.route->integration->timeout};
    x->t.request.body = STR("");
    x->body = (struct buf){0};
    x->held = (struct share){0};
    x->call_started = loop_now(x->gateway->loop);
    x->integration.abandon = abandon;
    x->integration.resume = resume;
    x->integration.call = http_proxy_start(x->gateway->http_proxy, &request, &events, x);
}

enum verdict integrate_http(struct exchange *x)
{
    struct buf head = {0};
    const char *why;
    if (!x->t.selection.stage_route->http)
        return fail(x, INTEGRATION_STATUS, STR("the stage lacks a variable of the URI"));

    x->t.request.trace_id = trace_id(x);
    if (!http_head_write(&head, &x->t, &x->arena, &why)) {
        buf_release(&head);
        return exchange_refuse(x, GATEWAY_BAD_REQUEST, "%s", why);
    }
    call(x, head);
    return WAIT;
}
