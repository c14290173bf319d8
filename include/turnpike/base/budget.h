/* SPDX-License-Identifier: Apache-2.0 */
/* budget.h: bytes that many holders may have together, and what each of them has of it. */
#ifndef TURNPIKE_BASE_BUDGET_H
#define TURNPIKE_BASE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "turnpike/base/scope.h"

/* Owned by what outlives its holders. All zero: nothing is used. */
struct budget {
    uint64_t used;
};

/* Embedded in its holder. All zero holds nothing. A share goes with the memory that it stands for:
 * by assignment, after which the giver's is set to zero. */
struct share {
    struct budget *budget;
    size_t size;
};

/* Takes `more` bytes of the budget; false, and nothing taken, where more than `max` would then be
 * used. A `max` that was lowered below what is used refuses everything until enough came back. */
MUST_USE static inline bool share_grow(struct share *s, struct budget *budget, size_t more,
                                       uint64_t max)
{
    assert(!s->budget || s->budget == budget);
    if (budget->used > max || more > max - budget->used)
        return false;
    budget->used += more;
    s->budget = budget;
    s->size += more;
    return true;
}

/* Takes them whatever is used: for what was let in already. */
static inline void share_add(struct share *s, struct budget *budget, size_t more)
{
    assert(!s->budget || s->budget == budget);
    budget->used += more;
    s->budget = budget;
    s->size += more;
}

/* Holds that much at least, whatever is used. */
static inline void share_cover(struct share *s, struct budget *budget, size_t size)
{
    if (s->size < size)
        share_add(s, budget, size - s->size);
}

/* Gives everything back. */
static inline void share_release(struct share *s)
{
    if (s->budget)
        s->budget->used -= s->size;
    *s = (struct share){0};
}

#endif
