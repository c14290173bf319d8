/* SPDX-License-Identifier: Apache-2.0 */
/* Parameter mapping (AWS: "Transform API requests and responses for HTTP APIs"). */
#include "openapi_import.h"
#include "turnpike/base/http_message.h"
#include "turnpike/base/uri.h"
#include "turnpike/model/context_variable.h"

#define TEXT_SHOWN 128 /* of a value in a message */
#define STATUS_MIN 200
#define STATUS_MAX 599

const struct mapping_value *openapi_mapping_value(struct definition *d, const struct doc *node,
                                                  enum mapping_side side, const char *what)
{
    struct str text, why;
    if (!intrinsics_text(&d->intrinsics, node, &text))
        return NULL;
    const struct mapping_value *value =
        mapping_value_compile(d->arena, text, side, context_variable_of_mapping, &why);
    if (!value)
        diag_error(d->diag, node->at, "%s is '%" STR_F "': %" STR_F, what,
                   STR_A(str_head(text, TEXT_SHOWN)), STR_A(why));
    return value;
}

/* One member of a mapping, and where it goes. */
struct reading {
    struct definition *d;
    enum mapping_side side;
    const struct doc_member *member;
    struct parameter_mapping mapping;
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

/* --- the key: what is done --- */

static const char *const actions[] = {
    [MAPPING_APPEND] = "append", [MAPPING_OVERWRITE] = "overwrite", [MAPPING_REMOVE] = "remove"};

static bool read_action(struct reading *r, struct str written)
{
    for (size_t i = 0; i < ARRAY_LENGTH(actions); i++) {
        if (str_is(written, actions[i])) {
            r->mapping.action = (enum mapping_action)i;
            return true;
        }
    }
    return refuse(r, "a key begins with 'append:', 'overwrite:' or 'remove:'%s",
                  definition_suggestion(r->d, written, actions, ARRAY_LENGTH(actions)));
}

/* --- the key: to what --- */

/* Those of API Gateway's page, in the order of their bytes; '*' stands for any end. */
/* clang-format off */
static const char *const reserved[] = {
    "access-control-*", "apigw-*", "authorization", "connection", "content-encoding",
    "content-length", "content-location", "forwarded", "keep-alive", "origin",
    "proxy-authenticate", "proxy-authorization", "te", "trailers", "transfer-encoding", "upgrade",
    "via", "x-amz-*", "x-amzn-*", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
};
/* clang-format on */

static bool is_reserved(struct str name, struct str pattern)
{
    if (str_ends_with(pattern, STR("*")))
        return str_starts_with(name, str_head(pattern, pattern.len - 1));
    return str_eq(name, pattern);
}

static bool read_header(struct reading *r, struct str name)
{
    if (!http_is_token(name))
        return refuse(r, "'%" STR_F "' is no name of a header", STR_A(name));
    name = arena_lower(r->d->arena, name);
    FOR_EACH (pattern, reserved, ARRAY_LENGTH(reserved))
        if (is_reserved(name, str_from(*pattern)))
            return refuse(r, "header '%s' is reserved: no mapping can change it", *pattern);
    r->mapping.name = name;
    return true;
}

static bool read_query(struct reading *r, struct str name)
{
    r->mapping.name = name;
    return name.len > 0 || refuse(r, "the query parameter has no name");
}

enum { REQUEST = 1 << MAPPING_OF_REQUEST, RESPONSE = 1 << MAPPING_OF_RESPONSE };

static const struct target_row {
    struct str name;
    enum mapping_target target;
    unsigned sides;
    bool (*read_name)(struct reading *r, struct str name); /* NULL: it has none */
} targets[] = {
    {STR_INIT("header"),      MAPPING_HEADER,      REQUEST | RESPONSE, read_header},
    {STR_INIT("path"),        MAPPING_PATH,        REQUEST,            NULL       },
    {STR_INIT("querystring"), MAPPING_QUERYSTRING, REQUEST,            read_query },
    {STR_INIT("statuscode"),  MAPPING_STATUS_CODE, RESPONSE,           NULL       },
};

static bool refuse_target(struct reading *r)
{
    return refuse(r, "a %s's mapping changes %s",
                  r->side == MAPPING_OF_REQUEST ? "request" : "response",
                  r->side == MAPPING_OF_REQUEST ? "'header.NAME', 'querystring.NAME' or 'path'"
                                                : "'header.NAME' or 'statuscode'");
}

static bool read_target(struct reading *r, struct str written)
{
    size_t dot = str_find(written, '.');
    FOR_EACH (row, targets, ARRAY_LENGTH(targets)) {
        bool named = row->read_name != NULL;
        if (!str_eq(named ? str_head(written, dot) : written, row->name))
            continue;
        if (!(row->sides & 1U << r->side))
            break;
        r->mapping.target = row->target;
        if (named)
            return row->read_name(r, str_skip(written, dot + 1));
        return r->mapping.action == MAPPING_OVERWRITE ||
               refuse(r, "'%" STR_F "' can only be overwritten", STR_A(row->name));
    }
    return refuse_target(r);
}

static bool read_key(struct reading *r)
{
    struct str key = r->member->key;
    size_t colon = str_find(key, ':');
    if (colon == key.len)
        return refuse(r,
                      "no mapping of an HTTP API: such as 'append:header.NAME' or "
                      "'overwrite:%s'",
                      r->side == MAPPING_OF_REQUEST ? "path" : "statuscode");
    return read_action(r, str_head(key, colon)) && read_target(r, str_skip(key, colon + 1));
}

/* --- the value --- */

/* What is static can be judged now. */
static bool check_path(struct reading *r)
{
    FOR_EACH_IN (part, &r->mapping.value->parts)
        if (part->source == MAPPING_LITERAL && (str_find(part->text, '?') < part->text.len ||
                                                str_find(part->text, '#') < part->text.len))
            return refuse(r, "a path has neither query nor fragment; the query is mapped by "
                             "'querystring.NAME'");
    return true;
}

static bool check_header(struct reading *r)
{
    const struct mapping_value *v = r->mapping.value;
    struct str host;
    uint16_t port;
    FOR_EACH_IN (part, &v->parts)
        if (part->source == MAPPING_LITERAL && !http_is_field_value(part->text))
            return refuse(r, "the value holds a character that no header can hold");
    bool is_host = r->side == MAPPING_OF_REQUEST && str_is(r->mapping.name, "host");
    bool is_static = v->parts.count == 1 && v->parts.items[0].source == MAPPING_LITERAL;
    return !is_host || !is_static || uri_split_host(v->text, &host, &port) ||
           refuse(r, "'%" STR_F "' is no host", STR_A(str_head(v->text, TEXT_SHOWN)));
}

static bool check_status(struct reading *r)
{
    const struct mapping_value *v = r->mapping.value;
    uint64_t status;
    if (v->parts.count != 1 || v->parts.items[0].source != MAPPING_LITERAL)
        return true;
    return (str_to_u64(v->text, &status) && status >= STATUS_MIN && status <= STATUS_MAX) ||
           refuse(r, "the status is '%" STR_F "', expected a number from %d to %d",
                  STR_A(str_head(v->text, TEXT_SHOWN)), STATUS_MIN, STATUS_MAX);
}

static bool check_value(struct reading *r)
{
    switch (r->mapping.target) {
    case MAPPING_HEADER:
        return check_header(r);
    case MAPPING_PATH:
        return check_path(r);
    case MAPPING_STATUS_CODE:
        return check_status(r);
    case MAPPING_QUERYSTRING:
        break;
    }
    return true;
}

/* Nothing, or the two quotes that API Gateway's examples write for nothing. */
static bool is_nothing(struct str text)
{
    return text.len == 0 || str_is(text, "''");
}

static bool read_nothing(struct reading *r)
{
    const struct doc *node = r->member->value;
    struct str text;
    if (node->kind == DOC_NULL && node->tag.len == 0)
        return true;
    if (!intrinsics_text(&r->d->intrinsics, node, &text))
        return false;
    return is_nothing(text) || refuse(r, "what is removed has no value: ''");
}

/* API Gateway's update takes an empty value as the mapping's end. */
static bool warn_of_nothing(struct reading *r)
{
    diag_warning(r->d->diag, r->member->at, "'%" STR_F "' has an empty value: it maps nothing",
                 STR_A(r->member->key));
    return false;
}

static bool read_value(struct reading *r)
{
    if (r->mapping.action == MAPPING_REMOVE)
        return read_nothing(r);
    const char *what = arena_printf(r->d->arena, "the value of '%" STR_F "'",
                                    STR_A(str_head(r->member->key, TEXT_SHOWN)))
                           .at;
    r->mapping.value = openapi_mapping_value(r->d, r->member->value, r->side, what);
    if (!r->mapping.value)
        return false;
    return is_nothing(r->mapping.value->text) ? warn_of_nothing(r) : check_value(r);
}

/* --- the maps --- */

static void read_mappings(struct definition *d, const struct doc *node, enum mapping_side side,
                          parameter_mapping_list *into)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct doc_member *member = &node->members[i];
        struct reading r = {.d = d, .side = side, .member = member, .mapping.at = member->at};
        if (read_key(&r) && read_value(&r))
            *list_push(d->arena, into) = r.mapping;
    }
}

