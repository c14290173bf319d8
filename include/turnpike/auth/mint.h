/* SPDX-License-Identifier: Apache-2.0 */
/* mint.h: signs JWTs for development issuers (`turnpike token`). */
#ifndef TURNPIKE_AUTH_MINT_H
#define TURNPIKE_AUTH_MINT_H

#include "turnpike/base/arena.h"
#include "turnpike/base/error.h"

/* `--claim K=V`. */
struct mint_claim {
    struct str name, value;
};

/* What the token shall say. Text without U+0000. */
struct mint_request {
    struct str issuer;
    struct str subject, scope, audience; /* empty: the claim is left out */
    const struct mint_claim *claims; /* win over all others: exp=1 makes an expired token. A value
                                      * that is JSON (1, true, ["a"]) is taken as such, any
                                      * other as a string; null removes the claim */
    size_t claim_count;
    uint64_t wall;     /* microseconds since 1970: iat */
    uint64_t lifetime; /* microseconds: exp is iat plus this */
};

/* Signs with RS256; `kid` is the RFC 7638 thumbprint of the key's public half, which is what the
 * daemon calls the key. The token is in the arena. Refused are keys that rsa_key.h refuses. */
MUST_USE bool token_mint(const struct mint_request *request, struct str private_key_pem,
                         struct arena *arena, struct str *ret_token, struct error *ret_error);

#endif
