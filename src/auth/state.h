/* SPDX-License-Identifier: Apache-2.0 */
/* state.h: what auth.c and prepare.c share: the issuers' sources and the verified tokens. */
#ifndef TURNPIKE_AUTH_STATE_H
#define TURNPIKE_AUTH_STATE_H

#include "turnpike/auth/auth.h"
#include "turnpike/auth/token_cache.h"

struct auth {
    struct key_source_context context; /* data is the auth itself */
    struct map sources;                /* by name */
    uint64_t last_source_id;
    struct token_cache cache;
    struct figure *hits, *misses;
    auth_refreshed_fn *refreshed;
    void *refreshed_data;
};

/* Drops a reference to a source; with the last, the source and its tokens go. */
void auth_unref_source(struct auth *auth, struct key_source *source);

#endif
