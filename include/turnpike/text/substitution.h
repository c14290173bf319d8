/* SPDX-License-Identifier: Apache-2.0 */
/* substitution.h: text with $context variables, taken apart once: access log formats, parameter
 * mappings. */
#ifndef TURNPIKE_TEXT_SUBSTITUTION_H
#define TURNPIKE_TEXT_SUBSTITUTION_H

#include "turnpike/base/arena.h"
#include "turnpike/base/buf.h"

struct substitution_part {
    struct str text; /* literal text, or a variable's name behind "$context." */
    bool variable;
    bool quoted;   /* a variable between double quotes of the literal text */
    int id;        /* what resolve said of the variable */
    size_t offset; /* of the part in the text, bytes */
};

/* The text's parts in order. Of the arena, with views of the text, which outlives it. */
struct substitution {
    LIST(struct substitution_part) parts;
};

/* The number of a variable for the caller's own table, below 0 where it is unknown. */
typedef int substitution_resolve_fn(struct str name, const void *data);

/* Takes `text` apart. Variables are $context.a.b and ${context.a.b}. A bare name is made of
 * letters, digits and underscores, with single dots between them; behind "authorizer." it may also
 * hold '-' and ':' (names of claims) where more of the name follows. What looks like neither is
 * literal. */
const struct substitution *substitution_compile(struct arena *a, struct str text,
                                                substitution_resolve_fn *resolve, const void *data);

/* Appends the value of one variable; never called for literal text. */
typedef void substitution_append_fn(struct buf *out, const struct substitution_part *variable,
                                    const void *data);

/* Appends the text with the values of its variables. */
void substitution_run(const struct substitution *s, struct buf *out, substitution_append_fn *append,
                      const void *data);

#endif
