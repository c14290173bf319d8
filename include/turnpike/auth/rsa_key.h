/* SPDX-License-Identifier: Apache-2.0 */
/* rsa_key.h: RSA public keys fit to verify with, made from numbers or PEM text, and their names. */
#ifndef TURNPIKE_AUTH_RSA_KEY_H
#define TURNPIKE_AUTH_RSA_KEY_H

#include <openssl/evp.h>

#include "turnpike/base/error.h"
#include "turnpike/base/str.h"

/* Modulus and exponent, big-endian bytes. Views. */
struct rsa_numbers {
    struct str n, e;
};

/* A public key that the caller frees with EVP_PKEY_free, or NULL and why. Refused are moduli below
 * 2048 and above 8192 bits, even ones, those of the ROCA generator (CVE-2017-15361), and exponents
 * that are even, below 3 or above 2^31-1 (as Go's crypto/rsa, which AWS evidently uses). */
MUST_USE EVP_PKEY *rsa_key_new(struct rsa_numbers numbers, struct error *ret_error);

/* The public key in a PEM text, under the same rules: "BEGIN PUBLIC KEY", or where `private` says
 * so the public half of "BEGIN PRIVATE KEY" (PKCS #8 or PKCS #1), whose private half is dropped. */
MUST_USE EVP_PKEY *rsa_key_from_pem(struct str pem, bool private, struct error *ret_error);

#define THUMBPRINT_SIZE 43

/* RFC 7638: the SHA-256 of the key as a JWK of its required members, in base64url. */
struct str rsa_key_thumbprint(const EVP_PKEY *key, char out[THUMBPRINT_SIZE]);

static inline void scope_free_pkey(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}
#define scoped_pkey __attribute__((cleanup(scope_free_pkey)))

#endif
