/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/template.h"

#include "turnpike/text/json_print.h"

/* One compilation under way. */
struct compiler {
    struct arena *arena;
    struct str text;
    template_resolve_fn *resolve;
    struct mapping_template *into;
    size_t literal; /* where the literal text before `at` begins */
    size_t at;
    struct str why;
    size_t offset; /* of what is wrong */
};

static bool refuse(struct compiler *c, size_t offset, const char *format, ...) PRINTF(3, 4);

static bool refuse(struct compiler *c, size_t offset, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    c->why = arena_vprintf(c->arena, format, args);
    va_end(args);
    c->offset = offset;
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What follows the first letter of an identifier: hyphens belong to it (VTL reference). */
static bool continues_name(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static size_t name_len(struct str text)
{
    size_t len = 0;
    if (text.len == 0 || !is_letter(text.at[0]))
        return 0;
    while (len < text.len && continues_name(text.at[len]))
        len++;
    return len;
}

/* --- what is refused: directives and comments --- */

/* In braces too: "#{else}". An unknown word behind '#' is text. */
static bool is_directive(struct str word)
{
    static const char *const directives[] = {
        "break", "define",  "else",  "elseif", "end",    "evaluate", "foreach",
        "if",    "include", "macro", "parse",  "return", "set",      "stop",
    };
    FOR_EACH (directive, directives, ARRAY_LENGTH(directives))
        if (str_is(word, *directive))
            return true;
    return false;
}

static bool check_number_sign(struct compiler *c)
{
    struct str rest = str_skip(c->text, c->at + 1);
    if (str_starts_with(rest, STR("#")) || str_starts_with(rest, STR("*")) ||
        str_starts_with(rest, STR("[[")))
        return refuse(c, c->at, "comments of templates ('#%c') are not built yet", rest.at[0]);
    if (str_starts_with(rest, STR("{")))
        rest = str_skip(rest, 1);
    struct str word = str_head(rest, name_len(rest));
    if (is_directive(word))
        return refuse(c, c->at, "directives of templates ('#%" STR_F "') are not built yet",
                      STR_A(word));
    c->at++;
    return true;
}

/* --- references --- */

/* A reference while it is read; `rest` is what follows of the text. */
struct reference {
    size_t offset; /* of its '$' */
    struct str rest;
    struct template_part part;
};

static size_t offset_of(const struct compiler *c, const struct reference *r)
{
    return c->text.len - r->rest.len;
}

/* ".name" with a letter behind the dot; otherwise the dot is text. */
static bool read_member(struct reference *r, struct str *ret_name)
{
    if (!str_starts_with(r->rest, STR(".")))
        return false;
    struct str behind = str_skip(r->rest, 1);
    *ret_name = str_head(behind, name_len(behind));
    if (ret_name->len == 0)
        return false;
    r->rest = str_skip(behind, ret_name->len);
    return true;
}

static bool read_context(struct compiler *c, struct reference *r)
{
    const char *nearest = NULL;
    struct str name;
    if (!read_member(r, &r->part.text))
        return refuse(c, r->offset,
                      "'$context' needs the name of a variable: '$context.requestId'");
    while (read_member(r, &name))
        r->part.text.len = (size_t)(name.at + name.len - r->part.text.at);
    r->part.source = TEMPLATE_CONTEXT;
    r->part.id = c->resolve(r->part.text, &nearest);
    if (r->part.id >= 0)
        return true;
    return refuse(c, r->offset, "templates know no $context.%" STR_F "%s%s%s", STR_A(r->part.text),
                  nearest ? "; did you mean '$context." : "", nearest ? nearest : "",
                  nearest ? "'?" : "");
}

static bool read_stage_variable(struct compiler *c, struct reference *r)
{
    r->part.source = TEMPLATE_STAGE_VARIABLE;
    return read_member(r, &r->part.text) ||
           refuse(c, r->offset,
                  "'$stageVariables' needs the name of a variable: '$stageVariables.NAME'");
}

/* --- $input --- */

static void skip_blanks(struct reference *r)
{
    while (r->rest.len > 0 && strchr(" \t\r\n", r->rest.at[0]) && r->rest.at[0])
        r->rest = str_skip(r->rest, 1);
}

/* A quote that stands twice stands for itself. */
static struct str undouble(struct arena *a, struct str text, char quote)
{
    char *start = arena_bytes(a, text.len), *out = start;
    for (size_t i = 0; i < text.len; i++) {
        *out++ = text.at[i];
        if (text.at[i] == quote)
            i++;
    }
    return str_of(start, (size_t)(out - start));
}

/* The index of the quote that ends the text, which begins behind its opening one. */
static size_t find_quote(struct str text, char quote, bool *ret_doubled)
{
    size_t i = 0;
    for (*ret_doubled = false; i < text.len; i++) {
        if (text.at[i] != quote)
            continue;
        if (i + 1 == text.len || text.at[i + 1] != quote)
            return i;
        *ret_doubled = true;
        i++;
    }
    return text.len;
}

/* Between double quotes VTL reads references and directives. */
static bool check_double_quoted(struct compiler *c, size_t offset, struct str text)
{
    for (size_t i = 0; i + 1 < text.len; i++) {
        char next = text.at[i + 1];
        if (text.at[i] == '#' || (text.at[i] == '$' && (is_letter(next) || strchr("{!", next))))
            return refuse(c, offset + i, "references within \"…\" are not built yet: '…' has none");
    }
    return true;
}

/* 'text' or "text". */
static bool read_argument(struct compiler *c, struct reference *r, struct str *ret_text)
{
    char quote = r->rest.len ? r->rest.at[0] : '\0';
    bool doubled;
    if (quote != '\'' && quote != '"')
        return refuse(c, offset_of(c, r), "an argument in quotes is missing");
    size_t offset = offset_of(c, r) + 1;
    struct str behind = str_skip(r->rest, 1);
    size_t len = find_quote(behind, quote, &doubled);
    if (len == behind.len)
        return refuse(c, offset - 1, "an argument in quotes does not end");
    *ret_text = str_head(behind, len);
    r->rest = str_skip(behind, len + 1);
    if (quote == '"' && !check_double_quoted(c, offset, *ret_text))
        return false;
    if (doubled)
        *ret_text = undouble(c->arena, *ret_text, quote);
    return true;
}

/* ('argument') */
static bool read_call(struct compiler *c, struct reference *r, struct str *ret_text)
{
    if (!str_starts_with(r->rest, STR("(")))
        return refuse(c, offset_of(c, r), "'(' is missing");
    r->rest = str_skip(r->rest, 1);
    skip_blanks(r);
    if (!read_argument(c, r, ret_text))
        return false;
    skip_blanks(r);
    if (!str_starts_with(r->rest, STR(")")))
        return refuse(c, offset_of(c, r), "')' is missing");
    r->rest = str_skip(r->rest, 1);
    return true;
}

static bool read_body(struct compiler *c, struct reference *r)
{
    (void)c;
    r->part.source = TEMPLATE_BODY;
    return true;
}

/* "$.a", "$", or without "$": "a", "[0]". */
static bool read_json_path(struct compiler *c, struct reference *r)
{
    const char *why;
    struct str path = STR("");
    if (!read_call(c, r, &path))
        return false;
    r->part.text = path;
    if (str_starts_with(path, STR("$")))
        path = str_skip(path, 1);
    else if (!str_starts_with(path, STR("[")))
        path = arena_printf(c->arena, ".%" STR_F, STR_A(path));
    r->part.path = json_path_compile(c->arena, path, &why);
    return r->part.path || refuse(c, r->offset, "in the JSONPath '%" STR_F "' %s",
                                  STR_A(str_head(r->part.text, 128)), why);
}

static bool read_json(struct compiler *c, struct reference *r)
{
    r->part.source = TEMPLATE_JSON;
    return read_json_path(c, r);
}

static bool read_path(struct compiler *c, struct reference *r)
{
    r->part.source = TEMPLATE_PATH;
    return read_json_path(c, r);
}

static bool read_params(struct compiler *c, struct reference *r)
{
    r->part.source = TEMPLATE_PARAMS;
    return read_call(c, r, &r->part.text);
}

typedef bool read_fn(struct compiler *c, struct reference *r);

static const struct row {
    const char *name;
    read_fn *read;
} inputs[] = {
    {"body",   read_body  },
    {"json",   read_json  },
    {"params", read_params},
    {"path",   read_path  },
};

static bool read_input(struct compiler *c, struct reference *r)
{
    struct str name = STR("");
    (void)read_member(r, &name);
    FOR_EACH (input, inputs, ARRAY_LENGTH(inputs))
        if (str_is(name, input->name))
            return input->read(c, r);
    return refuse(c, r->offset,
                  "of $input there is $input.body, $input.json('…'), "
                  "$input.path('…') and $input.params('…')");
}

static const struct row roots[] = {
    {"context",        read_context       },
    {"input",          read_input         },
    {"stageVariables", read_stage_variable},
};

static bool read_root(struct compiler *c, struct reference *r)
{
    struct str name = str_head(r->rest, name_len(r->rest));
    r->rest = str_skip(r->rest, name.len);
    FOR_EACH (root, roots, ARRAY_LENGTH(roots))
        if (str_is(name, root->name))
            return root->read(c, r);
    if (str_is(name, "util"))
        return refuse(c, r->offset, "functions of templates ('$util') are not built yet");
    return refuse(c, r->offset,
                  "templates know no '$%" STR_F "': there is $context.NAME, $stageVariables.NAME "
                  "and $input",
                  STR_A(name));
}

/* What VTL would go on to read of the value. */
static bool check_end(struct compiler *c, struct reference *r)
{
    struct str name;
    size_t offset = offset_of(c, r);
    if (read_member(r, &name) || str_starts_with(r->rest, STR("[")) ||
        str_starts_with(r->rest, STR("(")))
        return refuse(c, offset,
                      "members and methods of values are not built yet; where this is text, '${…}' "
                      "ends the reference");
    return true;
}

/* The reference at the compiler's '$'; false with no `why` where VTL takes it as text. */
static bool read_reference(struct compiler *c, struct reference *r)
{
    *r = (struct reference){.offset = c->at, .rest = str_skip(c->text, c->at + 1)};
    if (str_starts_with(r->rest, STR("!")))
        r->rest = str_skip(r->rest, 1);
    bool braces = str_starts_with(r->rest, STR("{"));
    if (braces)
        r->rest = str_skip(r->rest, 1);
    if (name_len(r->rest) == 0)
        return false;
    if (!read_root(c, r))
        return false;
    if (!braces)
        return check_end(c, r);
    if (!str_starts_with(r->rest, STR("}")))
        return refuse(c, offset_of(c, r), "'}' is missing");
    r->rest = str_skip(r->rest, 1);
    return true;
}

/* --- the whole text --- */

static void add_literal(struct compiler *c, size_t end)
{
    if (end > c->literal)
        *list_push(c->arena, &c->into->parts) = (struct template_part){
            .text = str_of(c->text.at + c->literal, end - c->literal), .offset = c->literal};
    c->literal = end;
}

/* How many backslashes stand before the compiler's place. */
static size_t count_backslashes(const struct compiler *c)
{
    size_t count = 0;
    while (count < c->at - c->literal && c->text.at[c->at - 1 - count] == '\\')
        count++;
    return count;
}

/* Before a reference two backslashes are one, and an odd one makes it text. */
static bool add_reference(struct compiler *c)
{
    struct reference r;
    if (!read_reference(c, &r)) {
        c->at++;
        return c->why.len == 0;
    }
    size_t backslashes = count_backslashes(c), end = offset_of(c, &r);
    bool escaped = backslashes % 2 == 1;
    add_literal(c, c->at - backslashes + backslashes / 2);
    c->literal = escaped ? c->at : end;
    c->at = end;
    if (escaped)
        return true;
    r.part.offset = r.offset;
    *list_push(c->arena, &c->into->parts) = r.part;
    return true;
}

static bool read_parts(struct compiler *c)
{
    while (c->at < c->text.len) {
        bool read = true;
        if (c->text.at[c->at] == '$')
            read = add_reference(c);
        else if (c->text.at[c->at] == '#')
            read = check_number_sign(c);
        else
            c->at++;
        if (!read)
            return false;
    }
    add_literal(c, c->at);
    return true;
}

const struct mapping_template *template_compile(struct arena *a, struct str text,
                                                template_resolve_fn *resolve, struct str *ret_why,
                                                size_t *ret_offset)
{
    struct compiler c = {.arena = a,
                         .text = text,
                         .resolve = resolve,
                         .into = arena_new(a, struct mapping_template)};
    c.into->text = text;
    if (read_parts(&c))
        return c.into;
    *ret_why = c.why;
    *ret_offset = c.offset;
    return NULL;
}

void template_run(const struct mapping_template *t, struct buf *out, template_append_fn *append,
                  void *data)
{
    FOR_EACH_IN (part, &t->parts) {
        if (part->source == TEMPLATE_LITERAL)
            buf_append(out, part->text);
        else
            append(out, part, data);
    }
}

static void append_list(struct buf *out, const struct json_selection *selected)
{
    buf_append_char(out, '[');
    FOR_EACH_IN (value, &selected->values) {
        if (value != selected->values.items)
            buf_append_char(out, ',');
        json_print_compact(out, *value);
    }
    buf_append_char(out, ']');
}

static void append_selected(struct buf *out, const struct template_part *part,
                            const struct json_selection *selected)
{
    bool json = part->source == TEMPLATE_JSON;
    if (selected->complete && selected->several)
        append_list(out, selected);
    else if (!selected->complete || selected->values.count == 0)
        buf_append(out, json ? STR("\"\"") : STR(""));
    else if (json)
        json_print_compact(out, selected->values.items[0]);
    else
        json_print_plain(out, selected->values.items[0], true);
}

void template_append_input(struct buf *out, const struct template_part *part, struct str body)
{
    struct arena scratch;
    struct json_selection selected;
    if (body.len == 0 && part->source != TEMPLATE_PATH)
        body = STR("{}");
    if (part->source == TEMPLATE_BODY) {
        buf_append(out, body);
        return;
    }
    arena_init(&scratch, 512);
    json_path_select(part->path, &scratch, body, &selected);
    append_selected(out, part, &selected);
    arena_release(&scratch);
}
