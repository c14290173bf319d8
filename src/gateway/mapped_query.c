/* SPDX-License-Identifier: Apache-2.0 */
#include "mapped.h"

#include "turnpike/base/uri.h"

/* One part of the query between '&', or what a mapping puts into its place. */
struct part {
    struct str raw;
    struct str name; /* decoded */
    bool dropped;
    const struct mapped *by; /* not NULL: the mapping's name and value stand here */
};

struct parts {
    struct part *items;
    size_t count;
};

static struct parts split(struct arena *a, struct str query, size_t more)
{
    size_t count = query.len > 0;
    for (size_t i = 0; i < query.len; i++)
        count += query.at[i] == '&';
    struct parts parts = {arena_array(a, struct part, count + more), 0};
    struct str raw;
    while (parts.count < count && str_split(&query, '&', &raw)) {
        struct str name = str_head(raw, str_find(raw, '='));
        parts.items[parts.count++] = (struct part){.raw = raw, .name = uri_decode(a, name, true)};
    }
    return parts;
}

static void append(struct parts *parts, const struct mapped *m)
{
    parts->items[parts->count++] = (struct part){.name = m->mapping->name, .by = m};
}

/* Removes the parameter, or has the first of its parts replaced. */
static void replace(struct parts *parts, const struct mapped *m)
{
    bool replaced = m->mapping->action == MAPPING_REMOVE;
    FOR_EACH (part, parts->items, parts->count) {
        if (part->dropped || !str_eq(part->name, m->mapping->name))
            continue;
        part->dropped = replaced;
        part->by = m;
        replaced = true;
    }
    if (!replaced)
        append(parts, m);
}

static void write_parts(struct buf *out, const struct parts *parts)
{
    bool first = true;
    FOR_EACH (part, parts->items, parts->count) {
        if (part->dropped)
            continue;
        if (!first)
            buf_append_char(out, '&');
        first = false;
        if (!part->by) {
            buf_append(out, part->raw);
            continue;
        }
        uri_encode(out, part->name);
        buf_append_char(out, '=');
        uri_encode(out, part->by->value);
    }
}

struct str mapped_change_query(struct arena *a, const struct mapped_list *list, struct str query)
{
    struct parts parts = split(a, query, list->count);
    FOR_EACH (m, list->items, list->count) {
        if (m->mapping->target != MAPPING_QUERYSTRING)
            continue;
        if (m->mapping->action == MAPPING_APPEND)
            append(&parts, m);
        else
            replace(&parts, m);
    }
    scoped_buf struct buf out = {0};
    write_parts(&out, &parts);
    return arena_copy(a, buf_str(&out));
}
