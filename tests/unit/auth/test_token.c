/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/token.h"

#include <openssl/hmac.h>

#include "forge.h"

static struct arena arena;
static struct forge_key key, other;
static struct key_set *keys; /* "k" is key for any algorithm, "k256" is key for RS256, "o" other */

static const struct {
    const char *name, *value, *want;
} values[] = {
    {"a raw token", "a.b.c", "a.b.c"},
    {"a bearer", "Bearer a.b.c", "a.b.c"},
    {"in any case", "bEARER a.b.c", "a.b.c"},
    {"several spaces", "Bearer   a.b.c ", "a.b.c"},
    {"only the scheme", "Bearer", ""},
    {"the scheme and a space", "Bearer ", ""},
    {"nothing", "", ""},
    {"spaces", "  ", ""},
    {"another scheme", "Basic a.b.c", "Basic a.b.c"},
    {"the scheme run together", "Bearera.b.c", "Bearera.b.c"},
    {"twice", "Bearer bearer a", "bearer a"},
};

static void the_scheme_is_taken_off(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, values) {
        struct str got = token_of_value(str_from(c->value));
        CHECK_CASE(c, str_is(got, c->want), "got '%" STR_F "'", STR_A(got));
    }
}

#define H "{\"alg\":\"RS256\",\"kid\":\"k\"}"

/* Header and payload as JSON texts, under a sound signature. */
static const struct {
    const char *name, *header, *payload, *why;
} texts[] = {
    {"plain", H, "{}", NULL},
    {"further members", "{\"typ\":7,\"alg\":\"RS256\",\"x\":{},\"kid\":\"k\"}", "{\"a\":1}", NULL},
    {"an embedded key is ignored",
     "{\"jwk\":{},\"jku\":\"https://x\",\"x5u\":\"x\",\"x5c\":[],\"alg\":\"RS256\",\"kid\":\"k\"}",
     "{}", NULL},
    {"b64 true", "{\"b64\":true,\"alg\":\"RS256\",\"kid\":\"k\"}", "{}", NULL},
    {"escapes in names", "{\"\\u0061lg\":\"RS256\",\"kid\":\"k\"}", "{}", NULL},
    {"none", "{\"alg\":\"none\",\"kid\":\"k\"}", "{}", "signing method none is invalid"},
    {"NoNe", "{\"alg\":\"NoNe\",\"kid\":\"k\"}", "{}", "signing method NoNe is invalid"},
    {"HS256", "{\"alg\":\"HS256\",\"kid\":\"k\"}", "{}", "signing method HS256 is invalid"},
    {"ES256", "{\"alg\":\"ES256\",\"kid\":\"k\"}", "{}", "signing method ES256 is invalid"},
    {"EdDSA", "{\"alg\":\"EdDSA\",\"kid\":\"k\"}", "{}", "signing method EdDSA is invalid"},
    {"PS256", "{\"alg\":\"PS256\",\"kid\":\"k\"}", "{}", "signing method PS256 is invalid"},
    {"an empty algorithm", "{\"alg\":\"\",\"kid\":\"k\"}", "{}", "signing method  is invalid"},
    {"a header in the algorithm", "{\"alg\":\"a\\\"b\\r\\nc\\u0000\",\"kid\":\"k\"}", "{}",
     "signing method a?b??c? is invalid"},
    {"a long algorithm", "{\"alg\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", "{}",
     "signing method aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa is invalid"},
    {"no algorithm", "{\"kid\":\"k\"}", "{}", "signing method (alg) is unspecified"},
    {"alg is a list", "{\"alg\":[\"RS256\"],\"kid\":\"k\"}", "{}",
     "signing method (alg) is unspecified"},
    {"alg twice", "{\"alg\":\"RS256\",\"kid\":\"k\",\"alg\":\"none\"}", "{}",
     "a JSON object has a member twice"},
    {"alg twice, once escaped", "{\"alg\":\"RS256\",\"kid\":\"k\",\"\\u0061lg\":\"x\"}", "{}",
     "a JSON object has a member twice"},
    {"no kid", "{\"alg\":\"RS256\"}", "{}", "the token does not have a key id"},
    {"an empty kid", "{\"alg\":\"RS256\",\"kid\":\"\"}", "{}", "the token does not have a key id"},
    {"kid is a number", "{\"alg\":\"RS256\",\"kid\":1}", "{}", "the token does not have a key id"},
    {"crit", "{\"alg\":\"RS256\",\"kid\":\"k\",\"crit\":[\"exp\"]}", "{}",
     "the token has critical header parameters"},
    {"an empty crit", "{\"alg\":\"RS256\",\"kid\":\"k\",\"crit\":[]}", "{}",
     "the token has critical header parameters"},
    {"b64 false", "{\"alg\":\"RS256\",\"kid\":\"k\",\"b64\":false}", "{}",
     "the encoding of the token's payload is not supported"},
    {"b64 as text", "{\"alg\":\"RS256\",\"kid\":\"k\",\"b64\":\"true\"}", "{}",
     "the encoding of the token's payload is not supported"},
    {"zip", "{\"alg\":\"RS256\",\"kid\":\"k\",\"zip\":\"DEF\"}", "{}",
     "the encoding of the token's payload is not supported"},
    {"an empty header", "", "{}", "unexpected end of JSON input"},
    {"half a header", "{\"alg\":", "{}", "unexpected end of JSON input"},
    {"the header is a list", "[]", "{}", "it is no JSON object"},
    {"the header is text", "\"RS256\"", "{}", "it is no JSON object"},
    {"no JSON in the header", "alg=RS256", "{}", "invalid character 'a' in JSON"},
    {"a control character", "\x01", "{}", "invalid character in JSON"},
    {"something behind", H " {}", "{}", "invalid character '{' in JSON"},
    {"an empty payload", H, "", "unexpected end of JSON input"},
    {"the payload is a list", H, "[]", "it is no JSON object"},
    {"the payload is null", H, "null", "it is no JSON object"},
    {"a claim twice", H, "{\"sub\":\"a\",\"sub\":\"b\"}", "a JSON object has a member twice"},
    {"not UTF-8", H, "{\"sub\":\"\xff\"}", "invalid character in JSON"},
    {"no number", H, "{\"exp\":NaN}", "invalid character 'N' in JSON"},
    {"the payload comes first", "{\"alg\":\"none\",\"kid\":\"k\"}", "[]", "it is no JSON object"},
};

