/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/digest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "turnpike/base/xalloc.h"

struct sha256 sha256_of(const struct str *parts, size_t count)
{
    static EVP_MD *algorithm;
    static EVP_MD_CTX *context;
    if (!context) {
        algorithm = xcheck(EVP_MD_fetch(NULL, "SHA256", NULL));
        context = xcheck(EVP_MD_CTX_new());
    }

    struct sha256 digest;
    int done = EVP_DigestInit_ex2(context, algorithm, NULL);
    for (size_t i = 0; i < count; i++)
        done = done && EVP_DigestUpdate(context, parts[i].at, parts[i].len);
    done = done && EVP_DigestFinal_ex(context, digest.bytes, NULL);
    if (!done)
        abort(); /* a digest of anything else must never be compared */
    return digest;
}

static EVP_MAC_CTX *new_hmac(void)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *algorithm = xcheck(EVP_MAC_fetch(NULL, "HMAC", NULL));
    EVP_MAC_CTX *context = xcheck(EVP_MAC_CTX_new(algorithm));
    EVP_MAC_free(algorithm);
    if (!EVP_MAC_CTX_set_params(context, params))
        abort();
    return context;
}

struct sha256 hmac_sha256_of(struct str key, const struct str *parts, size_t count)
{
    static EVP_MAC_CTX *context;
    if (!context)
        context = new_hmac();

    struct sha256 code;
    size_t len;
    int done = EVP_MAC_init(context, (const unsigned char *)(key.len ? key.at : ""), key.len, NULL);
    for (size_t i = 0; i < count; i++)
        done = done && EVP_MAC_update(context, (const unsigned char *)parts[i].at, parts[i].len);
    done = done && EVP_MAC_final(context, code.bytes, &len, sizeof(code.bytes));
    if (!done || len != sizeof(code.bytes))
        abort();
    return code;
}

struct str sha256_hex(const struct sha256 *digest, char out[SHA256_HEX_LEN])
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        out[2 * i] = hex[digest->bytes[i] >> 4];
        out[2 * i + 1] = hex[digest->bytes[i] & 15];
    }
    return str_of(out, SHA256_HEX_LEN);
}
