/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/mint.h"

#include "forge.h"
#include "turnpike/auth/claims.h"
#include "turnpike/auth/dev_key.h"
#include "turnpike/auth/token.h"

#define NOW UINT64_C(1700000000000000)

static struct arena arena;
static struct str private_pem, public_pem;
static struct key_set *keys;

/* Mints, verifies with the public half as the daemon does, and returns the payload. */
static struct str payload_of(const struct mint_request *request)
{
    struct str text, why = STR("");
    struct error error;
    struct token token;
    assert_true(token_mint(request, private_pem, &arena, &text, &error));
    assert_true(token_parse(&arena, text, &token, &why));
    const struct key *key = key_set_find(keys, token.kid, token.algorithm);
    assert_non_null(key);
    assert_true(token_verify(&arena, &token, key, &why));
    return token.payload;
}

static const struct mint_claim overriding[] = {{STR_INIT("exp"), STR_INIT("1")},
                                               {STR_INIT("iat"), STR_INIT("null")}};
static const struct mint_claim various[] = {
    {STR_INIT("email"), STR_INIT("a@b.c")},
    {STR_INIT("email_verified"), STR_INIT("true")},
    {STR_INIT("custom:zip"), STR_INIT("01234")},
    {STR_INIT("cognito:groups"), STR_INIT("[\"admin\"]")},
    {STR_INIT("empty"), STR_INIT("")},
    {STR_INIT("text"), STR_INIT("\"7\"")},
};

static const struct {
    const char *name;
    struct mint_request request;
    const char *want; /* members in alphabetical order, as libjwt writes them */
} cases[] = {
    {"everything",
     {STR_INIT("https://dev.localhost"), STR_INIT("me"), STR_INIT("a b"), STR_INIT("app"), NULL, 0,
      NOW, UINT64_C(3600000000)},
     "{\"aud\":\"app\",\"exp\":1700003600,\"iat\":1700000000,\"iss\":\"https://"
     "dev.localhost\",\"scope\":\"a b\",\"sub\":\"me\"}"},
    {"the least",
     {STR_INIT("https://dev.localhost"), .wall = NOW},
     "{\"exp\":1700000000,\"iat\":1700000000,\"iss\":\"https://dev.localhost\"}"},
    {"claims win",
     {STR_INIT("i"), .claims = overriding, .claim_count = 2, .wall = NOW},
     "{\"exp\":1,\"iss\":\"i\"}"},
    {"claims have types",
     {STR_INIT("i"), .claims = various, .claim_count = 6, .wall = NOW},
     "{\"cognito:groups\":[\"admin\"],\"custom:zip\":\"01234\",\"email\":\"a@b.c\",\"email_"
     "verified\":true,\"empty\":\"\","
     "\"exp\":1700000000,\"iat\":1700000000,\"iss\":\"i\",\"text\":\"7\"}"},
};

static void tokens_say_what_was_asked_for(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct str payload = payload_of(&c->request);
        CHECK_CASE(c, str_is(payload, c->want), "got %" STR_F, STR_A(payload));
    }
}

static const struct mint_claim not_utf8[] = {{STR_INIT("x"), STR_INIT("\xff")}};

static void what_cannot_be_signed_is_refused(void **state)
{
    (void)state;
    struct str text;
    struct error error;
    struct mint_request request = {.issuer = STR("i"), .claims = not_utf8, .claim_count = 1};
    assert_false(token_mint(&request, private_pem, &arena, &text, &error));
    assert_string_equal(error.text, "the claim 'x' is not UTF-8");
    request = (struct mint_request){.issuer = STR("\xff")};
    assert_false(token_mint(&request, private_pem, &arena, &text, &error));
    request = (struct mint_request){.issuer = STR("i")};
    assert_false(token_mint(&request, public_pem, &arena, &text, &error));
    assert_string_equal(error.text, "it holds no RSA private key in PEM form");
}

static void keys_are_pem(void **state)
{
    (void)state;
    assert_true(str_starts_with(private_pem, STR("-----BEGIN PRIVATE KEY-----\n")));
    assert_true(str_starts_with(public_pem, STR("-----BEGIN PUBLIC KEY-----\n")));
    scoped_pkey EVP_PKEY *private = rsa_key_from_pem(private_pem, true, NULL);
    scoped_pkey EVP_PKEY *public = rsa_key_from_pem(public_pem, false, NULL);
    assert_int_equal(EVP_PKEY_eq(private, public), 1);
    assert_int_equal(EVP_PKEY_get_bits(public), 2048);
}

static int make_key(void **state)
{
    (void)state;
    arena_init(&arena, 65536);
    if (!dev_key_generate(&arena, &private_pem, &public_pem, NULL))
        return -1;
    keys = key_set_from_pem(public_pem, NULL);
    return keys ? 0 : -1;
}

static int free_key(void **state)
{
    (void)state;
    key_set_free(keys);
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_say_what_was_asked_for),
        cmocka_unit_test(what_cannot_be_signed_is_refused),
        cmocka_unit_test(keys_are_pem),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
