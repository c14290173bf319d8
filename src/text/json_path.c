/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/json_path.h"

#include "turnpike/base/json.h"

enum step_kind { STEP_MEMBER, STEP_INDEX, STEP_ALL };

struct step {
    enum step_kind kind;
    struct str name; /* STEP_MEMBER */
    uint64_t index;  /* STEP_INDEX */
};

struct json_path {
    LIST(struct step) steps;
    bool several; /* it has a wildcard */
};

/* --- taking apart --- */

struct compiler {
    struct arena *arena;
    struct str rest;
    struct json_path *into;
    const char *why;
};

static bool refuse(struct compiler *c, const char *why)
{
    c->why = why;
    return false;
}

static bool add_member(struct compiler *c, struct str name)
{
    *list_push(c->arena, &c->into->steps) = (struct step){.kind = STEP_MEMBER, .name = name};
    return true;
}

static bool add_all(struct compiler *c)
{
    *list_push(c->arena, &c->into->steps) = (struct step){.kind = STEP_ALL};
    c->into->several = true;
    return true;
}

/* What no name behind a dot may hold; in brackets and quotes a name may hold anything. */
static bool ends_name(char c)
{
    return (unsigned char)c <= ' ' || strchr(".[]()'\"*?,", c);
}

/* Behind a dot. */
static bool read_dotted(struct compiler *c)
{
    size_t len = 0;
    while (len < c->rest.len && !ends_name(c->rest.at[len]))
        len++;
    struct str name = str_head(c->rest, len);
    c->rest = str_skip(c->rest, len);
    if (len > 0)
        return str_starts_with(c->rest, STR("(")) ? refuse(c, "functions are not supported")
                                                  : add_member(c, name);
    if (c->rest.len == 0)
        return refuse(c, "a name is missing behind '.'");
    if (c->rest.at[0] == '.')
        return refuse(c, "recursive descent ('..') is not supported");
    if (c->rest.at[0] != '*')
        return refuse(c, "a name is missing behind '.'");
    c->rest = str_skip(c->rest, 1);
    return add_all(c);
}

/* How long the string is that begins behind its opening quote; false where it does not end. */
static bool find_quote(struct str text, char quote, size_t *ret_len, bool *ret_escaped)
{
    *ret_escaped = false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == quote) {
            *ret_len = i;
            return true;
        }
        if (text.at[i] == '\\') {
            *ret_escaped = true;
            i++;
        }
    }
    return false;
}

/* Without the backslashes: what follows one stands for itself. */
static struct str unescape(struct arena *a, struct str text)
{
    char *start = arena_bytes(a, text.len), *out = start;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\\')
            i++;
        *out++ = text.at[i];
    }
    return str_of(start, (size_t)(out - start));
}

static bool read_quoted(struct compiler *c)
{
    size_t len;
    bool escaped;
    struct str behind = str_skip(c->rest, 1);
    if (!find_quote(behind, c->rest.at[0], &len, &escaped))
        return refuse(c, "a name in quotes does not end");
    struct str name = str_head(behind, len);
    c->rest = str_skip(behind, len + 1);
    return add_member(c, escaped ? unescape(c->arena, name) : name);
}

static bool read_index(struct compiler *c)
{
    size_t len = 0;
    while (len < c->rest.len && c->rest.at[len] >= '0' && c->rest.at[len] <= '9')
        len++;
    uint64_t index;
    if (!str_to_u64(str_head(c->rest, len), &index))
        return refuse(c, len ? "an index is too large"
                             : "in brackets stands an index, a name in quotes or '*'");
    c->rest = str_skip(c->rest, len);
    *list_push(c->arena, &c->into->steps) = (struct step){.kind = STEP_INDEX, .index = index};
    return true;
}

static bool read_selector(struct compiler *c)
{
    switch (c->rest.len ? c->rest.at[0] : '\0') {
    case '\'':
    case '"':
        return read_quoted(c);
    case '*':
        c->rest = str_skip(c->rest, 1);
        return add_all(c);
    case '?':
        return refuse(c, "filters ('?()') are not supported");
    case '(':
        return refuse(c, "expressions in brackets are not supported");
    case '-':
        return refuse(c, "negative indices are not supported");
    case ':':
        return refuse(c, "slices ('[:]') are not supported");
    default:
        return read_index(c);
    }
}

static void skip_space(struct compiler *c)
{
    while (str_starts_with(c->rest, STR(" ")))
        c->rest = str_skip(c->rest, 1);
}

