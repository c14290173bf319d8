/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/throttle/bucket.h"

#include <assert.h>

#define USEC_PER_SEC 1e6

static void refill(struct bucket *b, const struct throttle *limit, uint64_t now)
{
    assert(now >= b->filled_at);

    b->tokens += limit->rate * (double)(now - b->filled_at) / USEC_PER_SEC;
    if (b->tokens > limit->burst)
        b->tokens = limit->burst; /* also where a reload that lowered the burst takes hold */
    b->filled_at = now;
}

void bucket_init(struct bucket *b, const struct throttle *limit, uint64_t now)
{
    b->tokens = limit->burst;
    b->filled_at = now;
}

bool bucket_has_token(struct bucket *b, const struct throttle *limit, uint64_t now)
{
    refill(b, limit, now);
    return b->tokens >= 1;
}

void bucket_take(struct bucket *b)
{
    assert(b->tokens >= 1);
    b->tokens -= 1;
}
