/* SPDX-License-Identifier: Apache-2.0 */
#include "pairs.h"

#include <endian.h>

#include "turnpike/base/json.h"

void pairs_init(struct pairs *p, struct arena *scratch, size_t capacity)
{
    p->count = 0;
    p->spelled = false;
    p->items = arena_alloc(scratch, capacity * sizeof(*p->items));
    p->sorted = arena_alloc(scratch, capacity * sizeof(const struct pair *));
}

static uint64_t order_of(struct str name)
{
    uint64_t bytes = 0;
    if (name.len >= sizeof(bytes)) {
        memcpy(&bytes, name.at, sizeof(bytes));
        return be64toh(bytes);
    }
    for (size_t i = 0; i < name.len; i++)
        bytes = bytes << 8 | (unsigned char)name.at[i];
    return name.len ? bytes << 8 * (sizeof(bytes) - name.len) : 0;
}

void pairs_add_spelled(struct pairs *p, struct str name, struct str spelling, struct str value)
{
    struct pair *pair = &p->items[p->count];
    *pair = (struct pair){name, value, spelling, order_of(name)};
    p->sorted[p->count++] = pair;
}

void pairs_add(struct pairs *p, struct str name, struct str value)
{
    pairs_add_spelled(p, name, name, value);
}

static int compare_names(const struct pair *a, const struct pair *b)
{
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return str_compare(a->name, b->name);
}

/* For qsort, which promises no order among equals: what came earlier lies lower. */
static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = *(const struct pair *const *)a, *y = *(const struct pair *const *)b;
    int order = compare_names(x, y);
    return order ? order : x < y ? -1 : x > y;
}

#define FEW 24 /* insertion is quicker up to about here, and quadratic beyond */

void pairs_sort(struct pairs *p)
{
    if (p->count > FEW) {
        qsort(p->sorted, p->count, sizeof(const struct pair *), compare_pairs);
        return;
    }
    for (size_t i = 1; i < p->count; i++) {
        const struct pair *pair = p->sorted[i];
        size_t at = i;
        for (; at > 0 && compare_names(p->sorted[at - 1], pair) > 0; at--)
            p->sorted[at] = p->sorted[at - 1];
        p->sorted[at] = pair;
    }
}

/* Where the pairs that share the name of the one at `first` end. */
static size_t group_end(const struct pairs *p, size_t first)
{
    size_t end = first + 1;
    while (end < p->count && compare_names(p->sorted[first], p->sorted[end]) == 0)
        end++;
    return end;
}

static void write_name(struct buf *out, const struct pairs *p, size_t first)
{
    const struct pair *pair = p->sorted[first];
    buf_append_char(out, first == 0 ? '{' : ',');
    json_write_string(out, p->spelled ? pair->spelling : pair->name);
    buf_append_char(out, ':');
}

static void end_object(struct buf *out, const struct pairs *p)
{
    buf_append(out, p->count ? STR("}") : STR("{}"));
}

void pairs_write_joined(struct buf *out, const struct pairs *p)
{
    for (size_t first = 0, end; first < p->count; first = end) {
        end = group_end(p, first);
        write_name(out, p, first);
        for (size_t i = first; i < end; i++) {
            buf_append_char(out, i == first ? '"' : ',');
            json_write_escaped(out, p->sorted[i]->value);
        }
        buf_append_char(out, '"');
    }
    end_object(out, p);
}

void pairs_write_last(struct buf *out, const struct pairs *p)
{
    for (size_t first = 0, end; first < p->count; first = end) {
        end = group_end(p, first);
        write_name(out, p, first);
        json_write_string(out, p->sorted[end - 1]->value);
    }
    end_object(out, p);
}

void pairs_write_arrays(struct buf *out, const struct pairs *p)
{
    for (size_t first = 0, end; first < p->count; first = end) {
        end = group_end(p, first);
        write_name(out, p, first);
        for (size_t i = first; i < end; i++) {
            buf_append_char(out, i == first ? '[' : ',');
            json_write_string(out, p->sorted[i]->value);
        }
        buf_append_char(out, ']');
    }
    end_object(out, p);
}
