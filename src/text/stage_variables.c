/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/stage_variables.h"

#include "turnpike/base/buf.h"

#define OPENING "${stageVariables."

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Whether text, which begins behind an OPENING, begins with `NAME}`. */
static bool read_name(struct str text, struct str *ret_name)
{
    size_t len = 0;
    while (len < text.len && is_name_character(text.at[len]))
        len++;
    if (len == 0 || len == text.len || text.at[len] != '}')
        return false;
    *ret_name = str_head(text, len);
    return true;
}

bool stage_variables_substitute(struct arena *a, struct str text, stage_variable_fn *lookup,
                                const void *data, struct str *ret_text,
                                struct str *ret_missing_name)
{
    scoped_buf struct buf out = {0};
    struct str rest = text;
    bool complete = true, replaced = false;
    for (;;) {
        size_t at = str_find_str(rest, STR(OPENING));
        buf_append(&out, str_head(rest, at));
        if (at == rest.len)
            break;
        rest = str_skip(rest, at + sizeof(OPENING) - 1);

        struct str name;
        if (!read_name(rest, &name)) {
            buf_literal(&out, OPENING);
            continue;
        }
        bool found = false;
        struct str value = lookup(data, name, &found);
        if (found)
            buf_append(&out, value);
        else if (complete)
            *ret_missing_name = name;
        complete = complete && found;
        replaced = true;
        rest = str_skip(rest, name.len + 1);
    }
    *ret_text = replaced ? arena_copy(a, buf_str(&out)) : text;
    return complete;
}
