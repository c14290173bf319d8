/* SPDX-License-Identifier: Apache-2.0 */
/* members.h: the members of one JSON object in their order, each name once. */
#ifndef TURNPIKE_AUTH_MEMBERS_H
#define TURNPIKE_AUTH_MEMBERS_H

#include "turnpike/base/json.h"

struct member {
    struct str name;
    struct str text; /* the value as it stands, valid JSON */
    enum json_type type;
};

/* Lives in the arena that it was read into; names and texts are views of it or of the JSON text. */
struct members {
    struct member *items; /* in order of appearance */
    size_t count;
};

/* Reads an object that fills the whole text. Refused, with a sentence that quotes at most one
 * character of the input: anything else, and an object in which a name occurs twice (objects within
 * it are not searched). */
MUST_USE bool members_read(struct arena *a, struct str json, struct members *ret_members,
                           struct str *ret_why);

/* NULL where there is none. */
const struct member *members_find(const struct members *m, struct str name);

/* The text of a string value, unescaped into the arena; false for other types. NULL is allowed. */
MUST_USE bool member_string(struct arena *a, const struct member *member, struct str *ret_value);

/* Orders by name (bytes). */
void members_sort(struct members *m);

#endif