static void headers_and_payloads(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, texts) {
        struct str text =
            forge_token_with(&arena, &key, "SHA256", str_from(c->header), str_from(c->payload));
        struct token token;
        struct str why = STR("");
        bool parsed = token_parse(&arena, text, &token, &why);
        CHECK_CASE(c, parsed == !c->why, "%" STR_F, STR_A(why));
        CHECK_CASE(c, str_is(why, c->why ? c->why : ""), "got '%" STR_F "'", STR_A(why));
    }
}

#define SEGMENTS "token contains an invalid number of segments"
#define P        "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ" /* H */

static const struct {
    const char *name, *text, *why;
} shapes[] = {
    {"nothing", "", SEGMENTS},
    {"one segment", P, SEGMENTS},
    {"two segments", P ".e30", SEGMENTS},
    {"four segments", P ".e30.AA.", SEGMENTS},
    {"an encrypted token", P ".e30.AA.AA.AA", SEGMENTS},
    {"JSON serialisation", "{\"payload\":\"e30\"}", SEGMENTS},
    {"three empty segments", "..", "unexpected end of JSON input"},
    {"no header", ".e30.AA", "unexpected end of JSON input"},
    {"no payload", P "..AA", "unexpected end of JSON input"},
    {"no signature", P ".e30.", NULL},
    {"a bearer within", "bearer " P ".e30.AA", "tokenstring should not contain 'bearer '"},
    {"another scheme", "Basic " P ".e30.AA", "illegal base64 data at input byte 5"},
    {"padding", P "==.e30.AA", "illegal base64 data at input byte 34"},
    {"padding in the payload", P ".e30=.AA", "illegal base64 data at input byte 3"},
    {"padding in the signature", P ".e30.AA==", "illegal base64 data at input byte 2"},
    {"the other alphabet", P ".e30.A+/A", "illegal base64 data at input byte 1"},
    {"bits behind the end", P ".e30.AB", "illegal base64 data at input byte 2"},
    {"an impossible length", P ".e30.AAAAA", "illegal base64 data at input byte 5"},
    {"a line end", P ".e30.AA\n", "illegal base64 data at input byte 2"},
    {"a space", P ". e30.AA", "illegal base64 data at input byte 0"},
};

static void shapes_of_tokens(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, shapes) {
        struct token token;
        struct str why = STR("");
        bool parsed = token_parse(&arena, str_from(c->text), &token, &why);
        CHECK_CASE(c, parsed == !c->why, "%" STR_F, STR_A(why));
        CHECK_CASE(c, str_is(why, c->why ? c->why : ""), "got '%" STR_F "'", STR_A(why));
    }
}

