/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/jwk.h"

#include "forge.h"

static struct arena arena;
static struct forge_key key, other, small;

/* The members of a JWK: n of the key where `n` is NULL. */
static const struct {
    const char *name;
    const char *kty, *kid, *e, *more;
    bool kept;
} jwks[] = {
    {"as Cognito writes it", "\"RSA\"", "\"a=\"", "AQAB", ",\"alg\":\"RS256\",\"use\":\"sig\"",
     true},
    {"nothing but the required", "\"RSA\"", "\"a\"", "AQAB", "", true},
    {"exponent 3", "\"RSA\"", "\"a\"", "Aw", "", true},
    {"key_ops with verify", "\"RSA\"", "\"a\"", "AQAB", ",\"key_ops\":[\"x\",\"verify\"]", true},
    {"private members are passed by", "\"RSA\"", "\"a\"", "AQAB", ",\"d\":\"AA\",\"p\":7", true},
    {"RS512", "\"RSA\"", "\"a\"", "AQAB", ",\"alg\":\"RS512\"", true},
    {"for encryption", "\"RSA\"", "\"a\"", "AQAB", ",\"use\":\"enc\"", false},
    {"use is no string", "\"RSA\"", "\"a\"", "AQAB", ",\"use\":null", false},
    {"key_ops without verify", "\"RSA\"", "\"a\"", "AQAB", ",\"key_ops\":[\"encrypt\"]", false},
    {"key_ops is no array", "\"RSA\"", "\"a\"", "AQAB", ",\"key_ops\":\"verify\"", false},
    {"key_ops of numbers", "\"RSA\"", "\"a\"", "AQAB", ",\"key_ops\":[1]", false},
    {"PS256", "\"RSA\"", "\"a\"", "AQAB", ",\"alg\":\"PS256\"", false},
    {"RSA-OAEP", "\"RSA\"", "\"a\"", "AQAB", ",\"alg\":\"RSA-OAEP\"", false},
    {"alg is no string", "\"RSA\"", "\"a\"", "AQAB", ",\"alg\":1", false},
    {"another kty", "\"EC\"", "\"a\"", "AQAB", "", false},
    {"kty in lower case", "\"rsa\"", "\"a\"", "AQAB", "", false},
    {"kty is no string", "1", "\"a\"", "AQAB", "", false},
    {"an empty kid", "\"RSA\"", "\"\"", "AQAB", "", false},
    {"kid is no string", "\"RSA\"", "7", "AQAB", "", false},
    {"exponent 1", "\"RSA\"", "\"a\"", "AQ", "", false},
    {"an even exponent", "\"RSA\"", "\"a\"", "AQAA", "", false},
    {"padding", "\"RSA\"", "\"a\"", "Aw==", "", false},
    {"a foreign character", "\"RSA\"", "\"a\"", "AQ B", "", false},
    {"no exponent", "\"RSA\"", "\"a\"", "", "", false},
};

static void only_keys_that_may_verify_are_kept(void **state)
{
    (void)state;
    struct str n = forge_number(&arena, &key, OSSL_PKEY_PARAM_RSA_N);
    FOR_EACH_CASE (c, jwks) {
        struct str json = arena_printf(
            &arena, "{\"keys\":[{\"kty\":%s,\"kid\":%s,\"n\":\"%" STR_F "\",\"e\":\"%s\"%s}]}",
            c->kty, c->kid, STR_A(n), c->e, c->more);
        struct error error = {0};
        struct key_set *set = key_set_parse(json, &error);
        CHECK_CASE(c, !!set == c->kept, "%s", error.text);
        CHECK_CASE(c, !set || set->keys.count == 1, "keys");
        key_set_free(set);
    }
}

static const struct {
    const char *name, *json, *error;
} documents[] = {
    {"no JSON", "{\"keys\":", "it is no JSON"},
    {"empty", "", "it is no JSON"},
    {"an array", "[]", "it is no JWK set"},
    {"no keys", "{}", "it is no JWK set"},
    {"keys is an object", "{\"keys\":{}}", "it is no JWK set"},
    {"keys is empty", "{\"keys\":[]}", "none of its 0 keys"},
    {"foreign elements", "{\"keys\":[1,null,[],{},\"x\"]}", "none of its 5 keys"},
    {"keys twice", "{\"keys\":[],\"keys\":[]}", "(a member occurs twice)"},
    {"a key's member twice", "{\"keys\":[{\"kid\":\"a\",\"kid\":\"b\"}]}",
     "(a member occurs twice)"},
    {"something behind", "{\"keys\":[]} x", "it is no JSON"},
};

static void documents_that_are_no_set_are_refused(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, documents) {
        struct error error = {0};
        CHECK_CASE(c, !key_set_parse(str_from(c->json), &error), "was read");
        CHECK_CASE(c, strstr(error.text, c->error), "got '%s'", error.text);
    }
}

