/* SPDX-License-Identifier: Apache-2.0 */
/* What an integration of a WebSocket API is sent (AWS: "Set up data transformations for WebSocket
 * APIs", "Setting up data mapping for WebSocket APIs"): templates make the body, requestParameters
 * the head of what goes to an HTTP backend. A function behind AWS_PROXY gets its event instead. */
#include "transform.h"

#include "turnpike/backend/http_proxy.h"
#include "turnpike/base/json.h"
#include "turnpike/base/uri.h"
#include "turnpike/gateway/context_variables.h"
#include "turnpike/gateway/pipeline.h"

/* --- the body --- */

static enum verdict refuse_body(struct exchange *x, enum gateway_response_id type, const char *why)
{
    return exchange_refuse(x, type, "the integration of route '%" STR_F "' %s",
                           STR_A(x->t.selection.match.route->key), why);
}

/* What is still the message is the body already. */
static void set_body(struct exchange *x, struct str body)
{
    if (body.at == x->message.at && body.len == x->message.len)
        return;
    buf_clear(&x->body);
    buf_append(&x->body, body);
    x->t.request.body = buf_str(&x->body);
}

/* What goes on where no template is chosen: the message itself, or nothing. */
static bool passes_through(const struct websocket_integration *w)
{
    switch (w->passthrough) {
    case PASSTHROUGH_WHEN_NO_MATCH:
        return true;
    case PASSTHROUGH_WHEN_NO_TEMPLATES:
        return w->templates.count == 0;
    case PASSTHROUGH_NEVER:
        break;
    }
    return false;
}

static bool reads_json(const struct mapping_template *t)
{
    FOR_EACH_IN (part, &t->parts)
        if (part->source == TEMPLATE_JSON || part->source == TEMPLATE_PATH)
            return true;
    return false;
}

static bool is_json(struct exchange *x, struct str text)
{
    struct json_reader reader;
    json_reader_init(&reader, text, &x->arena);
    return json_skip(&reader, NULL) && json_finish(&reader);
}

/* A proxy's message goes on as it is, or as its bytes. */
static enum verdict convert(struct exchange *x, const struct websocket_integration *w,
                            struct str *body)
{
    if (!transform_content(x, w->content_handling, body))
        return refuse_body(x, GATEWAY_BAD_REQUEST,
                           "converts messages from base64, and this one is none");
    if (w->content_handling != CONTENT_AS_IT_IS)
        x->t.websocket.binary = w->content_handling == CONVERT_TO_BINARY;
    set_body(x, *body);
    return NEXT;
}

static enum verdict transform_body(struct exchange *x, const struct websocket_integration *w)
{
    struct str body = x->message;
    if (convert(x, w, &body) == DONE)
        return DONE;
    const struct mapping_template *t = transform_choose(x, &w->templates, w->template_selection);
    if (!t && !passes_through(w))
        return refuse_body(x, GATEWAY_CONFIGURATION_ERROR,
                           "has no template for this message (passthroughBehavior)");
    if (t && x->kind == EXCHANGE_MESSAGE && reads_json(t) && !is_json(x, body))
        return exchange_refuse_saying(
            x, GATEWAY_BAD_REQUEST,
            STR("Could not parse request body into json: the message is not JSON"),
            "the message is no JSON, which the template of route '%" STR_F "' reads",
            STR_A(x->t.selection.match.route->key));
    set_body(x, t ? transform_run(x, t, body) : body);
    return NEXT;
}

/* --- parameters --- */

static void append_all_headers(struct buf *out, const struct request *r, struct str name)
{
    bool found = false;
    FOR_EACH (h, r->headers, r->header_count) {
        if (!str_eq_nocase(h->name, name))
            continue;
        if (found)
            buf_append_char(out, ',');
        buf_append(out, h->value);
        found = true;
    }
}

/* `out` has nothing else in it: of several values the last one stays, unless all are wanted. */
static void append_query(struct buf *out, struct exchange *x, struct str wanted, bool all)
{
    struct str rest = x->t.request.query, name, value;
    bool found = false;
    while (rest.len > 0 && uri_next_parameter(&rest, &name, &value)) {
        if (!str_eq(uri_decode(&x->arena, name, true), wanted))
            continue;
        if (!all)
            buf_clear(out);
        else if (found)
            buf_append_char(out, ',');
        buf_append(out, uri_decode(&x->arena, value, true));
        found = true;
    }
}

static void append_header(struct buf *out, const struct request *r, struct str name)
{
    const struct header *last = NULL;
    FOR_EACH (h, r->headers, r->header_count)
        if (str_eq_nocase(h->name, name))
            last = h;
    if (last)
        buf_append(out, last->value);
}

/* Of the arena; empty where there is no value: nothing is sent then. */
static struct str value_of(struct exchange *x, const struct integration_parameter *p)
{
    scoped_buf struct buf out = {0};
    switch (p->source) {
    case FROM_LITERAL:
        return p->text;
    case FROM_QUERYSTRING:
    case FROM_ALL_QUERYSTRING:
        append_query(&out, x, p->text, p->source == FROM_ALL_QUERYSTRING);
        break;
    case FROM_HEADER:
        append_header(&out, &x->t.request, p->text);
        break;
    case FROM_ALL_HEADER:
        append_all_headers(&out, &x->t.request, p->text);
        break;
    case FROM_BODY:
        if (!json_path_run(p->path, x->message, &out))
            return STR("");
        break;
    case FROM_CONTEXT:
        context_variable_append(&out, p->id, p->text, &x->t);
        break;
    case FROM_STAGE_VARIABLE:
        return transform_stage_variable(x, p->text);
    }
    return arena_copy(&x->arena, buf_str(&out));
}

