/* SPDX-License-Identifier: Apache-2.0 */
#include "mapped.h"

#include "turnpike/base/uri.h"
#include "turnpike/gateway/mapping_source.h"

/* --- paths --- */

/* pchar of RFC 3986, 3.3, without escapes; and the slash. */
static bool is_path_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~!$&'()*+,;=:@/", c));
}

static bool is_escape(struct str s)
{
    return s.len >= 3 && s.at[0] == '%' && uri_escapes_are_valid(str_head(s, 3));
}

static void encode_path(struct buf *out, struct str text, bool keep_escapes)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_path_character(text.at[i]) || (keep_escapes && is_escape(str_skip(text, i))))
            buf_append_char(out, text.at[i]);
        else
            uri_encode(out, str_of(text.at + i, 1));
    }
}

/* What the request holds is decoded; what the document holds may be escaped already. */
static bool append_path(struct buf *out, const struct mapping_value *v, struct exchange *x)
{
    scoped_buf struct buf path = {0}, value = {0};
    bool found = v->parts.count > 1;
    FOR_EACH_IN (part, &v->parts) {
        buf_clear(&value);
        bool literal = part->source == MAPPING_LITERAL;
        bool has_value = literal || mapping_source_append(&value, part, x);
        found = found || has_value;
        encode_path(&path, literal ? part->text : buf_str(&value), literal);
    }
    if (found && !str_starts_with(buf_str(&path), STR("/")))
        buf_append_char(out, '/');
    if (found)
        buf_append(out, buf_str(&path));
    return found;
}

/* --- headers --- */

static bool may_end_line(char c)
{
    return ((unsigned char)c < ' ' && c != '\t') || c == '\x7f';
}

static void clean(struct buf *out, size_t from)
{
    for (size_t i = out->start + from; i < out->end; i++)
        if (may_end_line(out->data[i]))
            out->data[i] = ' ';
}

/* --- all of them --- */

/* Appends the value; false where there is none. */
static bool append_value(struct buf *out, const struct parameter_mapping *m, struct exchange *x)
{
    size_t before = buf_len(out);
    if (m->action == MAPPING_REMOVE)
        return true;
    if (m->target == MAPPING_PATH)
        return append_path(out, m->value, x);
    if (!mapping_value_run(m->value, out, mapping_source_append, x))
        return false;
    if (m->target == MAPPING_HEADER)
        clean(out, before);
    return true;
}

/* The values lie in one buffer, which may move until all are there; now they have a place. */
static void settle_values(struct exchange *x, struct mapped_list *list, struct str all)
{
    size_t at = 0;
    all = arena_copy(&x->arena, all);
    FOR_EACH (m, list->items, list->count) {
        struct str value = str_of(all.at + at, m->value.len);
        at += m->value.len;
        m->value = m->mapping->target == MAPPING_HEADER ? str_trim(value) : value;
    }
}

static const enum mapping_action order[] = {MAPPING_REMOVE, MAPPING_OVERWRITE, MAPPING_APPEND};

bool mapped_take(struct exchange *x, const parameter_mapping_list *mappings,
                 struct mapped_list *ret_list)
{
    scoped_buf struct buf values = {0};
    struct mapped_list list = {arena_array(&x->arena, struct mapped, mappings->count), 0};
    FOR_EACH (action, order, ARRAY_LENGTH(order)) {
        FOR_EACH_IN (m, mappings) {
            size_t before = buf_len(&values);
            if (m->action != *action || !append_value(&values, m, x))
                continue;
            list.items[list.count++] = (struct mapped){
                m, {NULL, buf_len(&values) - before}
            };
            if (buf_len(&values) > x->t.settings->limits.header_bytes)
                return false;
        }
    }
    settle_values(x, &list, buf_str(&values));
    *ret_list = list;
    return true;
}

const struct mapped *mapped_find(const struct mapped_list *list, enum mapping_target target)
{
    FOR_EACH (m, list->items, list->count)
        if (m->mapping->target == target)
            return m;
    return NULL;
}
