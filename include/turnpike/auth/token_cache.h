/* SPDX-License-Identifier: Apache-2.0 */
/* token_cache.h: verified tokens by the digest of all that they were verified with. What is in it
 * was signed by a key that its source still has; times, issuer, audience and scopes are for the
 * caller to check on each hit. */
#ifndef TURNPIKE_AUTH_TOKEN_CACHE_H
#define TURNPIKE_AUTH_TOKEN_CACHE_H

#include "turnpike/auth/claims.h"
#include "turnpike/auth/jwk.h"
#include "turnpike/base/map.h"

/* One verified token. Counted: the cache holds one reference, each identity in use another. */
struct token_entry {
    struct sha256 digest; /* its name in the cache */
    struct claims claims;
    const struct key_source *source;
    struct sha256 key; /* the digest of the key that verified it */

    /* private */
    struct arena arena;
    struct token_entry *newer, *older; /* in the cache, by last use */
    size_t references;
    bool cached;
};

/* An entry with one reference, the caller's; its arena is empty, and the caller fills the rest in.
 */
MUST_USE struct token_entry *token_entry_new(void);
struct token_entry *token_entry_ref(struct token_entry *entry);
/* Takes NULL. */
void token_entry_unref(struct token_entry *entry);

/* Embedded in its owner. Bounded in entries and bytes; what was not used for longest goes first. */
struct token_cache {
    size_t count_max, size_max;

    /* private */
    struct map entries;
    struct token_entry *newest, *oldest;
    size_t size;
};

void token_cache_init(struct token_cache *cache, size_t count_max, size_t size_max);
void token_cache_release(struct token_cache *cache);

/* The name of a token of an issuer's source. SHA-256 in full: nothing weaker ever stands for a
 * token. `source_id` tells sources apart. */
struct sha256 token_cache_digest(uint64_t source_id, struct str token);

/* NULL where it is not there. The entry counts as used; no reference is taken. */
struct token_entry *token_cache_find(struct token_cache *cache, const struct sha256 *digest);

/* Adds the entry, taking a reference of its own; an entry larger than an eighth of the cache is
 * left out. One of the same digest is replaced. */
void token_cache_add(struct token_cache *cache, struct token_entry *entry);

/* Forgets an entry that is in the cache. */
void token_cache_drop(struct token_cache *cache, struct token_entry *entry);

/* Forgets the entries of a source whose key is not in the set; with NULL, all of the source's. */
void token_cache_purge(struct token_cache *cache, const struct key_source *source,
                       const struct key_set *keys);

#endif
