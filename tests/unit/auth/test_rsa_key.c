/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/rsa_key.h"

#include <openssl/bn.h>

#include "forge.h"

/* Numbers with properties, written as base^power + add. */
static const struct {
    const char *name;
    unsigned base, power, add;
    const char *e; /* hexadecimal */
    const char *why;
} numbers[] = {
    {"2048 bits", 2, 2047, 1, "010001", NULL},
    {"exponent 3", 2, 2047, 1, "03", NULL},
    {"the largest exponent", 2, 2047, 1, "7fffffff", NULL},
    {"8192 bits", 2, 8191, 1, "010001", NULL},
    {"2047 bits", 2, 2046, 1, "010001", "the modulus has fewer than 2048 bits"},
    {"1024 bits", 2, 1023, 1, "010001", "the modulus has fewer than 2048 bits"},
    {"8193 bits", 2, 8192, 1, "010001", "the modulus has more than 8192 bits"},
    {"far too many bits", 2, 9000, 1, "010001", "the key is too large"},
    {"an even modulus", 2, 2047, 2, "010001", "the modulus is even"},
    {"exponent 1", 2, 2047, 1, "01", "the exponent is not an odd number from 3 to 2^31-1"},
    {"exponent 0", 2, 2047, 1, "00", "the exponent is not an odd number from 3 to 2^31-1"},
    {"an even exponent", 2, 2047, 1, "010000",
     "the exponent is not an odd number from 3 to 2^31-1"},
    {"an exponent beyond 2^31-1", 2, 2047, 1, "80000001",
     "the exponent is not an odd number from 3 to 2^31-1"},
    {"an exponent beyond 2^32", 2, 2047, 1, "0100000001",
     "the exponent is not an odd number from 3 to 2^31-1"},
    {"a modulus of ROCA's form", 65537, 128, 0, "010001",
     "the modulus comes from a broken generator (CVE-2017-15361)"},
};

static struct str bytes_of(struct arena *a, const BIGNUM *number)
{
    unsigned char *out = arena_alloc(a, (size_t)BN_num_bytes(number) + 1);
    return str_of((char *)out, (size_t)BN_bn2bin(number, out));
}

static struct str power(struct arena *a, unsigned base, unsigned exponent, unsigned add)
{
    BN_CTX *context = BN_CTX_new();
    BIGNUM *b = BN_new(), *p = BN_new(), *result = BN_new();
    assert_true(BN_set_word(b, base) && BN_set_word(p, exponent) && BN_exp(result, b, p, context) &&
                BN_add_word(result, add));
    struct str bytes = bytes_of(a, result);
    BN_free(b);
    BN_free(p);
    BN_free(result);
    BN_CTX_free(context);
    return bytes;
}

static void only_sound_numbers_make_a_key(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 4096);
    FOR_EACH_CASE (c, numbers) {
        BIGNUM *e = NULL;
        assert_true(BN_hex2bn(&e, c->e));
        struct error error = {0};
        scoped_pkey EVP_PKEY *key = rsa_key_new(
            (struct rsa_numbers){power(&a, c->base, c->power, c->add), bytes_of(&a, e)}, &error);
        CHECK_CASE(c, !key == !!c->why, "%s", error.text);
        CHECK_CASE(c, str_is(str_from(error.text), c->why ? c->why : ""), "got '%s'", error.text);
        BN_free(e);
    }
    arena_release(&a);
}

/* The example of RFC 7638 §3.1. */
static void the_thumbprint_is_rfc_7638s(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 4096);
    struct rsa_numbers example;
    assert_true(base64url_decode(
        &a,
        STR("0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc"
            "_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-"
            "65YGjQR0"
            "_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"
            "bFTWhA"
            "I4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"),
        &example.n));
    assert_true(base64url_decode(&a, STR("AQAB"), &example.e));
    scoped_pkey EVP_PKEY *key = rsa_key_new(example, NULL);
    assert_non_null(key);
    char out[THUMBPRINT_SIZE];
    assert_str_equal(rsa_key_thumbprint(key, out),
                     STR("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
    arena_release(&a);
}

static void pem_of_the_wrong_kind_is_refused(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 4096);
    struct error error;
    struct forge_key small = forge_key(1024), key = forge_key(2048);

    scoped_pkey EVP_PKEY *public = rsa_key_from_pem(forge_public_pem(&a, &key), false, &error);
    assert_non_null(public);
    assert_null(rsa_key_from_pem(forge_public_pem(&a, &key), true, &error));
    assert_string_equal(error.text, "it holds no RSA private key in PEM form");
    assert_null(rsa_key_from_pem(forge_public_pem(&a, &small), false, &error));
    assert_string_equal(error.text, "the modulus has fewer than 2048 bits");
    assert_null(rsa_key_from_pem(STR(""), false, &error));
    assert_null(rsa_key_from_pem(STR("-----BEGIN PUBLIC KEY-----\nAAAA\n"), false, &error));
    assert_string_equal(error.text, "it holds no RSA public key in PEM form");

    forge_release(&small);
    forge_release(&key);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_sound_numbers_make_a_key),
        cmocka_unit_test(the_thumbprint_is_rfc_7638s),
        cmocka_unit_test(pem_of_the_wrong_kind_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
