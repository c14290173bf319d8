/* SPDX-License-Identifier: Apache-2.0 */
/* key_source.h: the keys of one issuer: where they come from, how old they are, and the one fetch
 * that all who need them wait for.
 *
 * A set is good for its lifetime: Cache-Control's max-age within 5 minutes and 2 hours, 1 hour
 * where none is given. From four fifths of it on, use fetches a new one beside it. Once it is over,
 * a new set is waited for; while the issuer cannot be reached the old one serves on, until 2 hours
 * after the last success (what AWS documents as its cache's bound). Then the door is closed. After
 * a failure the next attempt waits 1 s, 2 s, 4 s … 30 s, and a `kid` that is not in the set makes a
 * fetch only 30 s after the last attempt. */
#ifndef TURNPIKE_AUTH_KEY_SOURCE_H
#define TURNPIKE_AUTH_KEY_SOURCE_H

#include "turnpike/auth/jwk.h"
#include "turnpike/base/counters.h"
#include "turnpike/net/fetch.h"

/* How documents are fetched: net/fetch.h's functions, or a test's. */
struct fetching {
    struct fetch *(*start)(struct fetcher *fetcher, const struct fetch_request *request,
                           fetch_done_fn *done, void *data);
    void (*cancel)(struct fetch *fetch);
};

struct key_source;
struct token_check;

/* Called at the end of each fetch, whatever came of it. The source is not freed by it. */
typedef void key_source_settled_fn(void *data, struct key_source *source);

/* What all sources share. Owned by auth, outlives them. */
struct key_source_context {
    struct loop *loop;
    const struct fetching *fetching;
    struct fetcher *fetcher;
    struct counters *counters;
    key_source_settled_fn *settled;
    void *data;
};

/* Where an issuer's keys come from. Text is copied. */
struct key_source_origin {
    struct str issuer;
    bool http_allowed;     /* the issuer is listed in the configuration */
    struct str jwks_uri;   /* empty: found by OpenID Connect discovery */
    struct key_set *fixed; /* from a file: taken over, never fetched; NULL otherwise */
};

enum keys_state {
    KEYS_USABLE,
    KEYS_PENDING,     /* a fetch is under way: wait until it settles */
    KEYS_UNAVAILABLE, /* and nothing may be tried now: `why` says what failed */
};

/* Owned by auth. */
struct key_source {
    const struct key_source_context *context;
    uint64_t id; /* never used twice by one auth */
    struct key_source_origin origin;
    struct key_set *keys;        /* NULL: none yet */
    struct str why;              /* the last failure in the words of AWS; static */
    struct error error;          /* the same in full; code 0 after a success */
    struct token_check *waiting; /* auth's */
    struct str name;             /* auth's */
    size_t references;           /* auth's */

    /* private */
    struct arena arena;
    struct fetch *fetch;             /* NULL: none under way */
    char *url;                       /* what is being fetched */
    uint64_t fetched_at, lifetime;   /* of keys */
    uint64_t attempted_at, retry_at; /* loop clock; retry_at: after a failure, not before */
    unsigned failures;               /* since the last success */
    struct figure *successes, *errors, *last_success;
};

struct key_source *key_source_new(const struct key_source_context *context, uint64_t id,
                                  const struct key_source_origin *origin);
/* Cancels a fetch under way. Takes NULL. */
void key_source_free(struct key_source *source);

/* Starts a fetch where none is under way and the last failure is long enough ago. */
void key_source_warm(struct key_source *source);

/* What may be done for somebody who needs the keys now; starts a fetch where one is due. */
enum keys_state key_source_use(struct key_source *source);

/* The same without starting anything, after a fetch has settled: never pending. */
enum keys_state key_source_state(struct key_source *source);

/* Called where the set lacks a `kid`: true where a fetch is now under way that may bring it. */
MUST_USE bool key_source_seek(struct key_source *source);

#endif
