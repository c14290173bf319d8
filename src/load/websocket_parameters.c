/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of the handshake that routes declare, and what integrations make of them (AWS: "Set up
 * data mapping for WebSocket APIs"). */
#include "turnpike/base/http_message.h"
#include "turnpike/model/context_variable.h"
#include "turnpike/model/router.h"
#include "websocket_import.h"

#define TEXT_SHOWN 128 /* of a value in a message */

/* --- what a route declares --- */

static const struct {
    struct str prefix;
    bool header;
} declarable[] = {
    {STR_INIT("route.request.header."),      true },
    {STR_INIT("route.request.querystring."), false},
};

static bool parse_declared(struct str key, struct declared_parameter *ret)
{
    FOR_EACH (row, declarable, ARRAY_LENGTH(declarable)) {
        if (!str_starts_with(key, row->prefix))
            continue;
        *ret = (struct declared_parameter){row->header, str_skip(key, row->prefix.len)};
        return row->header ? http_is_token(ret->name) : ret->name.len > 0;
    }
    return false;
}

static void read_required(struct definition *d, const struct doc_member *member, void *subject)
{
    if (!definition_boolean(d, member->value, "required", subject))
        *(bool *)subject = false;
}

/* CloudFormation writes it with a capital. */
static const struct definition_field constraint_fields[] = {
    {"required", FIELD_READ, read_required},
    {"Required", FIELD_READ, read_required},
};

static const struct definition_object constraint_object = {
    .what = "a request parameter",
    .strict = true,
    DEFINITION_FIELDS(constraint_fields),
};

static void read_declaration(struct definition *d, const struct doc_member *member,
                             struct route *route, declared_parameter_list *declared)
{
    struct declared_parameter parameter;
    bool required = false;
    if (!parse_declared(member->key, &parameter)) {
        diag_error(d->diag, member->at,
                   "'%" STR_F "' is no request parameter: it is route.request.header.NAME or "
                   "route.request.querystring.NAME",
                   STR_A(str_head(member->key, TEXT_SHOWN)));
        return;
    }
    if (!definition_read_object(d, &constraint_object, member->value, &required))
        return;
    *list_push(d->arena, declared) = parameter;
    if (!required)
        return;
    if (parameter.header)
        *list_push(d->arena, &route->websocket.required_header) = parameter.name;
    else
        *list_push(d->arena, &route->websocket.required_querystring) = parameter.name;
}

void websocket_read_declared(struct definition *d, const struct doc *node, struct route *route,
                             declared_parameter_list *declared)
{
    if (!definition_is_map(d, node, "requestParameters"))
        return;
    if (route->websocket.kind != WEBSOCKET_CONNECT_ROUTE && node->count > 0) {
        diag_warning(d->diag, node->at,
                     "requestParameters of route '%" STR_F "' have no effect: only the handshake, "
                     "of $connect, has any",
                     STR_A(route->key));
        return;
    }
    for (size_t i = 0; i < node->count; i++)
        read_declaration(d, &node->members[i], route, declared);
}

/* --- what an integration maps: the key --- */

/* One member of a mapping. */
struct reading {
    struct definition *d;
    const struct doc_member *member;
    struct integration_parameter parameter;
};

static bool refuse(struct reading *r, const char *format, ...) PRINTF(2, 3);

static bool refuse(struct reading *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str why = arena_vprintf(r->d->arena, format, args);
    va_end(args);
    diag_error(r->d->diag, r->member->at, "'%" STR_F "': %" STR_F,
               STR_A(str_head(r->member->key, TEXT_SHOWN)), STR_A(why));
    return false;
}

/* They frame the request, or belong to one connection alone. */
static const char *const framing[] = {
    "connection", "content-length",    "expect",  "keep-alive", "proxy-connection", "te",
    "trailer",    "transfer-encoding", "upgrade",
};

static bool check_header(struct reading *r)
{
    struct str name = r->parameter.name;
    if (!http_is_token(name))
        return refuse(r, "'%" STR_F "' is no name of a header", STR_A(name));
    FOR_EACH (reserved, framing, ARRAY_LENGTH(framing))
        if (str_eq_nocase(name, str_from(*reserved)))
            return refuse(r, "header '%s' cannot be mapped: it belongs to the connection",
                          *reserved);
    return true;
}

static const struct {
    struct str prefix;
    int target;
} targets[] = {
    {STR_INIT("integration.request.header."),      PARAMETER_HEADER     },
    {STR_INIT("integration.request.querystring."), PARAMETER_QUERYSTRING},
    {STR_INIT("integration.request.path."),        PARAMETER_PATH       },
};

static bool read_target(struct reading *r)
{
    struct str key = r->member->key;
    FOR_EACH (row, targets, ARRAY_LENGTH(targets)) {
        if (!str_starts_with(key, row->prefix))
            continue;
        r->parameter.target = row->target;
        r->parameter.name = str_skip(key, row->prefix.len);
        if (row->target == PARAMETER_HEADER)
            return check_header(r);
        return r->parameter.name.len > 0 || refuse(r, "a name is missing at its end");
    }
    return refuse(r, "a key is integration.request.header.NAME, integration.request.querystring."
                     "NAME or integration.request.path.NAME");
}

/* --- the value --- */

/* Reads what stands behind the prefix of a source's row. */
typedef bool read_fn(struct reading *r, struct str rest);

static bool read_literal(struct reading *r, struct str rest)
{
    if (!str_ends_with(rest, STR("'")))
        return refuse(r, "static text stands between two single quotes");
    r->parameter.text = str_head(rest, rest.len - 1);
    return r->parameter.target != PARAMETER_HEADER || http_is_field_value(r->parameter.text) ||
           refuse(r, "the value holds a character that no header can hold");
}

static bool read_name(struct reading *r, struct str rest)
{
    r->parameter.text = rest;
    return rest.len > 0 || refuse(r, "a name is missing at the end of its value");
}

static bool read_body(struct reading *r, struct str rest)
{
    const char *why;
    r->parameter.path = json_path_compile(r->d->arena, rest, &why);
    return r->parameter.path || refuse(r, "in its JSONPath %s", why);
}

static bool read_context(struct reading *r, struct str rest)
{
    const char *nearest = NULL;
    r->parameter.text = rest;
    r->parameter.id = context_variable_of_websocket_mapping(rest, &nearest);
    return r->parameter.id >= 0 || refuse(r, "mappings know no context.%" STR_F "%s%s%s",
                                          STR_A(rest), nearest ? "; did you mean 'context." : "",
                                          nearest ? nearest : "", nearest ? "'?" : "");
}

static const struct {
    struct str prefix;
    int source;
    read_fn *read;
} sources[] = {
    {STR_INIT("'"),                                    FROM_LITERAL,         read_literal},
    {STR_INIT("context."),                             FROM_CONTEXT,         read_context},
    {STR_INIT("route.request.body"),                   FROM_BODY,            read_body   },
    {STR_INIT("route.request.header."),                FROM_HEADER,          read_name   },
    {STR_INIT("route.request.multivalueheader."),      FROM_ALL_HEADER,      read_name   },
    {STR_INIT("route.request.multivaluequerystring."), FROM_ALL_QUERYSTRING, read_name   },
    {STR_INIT("route.request.querystring."),           FROM_QUERYSTRING,     read_name   },
    {STR_INIT("stageVariables."),                      FROM_STAGE_VARIABLE,  read_name   },
};

static bool read_source(struct reading *r)
{
    struct str text;
    if (!definition_text(r->d, r->member->value, "a mapping's value", &text))
        return false;
    FOR_EACH (row, sources, ARRAY_LENGTH(sources)) {
        if (!str_starts_with(text, row->prefix))
            continue;
        r->parameter.source = row->source;
        return row->read(r, str_skip(text, row->prefix.len));
    }
    return refuse(r,
                  "its value is '%" STR_F "', which is no source: there are 'static text', "
                  "context.NAME, stageVariables.NAME, route.request.body.PATH, and of $connect "
                  "route.request.header.NAME and route.request.querystring.NAME",
                  STR_A(str_head(text, TEXT_SHOWN)));
}

/* --- the map --- */

/* A function is told all there is; what it could be told beside that is whether somebody waits. */
static void read_of_function(struct definition *d, const struct doc_member *member)
{
    struct str text;
    bool type = str_eq_nocase(member->key, STR("integration.request.header.X-Amz-Invocation-Type"));
    if (type && member->value->kind == DOC_STRING &&
        definition_text(d, member->value, "the value", &text) && str_is(text, "'Event'"))
        diag_error(d->diag, member->at,
                   "invocations that nobody waits for ('Event') are not built "
                   "yet");
    else if (!type)
        diag_warning(d->diag, member->at,
                     "'%" STR_F "' has no effect: an invocation has neither headers nor query",
                     STR_A(str_head(member->key, TEXT_SHOWN)));
}

void websocket_read_parameters(struct definition *d, const struct doc *node,
                               struct integration *integration)
{
    if (!definition_is_map(d, node, "requestParameters"))
        return;
    for (size_t i = 0; i < node->count; i++) {
        const struct doc_member *member = &node->members[i];
        struct reading r = {.d = d, .member = member, .parameter.at = member->at};
        if (integration->type == INTEGRATION_LAMBDA)
            read_of_function(d, member);
        else if (read_target(&r) && read_source(&r))
            *list_push(d->arena, &integration->websocket.parameters) = r.parameter;
    }
}

/* What follows from the URI, where it is written: what it says by stage variables it may say. */
void websocket_check_path(struct definition *d, const struct integration *integration)
{
    struct str uri = integration->uri.text;
    size_t count = 0;
    FOR_EACH_IN (p, &integration->websocket.parameters) {
        if (p->target != PARAMETER_PATH)
            continue;
        struct str place = arena_printf(d->arena, "{%" STR_F "}", STR_A(p->name));
        if (++count > ROUTE_PARAMETERS_MAX)
            diag_error(d->diag, p->at, "an integration has at most %d parameters of its path",
                       ROUTE_PARAMETERS_MAX);
        else if (str_find_str(uri, place) == uri.len && str_find_str(uri, STR("${")) == uri.len)
            diag_warning(d->diag, p->at,
                         "'integration.request.path.%" STR_F
                         "' has no effect: the integrationUri has no '%" STR_F "'",
                         STR_A(p->name), STR_A(place));
    }
}

/* --- both together --- */

static bool is_of_handshake(const struct integration_parameter *p, bool *ret_header)
{
    *ret_header = p->source == FROM_HEADER || p->source == FROM_ALL_HEADER;
    return *ret_header || p->source == FROM_QUERYSTRING || p->source == FROM_ALL_QUERYSTRING;
}

static bool is_declared(const declared_parameter_list *declared, bool header, struct str name)
{
    FOR_EACH_IN (parameter, declared)
        if (parameter->header == header &&
            (header ? str_eq_nocase(parameter->name, name) : str_eq(parameter->name, name)))
            return true;
    return false;
}

void websocket_check_parameters(struct definition *d, const struct route *route,
                                const declared_parameter_list *declared)
{
    bool header;
    FOR_EACH_IN (p, &route->integration->websocket.parameters) {
        if (!is_of_handshake(p, &header))
            continue;
        const char *kind = header ? "header" : "querystring";
        if (route->websocket.kind != WEBSOCKET_CONNECT_ROUTE)
            diag_error(d->diag, p->at,
                       "route '%" STR_F "' has no %s: only the handshake, of $connect, does",
                       STR_A(route->key), header ? "headers" : "query");
        else if (!is_declared(declared, header, p->text))
            diag_error(d->diag, p->at,
                       "route '%" STR_F "' does not declare it: its requestParameters need "
                       "'route.request.%s.%" STR_F "'",
                       STR_A(route->key), kind, STR_A(p->text));
    }
}
