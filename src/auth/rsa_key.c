/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/rsa_key.h"

#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "turnpike/base/base64.h"
#include "turnpike/base/buf.h"
#include "turnpike/base/digest.h"
#include "turnpike/base/xalloc.h"

#define MODULUS_BITS_MIN 2048
#define MODULUS_BITS_MAX 8192
#define MODULUS_SIZE_MAX (MODULUS_BITS_MAX / 8)

static void free_number(BIGNUM **number)
{
    BN_free(*number);
}
#define scoped_number __attribute__((cleanup(free_number)))

static void free_bio(BIO **bio)
{
    (void)BIO_free(*bio);
}
#define scoped_bio __attribute__((cleanup(free_bio)))

static void free_builder(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

static void free_params(OSSL_PARAM **params)
{
    OSSL_PARAM_free(*params);
}

static void free_context(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

/* Whether x is a power of 65537 modulo the small prime p. */
static bool is_power_of_f4(unsigned x, unsigned p)
{
    unsigned power = 1;
    do {
        if (power == x)
            return true;
        power = power * 65537u % p;
    } while (power != 1);
    return false;
}

/* The broken generator's moduli are powers of 65537 modulo every small prime; of other moduli less
 * than one in 2^27 is (Nemec et al., "The Return of Coppersmith's Attack", 2017). */
static bool is_roca(const BIGNUM *n)
{
    static const unsigned char primes[] = {
        3,  5,  7,  11, 13, 17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
        73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
    FOR_EACH (p, primes, ARRAY_LENGTH(primes)) {
        if (!is_power_of_f4((unsigned)BN_mod_word(n, *p), *p))
            return false;
    }
    return true;
}

/* NULL, or why the key is not fit. */
static const char *weakness(const BIGNUM *n, const BIGNUM *e)
{
    int bits = BN_num_bits(n);
    if (bits < MODULUS_BITS_MIN)
        return "the modulus has fewer than 2048 bits";
    if (bits > MODULUS_BITS_MAX)
        return "the modulus has more than 8192 bits";
    if (!BN_is_odd(n))
        return "the modulus is even";
    if (!BN_is_odd(e) || BN_is_one(e) || BN_num_bits(e) > 31)
        return "the exponent is not an odd number from 3 to 2^31-1";
    if (is_roca(n))
        return "the modulus comes from a broken generator (CVE-2017-15361)";
    return NULL;
}

static EVP_PKEY *build(const BIGNUM *n, const BIGNUM *e)
{
    __attribute__((cleanup(free_builder))) OSSL_PARAM_BLD *builder = xcheck(OSSL_PARAM_BLD_new());
    if (!OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) ||
        !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e))
        return NULL;
    __attribute__((cleanup(free_params))) OSSL_PARAM *params =
        xcheck(OSSL_PARAM_BLD_to_param(builder));
    __attribute__((cleanup(free_context))) EVP_PKEY_CTX *context =
        xcheck(EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL));
    EVP_PKEY *key = NULL;
    if (EVP_PKEY_fromdata_init(context) <= 0 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        return NULL;
    return key;
}

/* The one gate that every key passes. */
static EVP_PKEY *check_and_build(const BIGNUM *n, const BIGNUM *e, struct error *ret_error)
{
    const char *why = weakness(n, e);
    EVP_PKEY *key = why ? NULL : build(n, e);
    if (!key)
        error_set(ret_error, ERROR_INVALID, "%s", why ? why : "OpenSSL refuses the key");
    ERR_clear_error();
    return key;
}

static BIGNUM *number_of(struct str bytes)
{
    return xcheck(BN_bin2bn((const unsigned char *)bytes.at, (int)bytes.len, NULL));
}

EVP_PKEY *rsa_key_new(struct rsa_numbers numbers, struct error *ret_error)
{
    if (numbers.n.len > MODULUS_SIZE_MAX + 1 || numbers.e.len > MODULUS_SIZE_MAX) {
        error_set(ret_error, ERROR_TOO_LARGE, "the key is too large");
        return NULL;
    }
    scoped_number BIGNUM *n = number_of(numbers.n);
    scoped_number BIGNUM *e = number_of(numbers.e);
    return check_and_build(n, e, ret_error);
}

/* A key file is never asked for a passphrase: the daemon has no terminal. */
static int no_passphrase(char *out, int size, int writing, void *data)
{
    (void)out, (void)size, (void)writing, (void)data;
    return -1;
}

static EVP_PKEY *read_pem(struct str pem, bool private)
{
    if (pem.len > INT_MAX)
        return NULL;
    scoped_bio BIO *bio = xcheck(BIO_new_mem_buf(pem.len ? pem.at : "", (int)pem.len));
    return private ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL)
                   : PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
}

EVP_PKEY *rsa_key_from_pem(struct str pem, bool private, struct error *ret_error)
{
    scoped_pkey EVP_PKEY *read = read_pem(pem, private);
    scoped_number BIGNUM *n = NULL, *e = NULL;
    if (!read || !EVP_PKEY_is_a(read, "RSA") ||
        !EVP_PKEY_get_bn_param(read, OSSL_PKEY_PARAM_RSA_N, &n) ||
        !EVP_PKEY_get_bn_param(read, OSSL_PKEY_PARAM_RSA_E, &e)) {
        error_set(ret_error, ERROR_INVALID, "it holds no RSA %s key in PEM form",
                  private ? "private" : "public");
        ERR_clear_error();
        return NULL;
    }
    return check_and_build(n, e, ret_error);
}

/* Appends a number of the key as base64url. */
static void append_number(struct buf *b, const EVP_PKEY *key, const char *name)
{
    scoped_number BIGNUM *number = NULL;
    unsigned char bytes[MODULUS_SIZE_MAX];
    int found = EVP_PKEY_get_bn_param(key, name, &number);
    assert(found && BN_num_bytes(number) <= MODULUS_SIZE_MAX);
    struct str view = str_of((const char *)bytes, (size_t)BN_bn2bin(number, bytes));
    buf_commit(b, base64url_encode(buf_reserve(b, base64url_encoded_len(view.len)), view));
}

struct str rsa_key_thumbprint(const EVP_PKEY *key, char out[THUMBPRINT_SIZE])
{
    scoped_buf struct buf jwk = {0};
    buf_literal(&jwk, "{\"e\":\"");
    append_number(&jwk, key, OSSL_PKEY_PARAM_RSA_E);
    buf_literal(&jwk, "\",\"kty\":\"RSA\",\"n\":\"");
    append_number(&jwk, key, OSSL_PKEY_PARAM_RSA_N);
    buf_literal(&jwk, "\"}");
    struct sha256 digest = sha256_of((struct str[]){buf_str(&jwk)}, 1);
    return str_of(out,
                  base64url_encode(out, str_of((const char *)digest.bytes, sizeof(digest.bytes))));
}
