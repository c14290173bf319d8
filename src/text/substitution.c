/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/substitution.h"

#define BARE         "$context."
#define BRACED       "${context."
#define FOREIGN_NAME "authorizer." /* what follows is named by others: claims, context keys */

/* One compilation under way. */
struct compiler {
    struct arena *arena;
    struct str text;
    substitution_resolve_fn *resolve;
    const void *data; /* resolve's */
    struct substitution *into;
    size_t literal; /* where the literal text before `at` begins */
    size_t at;
    bool quoted;
};

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static size_t bare_name_len(struct str text)
{
    const char *joints = str_starts_with(text, STR(FOREIGN_NAME)) ? ".-:" : ".";
    size_t len = 0;
    for (;;) {
        size_t start = len;
        while (len < text.len && is_word(text.at[len]))
            len++;
        if (len == start)
            return len ? len - 1 : 0; /* without the joint that nothing follows */
        if (len == text.len || !strchr(joints, text.at[len]) || text.at[len] == '\0')
            return len;
        len++;
    }
}

/* Whether a variable begins at the compiler's place: its name, and how long all of it is. */
static bool read_variable(const struct compiler *c, struct str *ret_name, size_t *ret_len)
{
    struct str rest = str_skip(c->text, c->at);
    if (str_starts_with(rest, STR(BARE))) {
        *ret_name = str_skip(rest, STR(BARE).len);
        ret_name->len = bare_name_len(*ret_name);
        *ret_len = STR(BARE).len + ret_name->len;
        return ret_name->len > 0;
    }
    if (!str_starts_with(rest, STR(BRACED)))
        return false;
    struct str behind = str_skip(rest, STR(BRACED).len);
    *ret_name = str_head(behind, str_find(behind, '}'));
    *ret_len = STR(BRACED).len + ret_name->len + 1;
    return ret_name->len > 0 && ret_name->len < behind.len;
}

static void end_literal(struct compiler *c)
{
    if (c->at == c->literal)
        return;
    *list_push(c->arena, &c->into->parts) = (struct substitution_part){
        .text = str_of(c->text.at + c->literal, c->at - c->literal), .offset = c->literal};
}

static void add_variable(struct compiler *c, struct str name, size_t len)
{
    end_literal(c);
    *list_push(c->arena, &c->into->parts) = (struct substitution_part){
        .text = name,
        .variable = true,
        .quoted = c->quoted,
        .id = c->resolve(name, c->data),
        .offset = c->at,
    };
    c->at += len;
    c->literal = c->at;
}

static void take_literal(struct compiler *c)
{
    char character = c->text.at[c->at++];
    if (character == '"')
        c->quoted = !c->quoted;
    else if (character == '\\' && c->at < c->text.len && c->text.at[c->at] != '$')
        c->at++; /* an escaped quote ends nothing */
}

const struct substitution *substitution_compile(struct arena *a, struct str text,
                                                substitution_resolve_fn *resolve, const void *data)
{
    struct compiler c = {.arena = a,
                         .text = text,
                         .resolve = resolve,
                         .data = data,
                         .into = arena_new(a, struct substitution)};
    while (c.at < text.len) {
        struct str name;
        size_t len;
        if (text.at[c.at] == '$' && read_variable(&c, &name, &len))
            add_variable(&c, name, len);
        else
            take_literal(&c);
    }
    end_literal(&c);
    return c.into;
}

void substitution_run(const struct substitution *s, struct buf *out, substitution_append_fn *append,
                      const void *data)
{
    FOR_EACH_IN (part, &s->parts) {
        if (part->variable)
            append(out, part, data);
        else
            buf_append(out, part->text);
    }
}
