/* SPDX-License-Identifier: Apache-2.0 */
/* claims.h: what a verified token says, and whether that satisfies an authorizer and a route
 * (AWS: "Control access to HTTP APIs with JWT authorizers"; docs/compatibility.md). */
#ifndef TURNPIKE_AUTH_CLAIMS_H
#define TURNPIKE_AUTH_CLAIMS_H

#include "turnpike/auth/members.h"
#include "turnpike/model/api.h"
#include "turnpike/model/request.h"

/* Instants are microseconds since 1970, clamped to what fits. A claim of the wrong type can never
 * be satisfied: it reads as the value that refuses. */
struct claims {
    struct identity identity;    /* rendered; null claims are left out */
    struct str issuer;           /* at is NULL where there is none */
    const struct str *audiences; /* of `aud`, or of `client_id` where `aud` is absent */
    size_t audience_count;
    int64_t expires_at; /* CLAIMS_NO_INSTANT: absent, or no number */
    int64_t not_before; /* INT64_MIN where absent */
    int64_t issued_at;  /* likewise */
};

#define CLAIMS_NO_INSTANT INT64_MIN

/* Reads the members of a verified token's payload, copying all into `keep`. Scopes are those of
 * `scp` (a string or an array of strings), or where that is absent of `scope` (a string; an array
 * is read alike); of another type they are none. False, with the sentence for the challenge, where
 * an object within a claim has a member twice. */
MUST_USE bool claims_read(struct arena *keep, struct arena *scratch, const struct members *members,
                          struct claims *ret_claims, struct str *ret_why);

/* Empty where issuer, audience and times satisfy the authorizer at `wall` (microseconds since 1970,
 * no leeway), else the first reason why not: `iss` must equal the issuer byte for byte; an element
 * of `aud` must be in the audience list, or without any `aud`, `client_id`; `exp` must be there
 * and lie ahead; `nbf` and `iat` must not. */
struct str claims_refusal(const struct claims *claims, const struct authorizer *authorizer,
                          uint64_t wall);

/* Whether the route asks for no scope, or the token has one of its scopes. */
bool claims_have_scope(const struct claims *claims, const struct route *route);

#endif
