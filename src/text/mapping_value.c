/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/mapping_value.h"

#include "turnpike/base/http_message.h"

/* One compilation under way. */
struct compiler {
    struct arena *arena;
    enum mapping_side side;
    mapping_resolve_fn *resolve;
    struct mapping_value *into;
    struct str why;
};

/* Reads what stands behind the prefix of a source's row into the part. */
typedef bool read_fn(struct compiler *c, struct str rest, struct mapping_part *part);

static bool refuse(struct compiler *c, const char *format, ...) PRINTF(2, 3);

static bool refuse(struct compiler *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    c->why = arena_vprintf(c->arena, format, args);
    va_end(args);
    return false;
}

static bool read_any_name(struct compiler *c, struct str rest, struct mapping_part *part)
{
    part->text = rest;
    return rest.len > 0 || refuse(c, "a name is missing at its end");
}

/* Headers of the name apigw-* are API Gateway's own: they cannot be read either. */
static bool read_header(struct compiler *c, struct str rest, struct mapping_part *part)
{
    if (!http_is_token(rest))
        return refuse(c, "'%" STR_F "' is no name of a header", STR_A(rest));
    if (str_starts_with_nocase(rest, STR("apigw-")))
        return refuse(c, "headers 'apigw-*' are reserved");
    part->text = arena_lower(c->arena, rest);
    return true;
}

static bool read_body(struct compiler *c, struct str rest, struct mapping_part *part)
{
    const char *why;
    if (rest.len == 0)
        return true;
    part->path = json_path_compile(c->arena, rest, &why);
    return part->path || refuse(c, "in its JSONPath %s", why);
}

static bool read_path(struct compiler *c, struct str rest, struct mapping_part *part)
{
    (void)part;
    return rest.len == 0 || refuse(c, "nothing can follow 'path' but '.' and a parameter's name");
}

static bool read_context(struct compiler *c, struct str rest, struct mapping_part *part)
{
    const char *nearest = NULL;
    part->text = rest;
    part->id = c->resolve(rest, &nearest);
    if (part->id >= 0)
        return true;
    if (nearest)
        return refuse(c, "mappings know no $context.%" STR_F "; did you mean '$context.%s'?",
                      STR_A(rest), nearest);
    return refuse(c, "mappings know no $context.%" STR_F, STR_A(rest));
}

static bool is_variable_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool read_variable(struct compiler *c, struct str rest, struct mapping_part *part)
{
    bool valid = rest.len > 0;
    for (size_t i = 0; i < rest.len; i++)
        valid = valid && is_variable_character(rest.at[i]);
    part->text = rest;
    return valid || refuse(c,
                           "'%" STR_F "' is no name of a stage variable: it is of letters, digits "
                           "and underscores",
                           STR_A(rest));
}

enum { REQUEST = 1 << MAPPING_OF_REQUEST, RESPONSE = 1 << MAPPING_OF_RESPONSE };

/* The first row whose prefix a source begins with is its own. */
static const struct source_row {
    struct str prefix;
    enum mapping_source source;
    unsigned sides;
    read_fn *read;
} rows[] = {
    {STR_INIT("request.header."),      MAPPING_REQUEST_HEADER,         REQUEST,            read_header  },
    {STR_INIT("request.querystring."), MAPPING_REQUEST_QUERYSTRING,    REQUEST,            read_any_name},
    {STR_INIT("request.body"),         MAPPING_REQUEST_BODY,           REQUEST,            read_body    },
    {STR_INIT("request.path."),        MAPPING_REQUEST_PATH_PARAMETER, REQUEST,            read_any_name},
    {STR_INIT("request.path"),         MAPPING_REQUEST_PATH,           REQUEST,            read_path    },
    {STR_INIT("response.header."),     MAPPING_RESPONSE_HEADER,        RESPONSE,           read_header  },
    {STR_INIT("response.body"),        MAPPING_RESPONSE_BODY,          RESPONSE,           read_body    },
    {STR_INIT("context."),             MAPPING_CONTEXT,                REQUEST | RESPONSE, read_context },
    {STR_INIT("stageVariables."),      MAPPING_STAGE_VARIABLE,         REQUEST | RESPONSE, read_variable},
};