static struct key_set *set_of(const char *first_more, const char *second_more)
{
    struct str a = forge_jwk(&arena, &key, "a", first_more);
    struct str b = forge_jwk(&arena, &other, "a", second_more);
    struct key_set *set = key_set_parse(
        arena_printf(&arena, "{\"keys\":[%" STR_F ",%" STR_F "]}", STR_A(a), STR_A(b)), NULL);
    assert_non_null(set);
    return set;
}

static void keys_are_found_by_kid_and_algorithm(void **state)
{
    (void)state;
    const struct algorithm *rs256 = algorithm_find(STR("RS256"));
    struct key_set *set = set_of(",\"alg\":\"RS384\"", ",\"alg\":\"RS256\"");

    assert_ptr_equal(key_set_find(set, STR("a"), rs256), &set->keys.items[1]);
    assert_ptr_equal(key_set_find(set, STR("a"), algorithm_find(STR("RS384"))),
                     &set->keys.items[0]);
    const struct key *unfit = key_set_find(set, STR("a"), algorithm_find(STR("RS512")));
    assert_non_null(unfit);
    assert_false(key_serves(unfit, algorithm_find(STR("RS512"))));
    assert_null(key_set_find(set, STR("A"), rs256));
    assert_null(key_set_find(set, STR(""), rs256));
    key_set_free(set);
}

static void only_three_algorithms_are_known(void **state)
{
    (void)state;
    static const char *const unknown[] = {"",      "none",  "None",  "HS256",  "PS256", "PS384",
                                          "ES256", "EdDSA", "rs256", "RS256 ", "RS1",   "RS2567"};
    assert_string_equal(algorithm_find(STR("RS256"))->digest, "SHA256");
    assert_string_equal(algorithm_find(STR("RS384"))->digest, "SHA384");
    assert_string_equal(algorithm_find(STR("RS512"))->digest, "SHA512");
    FOR_EACH (name, unknown, ARRAY_LENGTH(unknown))
        assert_null(algorithm_find(str_from(*name)));
}

static void digests_tell_keys_apart(void **state)
{
    (void)state;
    struct key_set *set = set_of("", ""), *same = set_of("", ""),
                   *pinned = set_of("", ",\"alg\":\"RS256\"");
    assert_true(key_set_has(same, &set->keys.items[0].digest));
    assert_true(key_set_has(same, &set->keys.items[1].digest));
    assert_true(key_set_has(pinned, &set->keys.items[0].digest));
    assert_false(key_set_has(pinned, &set->keys.items[1].digest));
    key_set_free(set);
    key_set_free(same);
    key_set_free(pinned);
}

static void good_keys_survive_beside_bad_ones(void **state)
{
    (void)state;
    struct str weak = forge_jwk(&arena, &small, "weak", "");
    struct str good = forge_jwk(&arena, &key, "good", "");
    struct key_set *set = key_set_parse(arena_printf(&arena,
                                                     "{\"x\":1,\"keys\":[%" STR_F
                                                     ",{\"kty\":\"oct\",\"k\":\"AA\"},%" STR_F "]}",
                                                     STR_A(weak), STR_A(good)),
                                        NULL);
    assert_non_null(set);
    assert_int_equal(set->keys.count, 1);
    assert_str_equal(set->keys.items[0].kid, STR("good"));
    assert_int_equal(set->keys.items[0].signature_size, 256);
    key_set_free(set);
}

static void a_pem_key_is_named_by_its_thumbprint(void **state)
{
    (void)state;
    struct key_set *set = key_set_from_pem(forge_public_pem(&arena, &key), NULL);
    assert_non_null(set);
    assert_str_equal(set->keys.items[0].kid, str_from(key.thumbprint));
    assert_ptr_equal(set->keys.items[0].algorithm, algorithm_find(STR("RS256")));
    key_set_free(set);
    assert_null(key_set_from_pem(STR("x"), NULL));
}

static int make_keys(void **state)
{
    (void)state;
    arena_init(&arena, 65536);
    key = forge_key(2048);
    other = forge_key(2048);
    small = forge_key(1024);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    forge_release(&key);
    forge_release(&other);
    forge_release(&small);
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_keys_that_may_verify_are_kept),
        cmocka_unit_test(documents_that_are_no_set_are_refused),
        cmocka_unit_test(keys_are_found_by_kid_and_algorithm),
        cmocka_unit_test(only_three_algorithms_are_known),
        cmocka_unit_test(digests_tell_keys_apart),
        cmocka_unit_test(good_keys_survive_beside_bad_ones),
        cmocka_unit_test(a_pem_key_is_named_by_its_thumbprint),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
