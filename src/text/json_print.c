/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/json_print.h"

#include "turnpike/base/json.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The length of the string at the text's beginning, with both quotes. */
static size_t string_len(struct str text)
{
    size_t len = 1;
    while (len < text.len && text.at[len] != '"')
        len += text.at[len] == '\\' ? 2 : 1;
    return len < text.len ? len + 1 : text.len;
}

void json_print_compact(struct buf *out, struct str json)
{
    while (json.len > 0) {
        size_t len = json.at[0] == '"' ? string_len(json) : 1;
        if (!is_space(json.at[0]))
            buf_append(out, str_head(json, len));
        json = str_skip(json, len);
    }
}

/* One value while it is printed. */
struct printer {
    struct buf *out;
    struct json_reader reader;
    bool lists_are_json;
};

static void print_value(struct printer *p);

static void print_object(struct printer *p)
{
    struct str key;
    const char *separator = "{";
    if (!json_enter_object(&p->reader))
        return;
    while (json_next_member(&p->reader, &key)) {
        buf_append(p->out, str_from(separator));
        buf_append(p->out, key);
        buf_append_char(p->out, '=');
        print_value(p);
        separator = ", ";
    }
    buf_append(p->out, *separator == '{' ? STR("{}") : STR("}"));
}

static void print_list(struct printer *p)
{
    const char *separator = "[";
    if (!json_enter_array(&p->reader))
        return;
    while (json_next_element(&p->reader)) {
        buf_append(p->out, str_from(separator));
        print_value(p);
        separator = ", ";
    }
    buf_append(p->out, *separator == '[' ? STR("[]") : STR("]"));
}

static void print_value(struct printer *p)
{
    struct str text;
    enum json_type type = json_peek(&p->reader);
    if (type == JSON_TYPE_OBJECT)
        print_object(p);
    else if (type == JSON_TYPE_ARRAY && !p->lists_are_json)
        print_list(p);
    else if (type == JSON_TYPE_STRING ? json_read_string(&p->reader, &text)
                                      : json_skip(&p->reader, &text)) {
        if (type == JSON_TYPE_ARRAY)
            json_print_compact(p->out, text);
        else
            buf_append(p->out, text);
    }
}

void json_print_plain(struct buf *out, struct str json, bool lists_are_json)
{
    struct arena scratch;
    struct printer p = {.out = out, .lists_are_json = lists_are_json};
    arena_init(&scratch, 512);
    json_reader_init(&p.reader, json, &scratch);
    if (json_peek(&p.reader) != JSON_TYPE_NULL)
        print_value(&p);
    arena_release(&scratch);
}