/* Behind '['. */
static bool read_bracket(struct compiler *c)
{
    skip_space(c);
    if (!read_selector(c))
        return false;
    skip_space(c);
    if (str_starts_with(c->rest, STR(",")))
        return refuse(c, "unions ('[,]') are not supported");
    if (str_starts_with(c->rest, STR(":")))
        return refuse(c, "slices ('[:]') are not supported");
    if (!str_starts_with(c->rest, STR("]")))
        return refuse(c, "']' is missing");
    c->rest = str_skip(c->rest, 1);
    return true;
}

static bool read_step(struct compiler *c)
{
    char first = c->rest.at[0];
    c->rest = str_skip(c->rest, 1);
    if (first == '.')
        return read_dotted(c);
    if (first == '[')
        return read_bracket(c);
    return refuse(c, "each step begins with '.' or '['");
}

const struct json_path *json_path_compile(struct arena *a, struct str text, const char **ret_why)
{
    struct compiler c = {.arena = a, .rest = text, .into = arena_new(a, struct json_path)};
    while (c.rest.len) {
        if (!read_step(&c)) {
            *ret_why = c.why;
            return NULL;
        }
    }
    return c.into;
}

/* --- running --- */

struct run {
    const struct json_path *path;
    struct json_reader reader;
    struct arena *arena;
    struct json_selection *into;
};

static void select_from(struct run *r, size_t step);

/* A number that the text's end ends may have been longer before the text was cut. */
static bool is_cut(const struct json_reader *reader, enum json_type type)
{
    return type == JSON_TYPE_NUMBER && reader->at == reader->end && reader->depth > 0;
}

static void select_value(struct run *r)
{
    enum json_type type = json_peek(&r->reader);
    struct str text;
    if (json_skip(&r->reader, &text) && !is_cut(&r->reader, type))
        *list_push(r->arena, &r->into->values) = text;
}

/* The value that comes next, which the path does not lead into. */
static void pass(struct run *r)
{
    if (!json_skip(&r->reader, NULL))
        r->reader.failed = true;
}

static void select_member(struct run *r, size_t step)
{
    const struct step *s = &r->path->steps.items[step];
    size_t before = r->into->values.count;
    struct str key;
    if (!json_enter_object(&r->reader))
        return;
    while (json_next_member(&r->reader, &key)) {
        if (s->kind == STEP_MEMBER && !str_eq(key, s->name)) {
            pass(r);
            continue;
        }
        if (s->kind == STEP_MEMBER)
            r->into->values.count = before; /* as everybody who parses JSON sees it */
        select_from(r, step + 1);
    }
}

static void select_element(struct run *r, size_t step)
{
    const struct step *s = &r->path->steps.items[step];
    if (!json_enter_array(&r->reader))
        return;
    for (uint64_t i = 0; json_next_element(&r->reader); i++) {
        if (s->kind == STEP_ALL || s->index == i)
            select_from(r, step + 1);
        else
            pass(r);
    }
}

/* Consumes the value that comes next and adds what the path, from `step` on, selects of it. */
static void select_from(struct run *r, size_t step)
{
    if (step == r->path->steps.count) {
        select_value(r);
        return;
    }
    enum step_kind kind = r->path->steps.items[step].kind;
    enum json_type type = json_peek(&r->reader);
    if (type == JSON_TYPE_OBJECT && kind != STEP_INDEX)
        select_member(r, step);
    else if (type == JSON_TYPE_ARRAY && kind != STEP_MEMBER)
        select_element(r, step);
    else
        pass(r);
}

void json_path_select(const struct json_path *path, struct arena *arena, struct str json,
                      struct json_selection *ret_selection)
{
    struct run r = {.path = path, .arena = arena, .into = ret_selection};
    *ret_selection = (struct json_selection){.several = path->several};
    json_reader_init(&r.reader, json, arena);
    select_from(&r, 0);
    ret_selection->complete = json_finish(&r.reader);
}

static void write_several(struct buf *out, const struct json_selection *selected)
{
    char separator = '[';
    FOR_EACH_IN (text, &selected->values) {
        buf_append_char(out, separator);
        buf_append(out, *text);
        separator = ',';
    }
    buf_append_char(out, ']');
}

static void write_one(struct buf *out, struct str value, struct arena *scratch)
{
    struct json_reader reader;
    json_reader_init(&reader, value, scratch);
    if (json_peek(&reader) == JSON_TYPE_STRING && !json_read_string(&reader, &value))
        return; /* it was read before: cannot be */
    buf_append(out, value);
}

bool json_path_run(const struct json_path *path, struct str json, struct buf *out)
{
    struct arena scratch;
    struct json_selection selected;
    arena_init(&scratch, 512);
    json_path_select(path, &scratch, json, &selected);
    bool found = selected.values.count > 0;
    if (found && selected.several)
        write_several(out, &selected);
    else if (found)
        write_one(out, selected.values.items[0], &scratch);
    arena_release(&scratch);
    return found;
}
