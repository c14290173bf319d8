/* SPDX-License-Identifier: Apache-2.0 */
/* jwk.h: an issuer's public keys, read from a JWK set (RFC 7517) or a PEM file. */
#ifndef TURNPIKE_AUTH_JWK_H
#define TURNPIKE_AUTH_JWK_H

#include "turnpike/auth/rsa_key.h"
#include "turnpike/base/arena.h"
#include "turnpike/base/digest.h"

/* How a key may be used. AWS verifies RSA with PKCS #1 v1.5 alone. */
struct algorithm {
    struct str name;    /* "RS256" */
    const char *digest; /* OpenSSL's name */
};

/* NULL where tokens signed so are not accepted. */
const struct algorithm *algorithm_find(struct str name);

/* One key of a set, and owned by it. */
struct key {
    struct str kid;
    const struct algorithm *algorithm; /* the only one it serves, or NULL: any of the table */
    EVP_PKEY *pkey;
    size_t signature_size; /* bytes */
    struct sha256 digest;  /* of all of the above: equal where the keys are interchangeable */
};

/* Immutable once read. Freed by its owner, a key source. */
struct key_set {
    struct arena arena;
    LIST(struct key) keys;
};

/* Reads `{"keys": [...]}`. Keys that cannot verify RS256, RS384 or RS512 signatures are passed
 * over, as RFC 7517 §5 asks: another `kty`, `use` or `alg`, `key_ops` without "verify", no `kid`,
 * numbers that rsa_key.h refuses. Private members are never looked at. NULL where the text is no
 * JWK set (members that occur twice included), or where no key is left; the caller frees the set.
 */
MUST_USE struct key_set *key_set_parse(struct str json, struct error *ret_error);

/* A set of one key for RS256, from a PEM public key; its `kid` is its RFC 7638 thumbprint. */
MUST_USE struct key_set *key_set_from_pem(struct str pem, struct error *ret_error);

/* Takes NULL. */
void key_set_free(struct key_set *set);

/* The key of that `kid` that serves the algorithm, else any of that `kid`, else NULL. */
const struct key *key_set_find(const struct key_set *set, struct str kid,
                               const struct algorithm *algorithm);

/* Whether a key of that digest is in the set. */
bool key_set_has(const struct key_set *set, const struct sha256 *digest);

static inline bool key_serves(const struct key *key, const struct algorithm *algorithm)
{
    return !key->algorithm || key->algorithm == algorithm;
}

#endif
