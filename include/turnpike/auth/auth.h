/* SPDX-License-Identifier: Apache-2.0 */
/* auth.h: JWT authorizers (AWS: "Control access to HTTP APIs with JWT authorizers"): the key sets
 * of issuers, the cache of verified tokens, and the check of one token. */
#ifndef TURNPIKE_AUTH_AUTH_H
#define TURNPIKE_AUTH_AUTH_H

#include "turnpike/auth/key_source.h"
#include "turnpike/base/counters.h"
#include "turnpike/model/request.h"
#include "turnpike/model/snapshot.h"
#include "turnpike/net/fetch.h"
#include "turnpike/net/loop.h"

struct auth; /* the live state; owned by the gateway, survives reload */

/* The fetcher may be NULL where nothing will ever be fetched (`turnpike check`). */
static inline struct auth *auth_new(struct loop *loop, struct fetcher *fetcher,
                                    struct counters *counters);
/* The same over other means of fetching, for tests. `fetching` is not copied. */
struct auth *auth_new_with(struct loop *loop, const struct fetching *fetching,
                           struct fetcher *fetcher, struct counters *counters);
/* No check may be pending, and every snapshot that was prepared must be gone. Takes NULL. */
void auth_free(struct auth *auth);

/* Told at the end of each refresh of an issuer's keys; error is NULL where it succeeded. For the
 * one line in the log: nothing in auth/ logs. */
typedef void auth_refreshed_fn(void *data, struct str issuer, const struct error *error);
void auth_on_refresh(struct auth *auth, auth_refreshed_fn *fn, void *data);

/* Finds or makes the key source of every JWT authorizer, reads key files, and reports what can
 * never work (an unreadable file, a set without a usable key, an issuer whose keys cannot be found
 * because it is no https URL and not listed under `issuers`). Opens no connection. A source is the
 * same as before where issuer and origin of the keys are (a file: its content), so keys and
 * verified tokens survive a reload; each snapshot holds its sources until it is released. */
void auth_prepare(struct auth *auth, struct snapshot *snapshot, struct diag *diag);

/* Starts fetching the key sets that the snapshot needs and that are not there yet, so that the
 * first request finds them. Called once the snapshot is in force. */
void auth_warm(struct auth *auth, const struct snapshot *snapshot);

enum token_result {
    TOKEN_ACCEPTED,
    TOKEN_REFUSED,   /* 401; why is said in `error` */
    TOKEN_FORBIDDEN, /* 403: valid, but without any of the route's scopes */
    TOKEN_PENDING,   /* the keys are being fetched: the callback follows */
};

struct token_check;
struct token_entry;

typedef void token_check_fn(struct token_check *check, enum token_result result);

/* One check, embedded in its exchange. The caller fills in the first part. */
struct token_check {
    const struct authorizer *authorizer;
    const struct route *route; /* for its scopes */
    struct str token;          /* the identity source's value, "Bearer " included; may be empty;
                                * alive until the result is there */
    struct arena *arena;       /* the exchange's */
    uint64_t wall;             /* microseconds since 1970 */
    token_check_fn *fn;

    /* results */
    struct identity identity; /* where accepted; valid until token_check_release */
    struct str error;  /* else: "the token has expired", fit for a quoted string of a header; empty
                        * where no token came */
    struct str detail; /* more for people who can mend it, not for clients: the key ids that are
                        * known, how a fetch failed; or empty */

    /* private */
    struct auth *auth;
    struct token_entry *entry;
    struct token_check *next, **previous; /* among those that wait for the same source */
};

/* Checks at once where the keys are known; otherwise the callback follows, unless released. The
 * order of the tests, hence of the reasons, is: form, algorithm, key, signature, issuer, audience,
 * times, scopes. */
enum token_result token_check_start(struct auth *auth, struct token_check *check);

/* Gives up the interest in a pending check, and the identity of a finished one. Idempotent; an
 * all-zero check may be released too. */
void token_check_release(struct token_check *check);

static inline struct auth *auth_new(struct loop *loop, struct fetcher *fetcher,
                                    struct counters *counters)
{
    static const struct fetching fetching = {fetch_start, fetch_cancel};
    return auth_new_with(loop, &fetching, fetcher, counters);
}

#endif
