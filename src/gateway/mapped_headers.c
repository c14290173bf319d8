/* SPDX-License-Identifier: Apache-2.0 */
#include "mapped.h"

struct fields {
    struct header *items;
    size_t count;
};

static void append(struct fields *f, struct str name, struct str value)
{
    f->items[f->count++] = (struct header){name, value};
}

/* From the field at `from` on. */
static void drop(struct fields *f, size_t from, struct str name)
{
    size_t kept = from;
    for (size_t i = from; i < f->count; i++)
        if (!str_eq_nocase(f->items[i].name, name))
            f->items[kept++] = f->items[i];
    f->count = kept;
}

/* The first field stays where it is, with another value. */
static void overwrite(struct fields *f, struct str name, struct str value)
{
    size_t first = 0;
    while (first < f->count && !str_eq_nocase(f->items[first].name, name))
        first++;
    if (first == f->count) {
        append(f, name, value);
        return;
    }
    f->items[first].value = value;
    drop(f, first + 1, name);
}

/* A request has one Host (RFC 9112, 3.2): another is not added. */
static void change(struct fields *f, const struct parameter_mapping *m, struct str value)
{
    if (m->action == MAPPING_REMOVE)
        drop(f, 0, m->name);
    else if (m->action == MAPPING_OVERWRITE || str_is(m->name, "host"))
        overwrite(f, m->name, value);
    else
        append(f, m->name, value);
}

void mapped_change_headers(struct arena *a, const struct mapped_list *list, struct header **items,
                           size_t *count)
{
    struct fields f = {.count = *count};
    f.items = arena_alloc(a, (*count + list->count) * sizeof(*f.items));
    if (*count)
        memcpy(f.items, *items, *count * sizeof(*f.items));
    FOR_EACH (m, list->items, list->count)
        if (m->mapping->target == MAPPING_HEADER)
            change(&f, m->mapping, m->value);
    *items = f.items;
    *count = f.count;
}