/* The head of what goes to an HTTP backend, while it is being made. */
struct head {
    LIST(struct header) headers;
    struct buf query;
    size_t paths;
};

/* A value that would end its line ends the head: it is cut off there. */
static struct str one_line(struct str value)
{
    size_t len = 0;
    while (len < value.len && value.at[len] != '\r' && value.at[len] != '\n' && value.at[len])
        len++;
    return str_head(value, len);
}

static void put_header(struct exchange *x, struct head *head, struct str name, struct str value)
{
    FOR_EACH_IN (h, &head->headers)
        if (str_eq_nocase(h->name, name)) {
            h->value = one_line(value);
            return;
        }
    *list_push(&x->arena, &head->headers) = (struct header){name, one_line(value)};
}

static void put_query(struct head *head, struct str name, struct str value)
{
    if (buf_len(&head->query))
        buf_append_char(&head->query, '&');
    uri_encode(&head->query, name);
    buf_append_char(&head->query, '=');
    uri_encode(&head->query, value);
}

/* By their order, as the URI's variables were numbered when it was loaded; no value climbs out of
 * the path that the definition gives it, not by slashes that a backend decodes either. */
static bool put_path(struct exchange *x, struct head *head, struct str name, struct str value)
{
    struct route_match *match = &x->t.selection.match;
    scoped_buf struct buf encoded = {0};
    if (head->paths == ROUTE_PARAMETERS_MAX || http_path_has_dots(value))
        return false;
    uri_encode(&encoded, value);
    match->parameters[head->paths++] =
        (struct path_parameter){name, arena_copy(&x->arena, buf_str(&encoded))};
    match->parameter_count = head->paths;
    return true;
}

static bool put(struct exchange *x, struct head *head, const struct integration_parameter *p)
{
    struct str value = value_of(x, p);
    switch (p->target) {
    case PARAMETER_PATH:
        return put_path(x, head, p->name, value);
    case PARAMETER_HEADER:
        if (value.len)
            put_header(x, head, p->name, value);
        return true;
    case PARAMETER_QUERYSTRING:
        if (value.len)
            put_query(head, p->name, value);
        return true;
    }
    return false;
}

static bool is_mapped(const struct websocket_integration *w, struct str name)
{
    FOR_EACH_IN (p, &w->parameters)
        if (p->target == PARAMETER_QUERYSTRING && str_eq(p->name, name))
            return true;
    return false;
}

/* The client's query, but for what parameters have their own value for. */
static void pass_query(struct exchange *x, struct head *head, const struct websocket_integration *w)
{
    struct str rest = x->t.request.query, before, name, value;
    while (rest.len > 0) {
        before = rest;
        if (!uri_next_parameter(&rest, &name, &value))
            return;
        if (is_mapped(w, uri_decode(&x->arena, name, true)))
            continue;
        if (buf_len(&head->query))
            buf_append_char(&head->query, '&');
        buf_append(&head->query, str_head(before, str_find(before, '&')));
    }
}

/* A handshake passed on as a whole takes the client's fields along; everything else has only what
 * its parameters say. */
static bool passes_head(const struct exchange *x, const struct websocket_integration *w)
{
    return x->kind == EXCHANGE_CONNECT && w->proxy;
}

static enum verdict transform_head(struct exchange *x, const struct websocket_integration *w)
{
    struct request *r = &x->t.request;
    struct head head = {.paths = 0};
    bool fits = true;
    if (passes_head(x, w)) {
        FOR_EACH (h, r->headers, r->header_count)
            *list_push(&x->arena, &head.headers) = *h;
        pass_query(x, &head, w);
    } else {
        put_header(x, &head, STR("Content-Type"), STR("application/json"));
    }
    FOR_EACH_IN (p, &w->parameters)
        fits = fits && put(x, &head, p);
    r->headers = head.headers.items;
    r->header_count = head.headers.count;
    r->query = arena_copy(&x->arena, buf_str(&head.query));
    buf_release(&head.query);
    return fits
               ? NEXT
               : exchange_refuse(x, GATEWAY_BAD_REQUEST,
                                 "a parameter of the integration's path has a segment '.' or '..'");
}

enum verdict stage_transform(struct exchange *x)
{
    const struct integration *integration = x->t.selection.match.route->integration;
    if (!integration)
        return NEXT;
    const struct websocket_integration *w = &integration->websocket;
    if (w->proxy && integration->type == INTEGRATION_LAMBDA &&
        w->content_handling == CONTENT_AS_IT_IS)
        return NEXT;
    x->message = arena_copy(&x->arena, x->t.request.body);
    struct str body = x->message;
    enum verdict verdict = w->proxy ? convert(x, w, &body) : transform_body(x, w);
    if (verdict == NEXT && integration->type == INTEGRATION_HTTP)
        return transform_head(x, w);
    return verdict;
}
