/* SPDX-License-Identifier: Apache-2.0 */
/* pairs.h: names with their values (headers, parameters) as the JSON objects of an event. */
#ifndef TURNPIKE_EVENT_PAIRS_H
#define TURNPIKE_EVENT_PAIRS_H

#include "turnpike/base/arena.h"
#include "turnpike/base/buf.h"

struct pair {
    struct str name, value;
    struct str spelling; /* of the name, as it came */
    uint64_t order;      /* the first bytes of the name, as a number that sorts like them */
};

/* On the stack of whoever writes an event; the items are of its scratch arena. */
struct pairs {
    struct pair *items; /* as they were added */
    const struct pair **sorted;
    size_t count;
    bool spelled; /* names are written as they came; of several spellings the first */
};

/* Room for `capacity` pairs. */
void pairs_init(struct pairs *p, struct arena *scratch, size_t capacity);
void pairs_add(struct pairs *p, struct str name, struct str value);
/* The same of a name that was brought to one case: pairs sort and meet by `name`. */
void pairs_add_spelled(struct pairs *p, struct str name, struct str spelling, struct str value);

/* To be called once, after the last addition: events list names in the order of their bytes, and
 * the values of one name in the order of their arrival. */
void pairs_sort(struct pairs *p);

/* Append a JSON object. Of several values of one name it holds all, with commas between them in one
 * string; or the last; or an array of all. */
void pairs_write_joined(struct buf *out, const struct pairs *p);
void pairs_write_last(struct buf *out, const struct pairs *p);
void pairs_write_arrays(struct buf *out, const struct pairs *p);

#endif
