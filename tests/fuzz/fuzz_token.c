/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a client sends as a token: what is refused is refused in words that fit into a quoted
 * string of a header, what parses is not believed, and claims become JSON that says the same. */
#include "fuzz.h"

#include <jansson.h>

#include "turnpike/auth/claims.h"
#include "turnpike/auth/token.h"

/* Its private half was thrown away. */
static const char public_key[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxRE1k3miwaJ7vVXQusoq\n"
    "8jU+8NJzorMHVH70uXYx+yRHGwNn0O2t7CD8QWd0Kp6u3YdbW24Qp7EDNWToE5Vs\n"
    "+rk119nf6FKL6sSWcS3FnHUq6t3H2Tst+q1l2x7roS6/MDVMCgvvwIfAXBeDqMjy\n"
    "yCwJeHI9eDtIV4W+J1mh7dlIpV0DDDcrEidy+6tC1AackXfFAansQxqq+mEC/zzC\n"
    "qyhDPV4vqHaNjfYOZ2l0GKyTR+xOdnuzwOSXgMbh+88fOqpWZxthBjp3u6UhcMqs\n"
    "JAre8udkSMOulo6jihG5CIgnrLGpG1wsDtqv8WZYWcJ6tCpY9cb6dBZYWy8vB8xv\n"
    "0QIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

static const struct key *known_key(void)
{
    static struct key_set *set;
    if (!set)
        set = key_set_from_pem(str_from(public_key), NULL);
    REQUIRE(set);
    return &set->keys.items[0];
}

static void check_words(struct str why)
{
    REQUIRE(why.len > 0 && why.len < 256);
    for (size_t i = 0; i < why.len; i++)
        REQUIRE(why.at[i] >= ' ' && why.at[i] <= '~' && why.at[i] != '"' && why.at[i] != '\\');
}

static void check_token(struct arena *arena, struct str text)
{
    struct token token;
    struct str why = STR("");
    if (!token_parse(arena, text, &token, &why)) {
        check_words(why);
        return;
    }
    REQUIRE(text.len <= TOKEN_SIZE_MAX && token.algorithm && token.kid.len > 0);
    REQUIRE(token.signed_text.at == text.at && token.signed_text.len < text.len);
    REQUIRE(!token_verify(arena, &token, known_key(), &why));
    check_words(why);
}

/* claims_json is an object of strings, one for each claim that is not null. */
static void check_rendering(const struct identity *identity)
{
    json_t *root = json_loadb(identity->claims_json.at, identity->claims_json.len,
                              JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    bool nul = str_find_str(identity->claims_json, STR("\\u0000")) < identity->claims_json.len;
    REQUIRE(root || nul); /* jansson takes no U+0000 in names */
    if (root)
        REQUIRE(json_object_size(root) == identity->claim_count);
    json_decref(root);
}

static void check_claims(struct arena *arena, struct str payload)
{
    struct members members;
    struct claims claims;
    struct str why = STR(""), audience = STR("app");
    if (!members_read(arena, payload, &members, &why) ||
        !claims_read(arena, arena, &members, &claims, &why)) {
        check_words(why);
        return;
    }
    check_rendering(&claims.identity);
    struct authorizer authorizer = {.issuer = STR("i"), .audience = {&audience, 1, 1}};
    why = claims_refusal(&claims, &authorizer, UINT64_C(1700000000000000));
    if (why.len > 0)
        check_words(why);
    else
        REQUIRE(str_is(claims.issuer, "i") && claims.expires_at > INT64_C(1700000000000000));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena, 4096);
    struct str input = fuzz_copy(fuzz_input(data, size));
    check_token(&arena, token_of_value(input));
    check_claims(&arena, input);
    fuzz_free(input);
    arena_release(&arena);
    return 0;
}