/* Parses and verifies as auth.c does; returns what is wrong, or nothing. */
static struct str verify(struct str text)
{
    struct token token;
    struct str why = STR("");
    if (!token_parse(&arena, text, &token, &why))
        return why;
    const struct key *found = key_set_find(keys, token.kid, token.algorithm);
    if (!found)
        return STR("unknown kid");
    bool verified = token_verify(&arena, &token, found, &why);
    assert_true(verified == (why.len == 0));
    return why;
}

#define BAD STR("crypto/rsa: verification error")

static struct str sign(const struct forge_key *with, const char *alg, const char *kid)
{
    struct str digest = str_from(alg);
    return forge_token_with(&arena, with,
                            str_ends_with(digest, STR("512"))   ? "SHA512"
                            : str_ends_with(digest, STR("384")) ? "SHA384"
                                                                : "SHA256",
                            arena_printf(&arena, "{\"alg\":\"%s\",\"kid\":\"%s\"}", alg, kid),
                            STR("{\"sub\":\"me\"}"));
}

static void the_key_decides(void **state)
{
    (void)state;
    assert_str_equal(verify(sign(&key, "RS256", "k")), STR(""));
    assert_str_equal(verify(sign(&key, "RS384", "k")), STR(""));
    assert_str_equal(verify(sign(&key, "RS512", "k")), STR(""));
    assert_str_equal(verify(sign(&key, "RS256", "k256")), STR(""));
    assert_str_equal(verify(sign(&other, "RS256", "o")), STR(""));
    /* sound signatures, but the key is for RS256 alone */
    assert_str_equal(verify(sign(&key, "RS384", "k256")), STR("signing method RS384 is invalid"));
    assert_str_equal(verify(sign(&key, "RS512", "k256")), STR("signing method RS512 is invalid"));
    /* the kid of another key */
    assert_str_equal(verify(sign(&other, "RS256", "k")), BAD);
    assert_str_equal(verify(sign(&key, "RS256", "x")), STR("unknown kid"));
}

static void the_header_names_the_digest(void **state)
{
    (void)state;
    struct str header = STR("{\"alg\":\"RS384\",\"kid\":\"k\"}");
    assert_str_equal(verify(forge_token_with(&arena, &key, "SHA256", header, STR("{}"))), BAD);
}

/* The classic: the public key as the secret of an HMAC. */
static void a_public_key_is_no_secret(void **state)
{
    (void)state;
    struct str pem = forge_public_pem(&arena, &key);
    struct str text =
        forge_signed_text(&arena, STR("{\"alg\":\"HS256\",\"kid\":\"k\"}"), STR("{}"));
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len;
    assert_non_null(HMAC(EVP_sha256(), pem.at, (int)pem.len, (const unsigned char *)text.at,
                         text.len, mac, &len));
    struct str encoded = forge_base64(&arena, str_of((char *)mac, len));
    assert_str_equal(
        verify(arena_printf(&arena, "%" STR_F ".%" STR_F, STR_A(text), STR_A(encoded))),
        STR("signing method HS256 is invalid"));
    struct str claimed = forge_signed_text(&arena, STR(H), STR("{}"));
    assert_str_equal(
        verify(arena_printf(&arena, "%" STR_F ".%" STR_F, STR_A(claimed), STR_A(encoded))), BAD);
}

static void an_embedded_key_convinces_nobody(void **state)
{
    (void)state;
    struct str jwk = forge_jwk(&arena, &other, "k", "");
    struct str header =
        arena_printf(&arena, "{\"alg\":\"RS256\",\"kid\":\"k\",\"jwk\":%" STR_F "}", STR_A(jwk));
    assert_str_equal(verify(forge_token_with(&arena, &other, "SHA256", header, STR("{}"))), BAD);
}

/* PKCS #1 v1.5 and PSS must not be mixed up although the key could do both. */
static void pss_is_not_accepted_as_rs256(void **state)
{
    (void)state;
    struct str text = forge_signed_text(&arena, STR(H), STR("{}"));
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options;
    unsigned char signature[256];
    size_t len = sizeof(signature);
    assert_true(
        EVP_DigestSignInit_ex(context, &options, "SHA256", NULL, NULL, key.pkey, NULL) > 0 &&
        EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) > 0 &&
        EVP_DigestSign(context, signature, &len, (const unsigned char *)text.at, text.len) > 0);
    EVP_MD_CTX_free(context);
    struct str encoded = forge_base64(&arena, str_of((char *)signature, len));
    assert_str_equal(
        verify(arena_printf(&arena, "%" STR_F ".%" STR_F, STR_A(text), STR_A(encoded))), BAD);
}

/* header.payload of a token under any bytes as its signature. */
static struct str with_signature(struct str text, struct str bytes)
{
    return arena_printf(&arena, "%" STR_F ".%" STR_F, STR_A(text),
                        STR_A(forge_base64(&arena, bytes)));
}

