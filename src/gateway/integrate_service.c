/* SPDX-License-Identifier: Apache-2.0 */
/* Calls an action of an AWS service with the request's values and passes its answer on (AWS:
 * "Create AWS service integrations for HTTP APIs"). */
#include "turnpike/backend/http_proxy.h"
#include "turnpike/base/json.h"
#include "turnpike/gateway/integrate.h"
#include "turnpike/gateway/mapping_source.h"
#include "turnpike/gateway/trace.h"

static const struct service_action *action_of(const struct exchange *x)
{
    return x->t.selection.match.route->integration->action;
}

/* Values. */

/* The parameters of one request, as they are found. */
struct values {
    struct exchange *x;
    struct service_argument *arguments; /* one for each field of the action */
    struct str region;
};

static struct str *place_of(struct values *v, const struct service_field *field)
{
    const struct service_action *action = action_of(v->x);
    if (field->value == SERVICE_REGION)
        return &v->region;
    return &v->arguments[field - action->fields].value;
}

/* Whether what follows a JSON text so far stands within a string. */
static bool is_within_string(struct str json)
{
    bool within = false;
    for (size_t i = 0; i < json.len; i++) {
        if (json.at[i] == '"')
            within = !within;
        else if (json.at[i] == '\\' && within)
            i++;
    }
    return within;
}

/* Within a string of a JSON text, what the client sent must not end it and go on with members of
 * its own. */
static bool append_to_json(struct buf *out, const struct mapping_part *part, void *exchange)
{
    scoped_buf struct buf value = {0};
    if (!mapping_source_append(&value, part, exchange))
        return false;
    if (is_within_string(buf_str(out)))
        json_write_escaped(out, buf_str(&value));
    else
        buf_append(out, buf_str(&value));
    return true;
}

static bool run(struct exchange *x, const struct service_parameter *parameter, struct buf *out)
{
    const struct service_field *field = service_action_field(action_of(x), parameter->name);
    bool is_json = field->value == SERVICE_ATTRIBUTES;
    return mapping_value_run(parameter->value, out,
                             is_json ? append_to_json : mapping_source_append, x) &&
           buf_len(out) > 0;
}

static enum verdict refuse(struct exchange *x, struct str why)
{
    x->t.outcome.integration_error = why;
    return exchange_refuse(x, GATEWAY_BAD_REQUEST, "%s: %" STR_F, action_of(x)->subtype,
                           STR_A(why));
}

/* In the exchange's arena, and counted as buffered. */
static bool find_value(struct values *v, const struct service_parameter *parameter,
                       enum verdict *ret_verdict)
{
    scoped_buf struct buf text = {0};
    struct exchange *x = v->x;
    if (!run(x, parameter, &text)) {
        *ret_verdict = refuse(
            x, arena_printf(&x->arena, "Unable to resolve property %" STR_F " from source %" STR_F,
                            STR_A(parameter->name), STR_A(parameter->value->text)));
        return false;
    }
    if (!exchange_buffer(x, buf_len(&text))) {
        *ret_verdict = exchange_refuse_memory(x);
        return false;
    }
    *place_of(v, service_action_field(action_of(x), parameter->name)) =
        arena_copy(&x->arena, buf_str(&text));
    return true;
}

/* AWS answers 400 as soon as one parameter, even an optional one, has no value. */
static bool find_values(struct values *v, enum verdict *ret_verdict)
{
    const struct service_action *action = action_of(v->x);
    v->arguments = arena_array(&v->x->arena, struct service_argument, action->field_count);
    for (size_t i = 0; i < action->field_count; i++)
        v->arguments[i].field = &action->fields[i];
    FOR_EACH_IN (parameter, &v->x->t.selection.match.route->integration->parameters)
        if (!find_value(v, parameter, ret_verdict))
            return false;
    return true;
}

/* The answer. */

static void note_answer(struct exchange *x, const struct service_answer *answer)
{
    struct outcome *outcome = &x->t.outcome;
    outcome->integration_latency = loop_now(x->gateway->loop) - x->call_started;
    outcome->integration_status = answer->status;
    outcome->function_status = answer->status;
    outcome->integration_request_id = arena_copy(&x->arena, answer->request_id);
}

static enum verdict take_answer(struct exchange *x, struct service_answer *answer)
{
    if (answer->failure != INTEGRATION_OK)
        return integration_failed(x, answer->failure, arena_copy(&x->arena, answer->error), "%s",
                                  action_of(x)->subtype);
    if (!exchange_buffer(x, buf_len(&answer->body)))
        return exchange_refuse_memory(x);
    struct http_client_answer http = {
        .status = answer->status, .headers = answer->headers, .header_count = answer->header_count};
    http_answer_read(&x->t.response, &http, &x->arena);
    x->payload = answer->body; /* the headers are views of its memory */
    answer->body = (struct buf){0};
    x->t.response.body = buf_str(&x->payload);
    return NEXT;
}

static void on_answer(void *data, struct service_answer *answer)
{
    struct exchange *x = data;
    x->integration.call = NULL;
    note_answer(x, answer);
    exchange_resume(x, take_answer(x, answer));
}

static void abandon(void *call)
{
    service_call_abandon(call);
}

enum verdict integrate_service(struct exchange *x)
{
    struct values v = {.x = x};
    enum verdict verdict;
    struct str why;
    if (!find_values(&v, &verdict))
        return verdict;
    x->t.request.trace_id = trace_id(x);
    struct service_request request = {.route = x->t.selection.stage_route,
                                      .arguments = v.arguments,
                                      .region = v.region,
                                      .trace_id = x->t.request.trace_id,
                                      .held = x->held,
                                      .timeout = x->t.selection.match.route->integration->timeout};
    x->held = (struct share){0};
    buf_release(&x->body); /* what is needed of it is in the arena */
    x->t.request.body = STR("");
    x->call_started = loop_now(x->gateway->loop);
    x->integration.abandon = abandon;
    x->integration.call =
        service_call_start(x->gateway->services, &request, on_answer, x, &x->arena, &why);
    if (x->integration.call)
        return WAIT;
    x->held = request.held;
    return refuse(x, why);
}
