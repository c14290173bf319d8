/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/dev_key.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "turnpike/auth/rsa_key.h"
#include "turnpike/base/xalloc.h"

#define MODULUS_BITS 2048

static void free_bio(BIO **bio)
{
    (void)BIO_free(*bio);
}

static bool write_pem(struct arena *arena, EVP_PKEY *key, bool private, struct str *ret_pem)
{
    __attribute__((cleanup(free_bio))) BIO *bio = xcheck(BIO_new(BIO_s_secmem()));
    int written = private ? PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)
                          : PEM_write_bio_PUBKEY(bio, key);
    char *text;
    long len = BIO_get_mem_data(bio, &text);
    if (!written || len <= 0)
        return false;
    *ret_pem = arena_copy(arena, str_of(text, (size_t)len));
    return true;
}

bool dev_key_generate(struct arena *arena, struct str *ret_private_pem, struct str *ret_public_pem,
                      struct error *ret_error)
{
    scoped_pkey EVP_PKEY *key = EVP_RSA_gen(MODULUS_BITS);
    if (key && write_pem(arena, key, true, ret_private_pem) &&
        write_pem(arena, key, false, ret_public_pem))
        return true;
    error_set(ret_error, ERROR_SYSTEM, "OpenSSL cannot make an RSA key");
    ERR_clear_error();
    return false;
}
