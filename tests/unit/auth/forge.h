/* SPDX-License-Identifier: Apache-2.0 */
/* forge.h: what tests of tokens need: fresh keys, JWK sets of them, and tokens with any header,
 * payload and signature. Everything is in the arena that is given, keys are freed by forge_release.
 */
#ifndef TURNPIKE_TEST_AUTH_FORGE_H
#define TURNPIKE_TEST_AUTH_FORGE_H

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "testing.h"
#include "turnpike/auth/rsa_key.h"
#include "turnpike/base/arena.h"
#include "turnpike/base/base64.h"
#include "turnpike/base/xalloc.h"

struct forge_key {
    EVP_PKEY *pkey;
    char thumbprint[THUMBPRINT_SIZE + 1];
};

UNUSED static struct forge_key forge_key(unsigned bits)
{
    struct forge_key key = {.pkey = EVP_RSA_gen(bits)};
    (void)rsa_key_thumbprint(xcheck(key.pkey), key.thumbprint);
    return key;
}

UNUSED static void forge_release(struct forge_key *key)
{
    EVP_PKEY_free(key->pkey);
    key->pkey = NULL;
}

static struct str forge_base64(struct arena *a, struct str bytes)
{
    char *out = arena_bytes(a, base64url_encoded_len(bytes.len) + 1);
    return str_of(out, base64url_encode(out, bytes));
}

UNUSED static struct str forge_number(struct arena *a, const struct forge_key *key,
                                      const char *name)
{
    BIGNUM *number = NULL;
    assert_true(EVP_PKEY_get_bn_param(key->pkey, name, &number));
    unsigned char *bytes = arena_alloc(a, (size_t)BN_num_bytes(number));
    struct str view = str_of((char *)bytes, (size_t)BN_bn2bin(number, bytes));
    BN_free(number);
    return forge_base64(a, view);
}

/* One JWK; `more` are further members, each with a comma before it. */
UNUSED static struct str forge_jwk(struct arena *a, const struct forge_key *key, const char *kid,
                                   const char *more)
{
    return arena_printf(a, "{\"kty\":\"RSA\",\"kid\":\"%s\",\"n\":\"%" STR_F "\",\"e\":\"AQAB\"%s}",
                        kid, STR_A(forge_number(a, key, OSSL_PKEY_PARAM_RSA_N)), more);
}

UNUSED static struct str forge_public_pem(struct arena *a, const struct forge_key *key)
{
    BIO *bio = xcheck(BIO_new(BIO_s_mem()));
    char *text;
    assert_true(PEM_write_bio_PUBKEY(bio, key->pkey));
    long len = BIO_get_mem_data(bio, &text);
    struct str pem = arena_copy(a, str_of(text, (size_t)len));
    BIO_free(bio);
    return pem;
}

/* header.payload of JSON texts. */
static struct str forge_signed_text(struct arena *a, struct str header, struct str payload)
{
    return arena_printf(a, "%" STR_F ".%" STR_F, STR_A(forge_base64(a, header)),
                        STR_A(forge_base64(a, payload)));
}

static struct str forge_signature(struct arena *a, const struct forge_key *key, const char *digest,
                                  struct str text)
{
    EVP_MD_CTX *context = xcheck(EVP_MD_CTX_new());
    size_t len = (size_t)EVP_PKEY_get_size(key->pkey);
    unsigned char *signature = arena_alloc(a, len);
    assert_true(EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, key->pkey, NULL) > 0);
    assert_true(EVP_DigestSign(context, signature, &len, (const unsigned char *)text.at, text.len) >
                0);
    EVP_MD_CTX_free(context);
    return str_of((char *)signature, len);
}

/* A token signed with PKCS #1 v1.5. */
UNUSED static struct str forge_token_with(struct arena *a, const struct forge_key *key,
                                          const char *digest, struct str header, struct str payload)
{
    struct str text = forge_signed_text(a, header, payload);
    return arena_printf(a, "%" STR_F ".%" STR_F, STR_A(text),
                        STR_A(forge_base64(a, forge_signature(a, key, digest, text))));
}

/* The ordinary kind: RS256 under `kid`. */
UNUSED static struct str forge_token(struct arena *a, const struct forge_key *key, const char *kid,
                                     struct str payload)
{
    return forge_token_with(a, key, "SHA256",
                            arena_printf(a, "{\"alg\":\"RS256\",\"kid\":\"%s\"}", kid), payload);
}

#endif