void openapi_request_parameters(struct definition *d, const struct doc_member *member,
                                void *subject)
{
    struct integration *integration = subject;
    if (integration->type != INTEGRATION_SERVICE &&
        definition_is_map(d, member->value, "requestParameters"))
        read_mappings(d, member->value, MAPPING_OF_REQUEST, &integration->request_parameters);
}

static bool needs_body(const parameter_mapping_list *mappings)
{
    FOR_EACH_IN (m, mappings)
        if (m->value && mapping_value_has(m->value, MAPPING_RESPONSE_BODY))
            return true;
    return false;
}

static void read_status(struct definition *d, const struct doc_member *member,
                        struct integration *integration)
{
    uint64_t status;
    struct response_parameters p = {.at = member->at};
    if (member->key.len != 3 || !str_to_u64(member->key, &status) || status < STATUS_MIN ||
        status > STATUS_MAX) {
        diag_error(d->diag, member->at,
                   "responseParameters has '%" STR_F "', expected a status from %d to %d",
                   STR_A(str_head(member->key, TEXT_SHOWN)), STATUS_MIN, STATUS_MAX);
        return;
    }
    if (!definition_is_map(d, member->value, "responseParameters of a status"))
        return;
    read_mappings(d, member->value, MAPPING_OF_RESPONSE, &p.mappings);
    p.status = (unsigned)status;
    p.needs_body = needs_body(&p.mappings);
    *list_push(d->arena, &integration->response_parameters) = p;
}

void openapi_response_parameters(struct definition *d, const struct doc_member *member,
                                 void *subject)
{
    const struct doc *node = member->value;
    if (!definition_is_map(d, node, "responseParameters"))
        return;
    for (size_t i = 0; i < node->count; i++)
        read_status(d, &node->members[i], subject);
}