static void signatures_have_their_exact_length(void **state)
{
    (void)state;
    struct str text = forge_signed_text(&arena, STR(H), STR("{}"));
    struct str good = forge_signature(&arena, &key, "SHA256", text);
    assert_str_equal(verify(with_signature(text, good)), STR(""));
    for (size_t len = 0; len < good.len; len += 51)
        assert_str_equal(verify(with_signature(text, str_head(good, len))), BAD);
    assert_str_equal(verify(with_signature(text, str_head(good, 255))), BAD);
    assert_str_equal(
        verify(with_signature(text, arena_printf(&arena, "%c%" STR_F, 0, STR_A(good)))), BAD);
    assert_str_equal(
        verify(with_signature(text, arena_copy(&arena, str_of(good.at, good.len + 0)))), STR(""));
    char longer[257] = {0};
    memcpy(longer, good.at, good.len);
    assert_str_equal(verify(with_signature(text, str_of(longer, sizeof(longer)))), BAD);
    char zeros[256] = {0};
    assert_str_equal(verify(with_signature(text, str_of(zeros, sizeof(zeros)))), BAD);
}

static void what_was_signed_cannot_be_exchanged(void **state)
{
    (void)state;
    struct str text = forge_signed_text(&arena, STR(H), STR("{\"sub\":\"me\"}"));
    struct str modified = forge_signed_text(&arena, STR(H), STR("{\"sub\":\"he\"}"));
    struct str respelt = forge_signed_text(&arena, STR("{\"kid\":\"k\",\"alg\":\"RS256\"}"),
                                           STR("{\"sub\":\"me\"}"));
    struct str signature = forge_signature(&arena, &key, "SHA256", text);
    assert_str_equal(verify(with_signature(text, signature)), STR(""));
    assert_str_equal(verify(with_signature(modified, signature)), BAD);
    assert_str_equal(verify(with_signature(respelt, signature)), BAD);
    char flipped[256];
    memcpy(flipped, signature.at, sizeof(flipped));
    flipped[128] ^= 1;
    assert_str_equal(verify(with_signature(text, str_of(flipped, sizeof(flipped)))), BAD);
}

static struct str repeat(const char *front, char c, size_t count, const char *back)
{
    char *middle = arena_zalloc(&arena, count + 1);
    memset(middle, c, count);
    return arena_printf(&arena, "%s%s%s", front, middle, back);
}

static void sizes_and_depths_are_bounded(void **state)
{
    (void)state;
    struct token token;
    struct str why = STR("");
    struct str deep = repeat("{\"a\":", '[', 2000, "");
    assert_false(token_parse(&arena, forge_token(&arena, &key, "k", deep), &token, &why));
    assert_true(str_starts_with(why, STR("invalid character '['")));
    struct str large = repeat("{\"a\":\"", 'x', TOKEN_SIZE_MAX, "\"}");
    assert_false(token_parse(&arena, forge_token(&arena, &key, "k", large), &token, &why));
    assert_str_equal(why, STR("the token is too long"));
    struct str digits = repeat("{\"a\":1", '0', 9000, "}");
    assert_true(token_parse(&arena, forge_token(&arena, &key, "k", digits), &token, &why));
}

static int make_keys(void **state)
{
    (void)state;
    arena_init(&arena, 65536);
    key = forge_key(2048);
    other = forge_key(2048);
    struct str a = forge_jwk(&arena, &key, "k", ""),
               b = forge_jwk(&arena, &key, "k256", ",\"alg\":\"RS256\""),
               c = forge_jwk(&arena, &other, "o", "");
    keys = key_set_parse(arena_printf(&arena, "{\"keys\":[%" STR_F ",%" STR_F ",%" STR_F "]}",
                                      STR_A(a), STR_A(b), STR_A(c)),
                         NULL);
    return keys ? 0 : -1;
}

static int free_keys(void **state)
{
    (void)state;
    key_set_free(keys);
    forge_release(&key);
    forge_release(&other);
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scheme_is_taken_off),
        cmocka_unit_test(headers_and_payloads),
        cmocka_unit_test(shapes_of_tokens),
        cmocka_unit_test(the_key_decides),
        cmocka_unit_test(the_header_names_the_digest),
        cmocka_unit_test(a_public_key_is_no_secret),
        cmocka_unit_test(an_embedded_key_convinces_nobody),
        cmocka_unit_test(pss_is_not_accepted_as_rs256),
        cmocka_unit_test(signatures_have_their_exact_length),
        cmocka_unit_test(what_was_signed_cannot_be_exchanged),
        cmocka_unit_test(sizes_and_depths_are_bounded),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