static bool refuse_source(struct compiler *c)
{
    static const char *const sources[] = {
        [MAPPING_OF_REQUEST] = "request.header.NAME, request.querystring.NAME, request.body, "
                               "request.path, request.path.NAME",
        [MAPPING_OF_RESPONSE] = "response.header.NAME, response.body",
    };
    return refuse(c, "no such source: there are %s, context.NAME and stageVariables.NAME",
                  sources[c->side]);
}

/* Adds the part that a source is, written without '$' and braces. */
static bool add_source(struct compiler *c, struct str source)
{
    FOR_EACH (row, rows, ARRAY_LENGTH(rows)) {
        if (!str_starts_with(source, row->prefix))
            continue;
        if (!(row->sides & 1U << c->side))
            return refuse(c, "a %s's mapping cannot read the %s",
                          c->side == MAPPING_OF_REQUEST ? "request" : "response",
                          c->side == MAPPING_OF_REQUEST ? "response" : "request");
        struct mapping_part part = {.source = row->source};
        if (!row->read(c, str_skip(source, row->prefix.len), &part))
            return false;
        *list_push(c->arena, &c->into->parts) = part;
        return true;
    }
    return refuse_source(c);
}

static void add_literal(struct compiler *c, struct str text)
{
    if (text.len)
        *list_push(c->arena, &c->into->parts) =
            (struct mapping_part){.source = MAPPING_LITERAL, .text = text};
}

/* The index of the '}' that ends a source; a JSONPath may hold others, in quotes. */
static size_t find_end(struct str text)
{
    char quote = '\0';
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (quote && c == '\\')
            i++;
        else if (quote)
            quote = (char)(c == quote ? '\0' : quote);
        else if (c == '}')
            return i;
        else if ((c == '\'' || c == '"') && i > 0 && text.at[i - 1] == '[')
            quote = c;
    }
    return text.len;
}

/* Text with sources in braces. */
static bool read_mix(struct compiler *c, struct str text)
{
    for (;;) {
        size_t at = str_find_str(text, STR("${"));
        add_literal(c, str_head(text, at));
        if (at == text.len)
            return true;
        text = str_skip(text, at + 2);
        size_t end = find_end(text);
        if (end == text.len)
            return refuse(c, "'}' is missing behind '${'");
        if (!add_source(c, str_head(text, end)))
            return false;
        text = str_skip(text, end + 1);
    }
}

static bool is_source(struct str text)
{
    static const struct str beginnings[] = {STR_INIT("$request."), STR_INIT("$response."),
                                            STR_INIT("$context."), STR_INIT("$stageVariables.")};
    FOR_EACH (beginning, beginnings, ARRAY_LENGTH(beginnings))
        if (str_starts_with(text, *beginning))
            return true;
    return false;
}

const struct mapping_value *mapping_value_compile(struct arena *a, struct str text,
                                                  enum mapping_side side,
                                                  mapping_resolve_fn *resolve, struct str *ret_why)
{
    struct compiler c = {
        .arena = a, .side = side, .resolve = resolve, .into = arena_new(a, struct mapping_value)};
    c.into->text = text;
    bool valid = is_source(text) ? add_source(&c, str_skip(text, 1)) : read_mix(&c, text);
    if (valid)
        return c.into;
    *ret_why = c.why;
    return NULL;
}

bool mapping_value_run(const struct mapping_value *v, struct buf *out, mapping_append_fn *append,
                       void *data)
{
    bool found = true;
    FOR_EACH_IN (part, &v->parts) {
        if (part->source == MAPPING_LITERAL)
            buf_append(out, part->text);
        else
            found = append(out, part, data);
    }
    return found || v->parts.count > 1;
}

bool mapping_part_append_body(struct buf *out, const struct mapping_part *part, struct str body)
{
    if (part->path)
        return json_path_run(part->path, str_head(body, MAPPING_BODY_MAX), out);
    buf_append(out, body);
    return body.len > 0;
}

bool mapping_value_has(const struct mapping_value *v, enum mapping_source source)
{
    FOR_EACH_IN (part, &v->parts)
        if (part->source == source)
            return true;
    return false;
}
