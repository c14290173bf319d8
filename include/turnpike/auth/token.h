/* SPDX-License-Identifier: Apache-2.0 */
/* token.h: a JSON Web Token in its compact form (RFC 7515 §3.1, RFC 7519): parsed, its algorithm
 * pinned, its signature verified. Nothing here looks at claims. */
#ifndef TURNPIKE_AUTH_TOKEN_H
#define TURNPIKE_AUTH_TOKEN_H

#include "turnpike/auth/jwk.h"
#include "turnpike/auth/members.h"

/* More than AWS lets into all headers of a request together. */
#define TOKEN_SIZE_MAX 16384

/* A parsed token. Until token_verify has said yes, nobody has vouched for any of it. Lives in the
 * arena it was parsed into; views of that and of the text. */
struct token {
    struct str signed_text; /* header and payload as they came */
    const struct algorithm *algorithm;
    struct str kid;
    struct str payload; /* decoded */
    struct members claims;
    struct str signature; /* decoded */
};

/* The token in an identity source's value: without "Bearer " in any case; empty where only that,
 * or nothing, was written. */
struct str token_of_value(struct str value);

/* Splits text into header and payload, leaving their meaning alone: the outer layer of
 * token_parse, for payloads that are no JSON (test vectors). */
MUST_USE bool token_parse_jws(struct arena *a, struct str text, struct token *ret_token,
                              struct str *ret_why);

/* Parses a token. Refused, with the sentence that the challenge shows (docs/compatibility.md):
 * another number of segments, foreign characters or padding (strict base64url), a header or payload
 * that is no JSON object or has a member twice, an algorithm other than RS256, RS384 and RS512, no
 * `kid`, `crit` and `zip` in any form (no extension is understood: RFC 7515 §4.1.11), `b64` other
 * than true. `jwk`, `jku`, `x5u`, `x5c` and `x5t` are never read: some providers put `jku` into
 * every token, which AWS accepts, and a key comes from the issuer's set alone. */
MUST_USE bool token_parse(struct arena *a, struct str text, struct token *ret_token,
                          struct str *ret_why);

/* Whether the key signed the token: where it serves the token's algorithm and the signature is of
 * exactly its length. ret_why is set where not. */
MUST_USE bool token_verify(struct arena *a, const struct token *token, const struct key *key,
                           struct str *ret_why);

#endif
