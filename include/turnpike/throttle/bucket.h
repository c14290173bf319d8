/* SPDX-License-Identifier: Apache-2.0 */
/* bucket.h: a token bucket: may one more request pass now? */
#ifndef TURNPIKE_THROTTLE_BUCKET_H
#define TURNPIKE_THROTTLE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "turnpike/model/settings.h"

/* What is left. Outlives snapshots, which hold the limit; owned by the limiter. */
struct bucket {
    double tokens;
    uint64_t filled_at; /* microseconds, loop clock */
};

/* Makes b full. `now` never runs backwards for one bucket. */
void bucket_init(struct bucket *b, const struct throttle *limit, uint64_t now);

/* Refills b and says whether a token is there. A limit that a reload changed takes hold here. */
bool bucket_has_token(struct bucket *b, const struct throttle *limit, uint64_t now);

/* Takes the token that bucket_has_token has just found. */
void bucket_take(struct bucket *b);

#endif
