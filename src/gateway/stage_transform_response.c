/* SPDX-License-Identifier: Apache-2.0 */
/* What an integration's answer becomes for the client (AWS: "Setting up a WebSocket API integration
 * response"): of two-way routes whose integration is no proxy, one of the integration responses. */
#include "transform.h"

#include "turnpike/base/json.h"
#include "turnpike/gateway/integrate.h"
#include "turnpike/gateway/pipeline.h"

/* errorMessage of what a function returned, or empty. */
static struct str error_message(struct exchange *x)
{
    struct json_reader reader;
    struct str key, message = STR("");
    json_reader_init(&reader, x->t.response.body, &x->arena);
    if (json_peek(&reader) != JSON_TYPE_OBJECT || !json_enter_object(&reader))
        return message;
    while (json_next_member(&reader, &key)) {
        bool is_it = str_is(key, "errorMessage") && json_peek(&reader) == JSON_TYPE_STRING;
        if (is_it ? !json_read_string(&reader, &message) : !json_skip(&reader, NULL))
            break;
    }
    return reader.failed ? STR("") : message;
}

/* The integration response selection expression is fixed: what a function calls its error, else the
 * status. */
static struct str selected_key(struct exchange *x)
{
    char status[STR_U64_SIZE];
    if (x->t.selection.match.route->integration->type == INTEGRATION_LAMBDA)
        return error_message(x);
    return arena_copy(&x->arena, str_u64(x->t.response.status, status));
}

/* $default is the last. */
static const struct integration_response *choose(struct exchange *x)
{
    struct str key = selected_key(x);
    const struct integration *integration = x->t.selection.match.route->integration;
    FOR_EACH_IN (response, &integration->websocket.responses)
        if (!response->pattern || (key.len && pattern_matches(response->pattern, key)))
            return response;
    return NULL;
}

/* A function's error that no integration response is made for is one. */
static enum verdict refuse_unmatched(struct exchange *x)
{
    const struct str key = x->t.selection.match.route->key;
    return integration_failed(x, INTEGRATION_MALFORMED,
                              STR("no integration response matches its answer"),
                              "integration of route '%" STR_F "'", STR_A(key));
}

static enum verdict transform(struct exchange *x, const struct integration_response *response)
{
    const struct mapping_template *t =
        transform_choose(x, &response->templates, response->template_selection);
    struct str body = x->t.response.body;
    if (t)
        body = transform_run(x, t, body);
    if (!transform_content(x, response->content_handling, &body))
        return integration_failed(x, INTEGRATION_MALFORMED, STR("its answer is no base64"),
                                  "integration of route '%" STR_F "'",
                                  STR_A(x->t.selection.match.route->key));
    x->t.response.body = body;
    return NEXT;
}

static bool function_failed(const struct exchange *x)
{
    return x->t.outcome.integration_failure == INTEGRATION_FUNCTION_ERROR;
}

enum verdict stage_transform_response(struct exchange *x)
{
    const struct route *route = x->t.selection.match.route;
    if (!route->integration || route->integration->websocket.proxy || !route->websocket.two_way ||
        x->kind != EXCHANGE_MESSAGE)
        return NEXT;
    const struct integration_response *response = choose(x);
    if (!response || (function_failed(x) && !response->pattern))
        return refuse_unmatched(x);
    return transform(x, response);
}
