/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/claim_text.h"

/* The text of each value was validated with the whole token, its depth included, so readers fail
 * only on what members_read adds: a name that occurs twice. */

static bool print_value(struct arena *scratch, struct str text, struct buf *out);

static bool print_array(struct arena *scratch, struct json_reader *r, struct buf *out)
{
    if (!json_enter_array(r))
        return false;
    buf_append_char(out, '[');
    for (bool first = true; json_next_element(r); first = false) {
        struct str element;
        if (!first)
            buf_append_char(out, ' ');
        if (!json_skip(r, &element) || !print_value(scratch, element, out))
            return false;
    }
    buf_append_char(out, ']');
    return !r->failed;
}

static bool print_object(struct arena *scratch, struct str text, struct buf *out)
{
    struct members members;
    struct str why;
    if (!members_read(scratch, text, &members, &why))
        return false;
    members_sort(&members);
    buf_literal(out, "map[");
    for (size_t i = 0; i < members.count; i++) {
        if (i)
            buf_append_char(out, ' ');
        buf_append(out, members.items[i].name);
        buf_append_char(out, ':');
        if (!print_value(scratch, members.items[i].text, out))
            return false;
    }
    buf_append_char(out, ']');
    return true;
}

static bool print_string(struct json_reader *r, struct buf *out)
{
    struct str value;
    if (!json_read_string(r, &value))
        return false;
    buf_append(out, value);
    return true;
}

static bool print_value(struct arena *scratch, struct str text, struct buf *out)
{
    struct json_reader r;
    json_reader_init(&r, text, scratch);
    switch (json_peek(&r)) {
    case JSON_TYPE_STRING:
        return print_string(&r, out);
    case JSON_TYPE_ARRAY:
        return print_array(scratch, &r, out);
    case JSON_TYPE_OBJECT:
        return print_object(scratch, text, out);
    case JSON_TYPE_NULL:
        buf_literal(out, "<nil>");
        return true;
    case JSON_TYPE_NUMBER:
    case JSON_TYPE_TRUE:
    case JSON_TYPE_FALSE:
        buf_append(out, text);
        return true;
    case JSON_TYPE_INVALID:
        break;
    }
    return false;
}

bool claim_text(struct arena *scratch, const struct member *claim, struct buf *out)
{
    return print_value(scratch, claim->text, out);
}
