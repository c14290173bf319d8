/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/selection.h"

#include "turnpike/text/json_print.h"

/* One compilation under way. */
struct compiler {
    struct arena *arena;
    unsigned allowed;
    struct selection_expression *into;
    struct str why;
};

static bool refuse(struct compiler *c, const char *format, ...) PRINTF(2, 3);

static bool refuse(struct compiler *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    c->why = arena_vprintf(c->arena, format, args);
    va_end(args);
    return false;
}

/* Reads what stands behind the prefix of a source's row into the part. */
typedef bool read_fn(struct compiler *c, struct str rest, struct selection_part *part);

static bool read_body(struct compiler *c, struct str rest, struct selection_part *part)
{
    const char *why;
    part->path = json_path_compile(c->arena, rest, &why);
    return part->path || refuse(c, "in its JSONPath %s", why);
}

static bool read_name(struct compiler *c, struct str rest, struct selection_part *part)
{
    part->text = rest;
    return rest.len > 0 || refuse(c, "a name is missing at its end");
}

static bool read_nothing(struct compiler *c, struct str rest, struct selection_part *part)
{
    (void)part;
    return rest.len == 0 || refuse(c, "nothing can follow 'statuscode'");
}

/* The first row whose prefix a variable begins with is its own. */
static const struct source_row {
    const char *prefix, *shown;
    enum selection_source source;
    read_fn *read;
} rows[] = {
    {"request.body",                           "request.body.PATH",                          SELECT_REQUEST_BODY,    read_body},
    {"request.header.",                        "request.header.NAME",                        SELECT_REQUEST_HEADER,  read_name},
    {"context.",                               "context.NAME",                               SELECT_CONTEXT,         read_name},
    {"integration.response.statuscode",        "integration.response.statuscode",            SELECT_RESPONSE_STATUS,
     read_nothing                                                                                                             },
    {"integration.response.header.",           "integration.response.header.NAME",           SELECT_RESPONSE_HEADER,
     read_name                                                                                                                },
    {"integration.response.multivalueheader.", "integration.response.multivalueheader.NAME",
     SELECT_RESPONSE_ALL_HEADER,                                                                                     read_name},
    {"integration.response.body",              "integration.response.body.PATH",             SELECT_RESPONSE_BODY,
     read_body                                                                                                                },
};

static bool refuse_variable(struct compiler *c, struct str variable)
{
    scoped_buf struct buf names = {0};
    FOR_EACH (row, rows, ARRAY_LENGTH(rows))
        if (c->allowed & row->source)
            buf_printf(&names, "%s%s", buf_len(&names) ? ", " : "", row->shown);
    return refuse(c,
                  "'$%" STR_F "' is no variable that can be selected by here: there is %" STR_F
                  "; '\\$' is a dollar sign",
                  STR_A(variable), STR_A(buf_str(&names)));
}

/* Adds the part that a variable is, written without '$' and braces. */
static bool add_variable(struct compiler *c, struct str variable)
{
    FOR_EACH (row, rows, ARRAY_LENGTH(rows)) {
        struct str prefix = str_from(row->prefix);
        if (!(c->allowed & row->source) || !str_starts_with(variable, prefix))
            continue;
        struct selection_part part = {.source = row->source};
        if (!row->read(c, str_skip(variable, prefix.len), &part))
            return false;
        *list_push(c->arena, &c->into->parts) = part;
        return true;
    }
    return refuse_variable(c, variable);
}

static void add_literal(struct compiler *c, struct str text)
{
    if (text.len)
        *list_push(c->arena, &c->into->parts) =
            (struct selection_part){.literal = true, .text = text};
}

/* The length of the brackets that the text begins with; what is in quotes is passed over. */
static size_t bracket_len(struct str text)
{
    char quote = '\0';
    for (size_t i = 1; i < text.len; i++) {
        char c = text.at[i];
        if (quote && c == '\\')
            i++;
        else if (quote)
            quote = (char)(c == quote ? '\0' : quote);
        else if (c == '\'' || c == '"')
            quote = c;
        else if (c == ']')
            return i + 1;
    }
    return text.len;
}

static bool is_bare(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("_.-*", c)) || (unsigned char)c >= 0x80;
}

/* Where a variable ends that has no braces, or ends before `end` where that is one. */
static size_t variable_len(struct str text, char end)
{
    size_t len = 0;
    while (len < text.len &&
           (end ? text.at[len] != end : is_bare(text.at[len]) || text.at[len] == '['))
        len += text.at[len] == '[' ? bracket_len(str_skip(text, len)) : 1;
    return len;
}

/* Behind a '$': adds what stands there and takes it off *rest. */
static bool read_variable(struct compiler *c, struct str *rest)
{
    bool braces = str_starts_with(*rest, STR("{"));
    struct str text = str_skip(*rest, braces ? 1 : 0);
    size_t len = variable_len(text, braces ? '}' : '\0');
    if (braces && len >= text.len)
        return refuse(c, "'}' is missing behind '${'");
    *rest = str_skip(text, len + (braces ? 1 : 0));
    return add_variable(c, str_head(text, len));
}

/* Each "\$" is a literal "$": the text before it, then on from the dollar sign. */
static bool read_parts(struct compiler *c, struct str text)
{
    size_t at = 0;
    while (at < text.len) {
        bool escaped = str_starts_with(str_skip(text, at), STR("\\$"));
        if (text.at[at] != '$' && !escaped) {
            at++;
            continue;
        }
        add_literal(c, str_head(text, at));
        text = str_skip(text, at + 1);
        at = escaped ? 1 : 0;
        if (!escaped && !read_variable(c, &text))
            return false;
    }
    add_literal(c, text);
    return true;
}

const struct selection_expression *selection_compile(struct arena *a, struct str text,
                                                     unsigned allowed, struct str *ret_why)
{
    struct compiler c = {
        .arena = a, .allowed = allowed, .into = arena_new(a, struct selection_expression)};
    c.into->text = text;
    if (read_parts(&c, text))
        return c.into;
    *ret_why = c.why;
    return NULL;
}

void selection_run(const struct selection_expression *s, struct buf *out,
                   selection_append_fn *append, void *data)
{
    FOR_EACH_IN (part, &s->parts) {
        if (part->literal)
            buf_append(out, part->text);
        else
            append(out, part, data);
    }
}

static void append_several(struct buf *out, const struct json_selection *selected)
{
    const char *separator = "[";
    FOR_EACH_IN (value, &selected->values) {
        buf_append(out, str_from(separator));
        json_print_plain(out, *value, false);
        separator = ", ";
    }
    buf_append_char(out, ']');
}

void selection_append_body(struct buf *out, const struct selection_part *part, struct str body)
{
    struct arena scratch;
    struct json_selection selected;
    arena_init(&scratch, 512);
    json_path_select(part->path, &scratch, body, &selected);
    if (selected.complete && selected.values.count > 0) {
        if (selected.several)
            append_several(out, &selected);
        else
            json_print_plain(out, selected.values.items[0], false);
    }
    arena_release(&scratch);
}
