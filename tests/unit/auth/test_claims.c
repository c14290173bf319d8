/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/claims.h"

#include "testing.h"

static struct arena arena;

static struct claims read(struct str payload)
{
    struct members members;
    struct claims claims;
    struct str why = STR("");
    assert_true(members_read(&arena, payload, &members, &why));
    assert_true(claims_read(&arena, &arena, &members, &claims, &why));
    return claims;
}

/* The whole of claims_json. */
static const struct {
    const char *name, *payload, *want;
} renderings[] = {
    {"text", "{\"a\":\"b c\"}", "{\"a\":\"b c\"}"},
    {"an integer", "{\"a\":1787996002}", "{\"a\":\"1787996002\"}"},
    {"a large integer", "{\"a\":123456789012345678901234567890}",
     "{\"a\":\"123456789012345678901234567890\"}"},
    {"a negative one", "{\"a\":-7}", "{\"a\":\"-7\"}"},
    {"a fraction", "{\"a\":1.50}", "{\"a\":\"1.50\"}"},
    {"true and false", "{\"a\":true,\"b\":false}", "{\"a\":\"true\",\"b\":\"false\"}"},
    {"an array", "{\"a\":[\"admin\", \"poweruser\"]}", "{\"a\":\"[admin poweruser]\"}"},
    {"an array of one", "{\"a\":[\"admin\"]}", "{\"a\":\"[admin]\"}"},
    {"an empty array", "{\"a\":[ ]}", "{\"a\":\"[]\"}"},
    {"a mixed array", "{\"a\":[1,true,null,\"x\",[2,3],{}]}",
     "{\"a\":\"[1 true <nil> x [2 3] map[]]\"}"},
    {"null is left out", "{\"a\":1,\"b\":null,\"c\":2}", "{\"a\":\"1\",\"c\":\"2\"}"},
    {"null alone", "{\"a\":null}", "{}"},
    {"an object, sorted", "{\"a\":{\"k2\":\"v2\",\"k\":[1],\"B\":null}}",
     "{\"a\":\"map[B:<nil> k:[1] k2:v2]\"}"},
    {"objects within objects", "{\"a\":{\"b\":{\"c\":{\"d\":1}}}}",
     "{\"a\":\"map[b:map[c:map[d:1]]]\"}"},
    {"quotes", "{\"a\\\"\":\"b\\\"\\n\"}", "{\"a\\\"\":\"b\\\"\\n\"}"},
    {"U+0000", "{\"a\":\"x\\u0000y\"}", "{\"a\":\"x\\u0000y\"}"},
    {"escapes become text", "{\"\\u0061\":\"\\u00e9\"}", "{\"a\":\"\xc3\xa9\"}"},
    {"the token's order", "{\"z\":1,\"a\":2,\"m\":3}", "{\"z\":\"1\",\"a\":\"2\",\"m\":\"3\"}"},
    {"Cognito's groups", "{\"cognito:groups\":[\"g1\"]}", "{\"cognito:groups\":\"[g1]\"}"},
    {"nothing", "{}", "{}"},
};

static void claims_are_rendered_as_text(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, renderings) {
        struct claims claims = read(str_from(c->payload));
        CHECK_CASE(c, str_is(claims.identity.claims_json, c->want), "got %" STR_F,
                   STR_A(claims.identity.claims_json));
    }
}

static void claims_are_listed_in_order(void **state)
{
    (void)state;
    struct claims claims = read(STR("{\"sub\":\"me\",\"gone\":null,\"groups\":[\"a\",\"b\"]}"));
    assert_int_equal(claims.identity.claim_count, 2);
    assert_str_equal(claims.identity.claims[0].name, STR("sub"));
    assert_str_equal(claims.identity.claims[0].value, STR("me"));
    assert_str_equal(claims.identity.claims[1].name, STR("groups"));
    assert_str_equal(claims.identity.claims[1].value, STR("[a b]"));
}

static void members_that_occur_twice_within_claims_are_refused(void **state)
{
    (void)state;
    static const char *const payloads[] = {"{\"a\":{\"b\":1,\"b\":2}}",
                                           "{\"a\":[[{\"b\":1,\"b\":2}]]}",
                                           "{\"a\":{\"c\":{\"b\":1,\"\\u0062\":2}}}"};
    FOR_EACH (payload, payloads, ARRAY_LENGTH(payloads)) {
        struct members members;
        struct claims claims;
        struct str why;
        assert_true(members_read(&arena, str_from(*payload), &members, &why));
        assert_false(claims_read(&arena, &arena, &members, &claims, &why));
        assert_str_equal(why, STR("a JSON object has a member twice"));
    }
}

#define NOW      1000
#define AUDIENCE "the token does not have a valid audience"
#define EXPIRES  "the token does not have a valid expiration time"
#define OK       "\"iss\":\"https://i/\",\"aud\":\"app1\",\"exp\":2000"

/* Checked by an authorizer with issuer https://i/, audience app1 and app2, at 1000.5 s. */
static const struct {
    const char *name, *payload, *why;
} refusals[] = {
    {"sound", "{" OK "}", ""},
    {"no issuer", "{\"aud\":\"app1\",\"exp\":2000}", "issuer does not match"},
    {"another issuer", "{\"iss\":\"https://j/\",\"aud\":\"app1\",\"exp\":2000}",
     "issuer does not match"},
    {"without its slash", "{\"iss\":\"https://i\",\"aud\":\"app1\",\"exp\":2000}",
     "issuer does not match"},
    {"in another case", "{\"iss\":\"HTTPS://i/\",\"aud\":\"app1\",\"exp\":2000}",
     "issuer does not match"},
    {"issuer is a list", "{\"iss\":[\"https://i/\"],\"aud\":\"app1\",\"exp\":2000}",
     "issuer does not match"},
    {"issuer and U+0000", "{\"iss\":\"https://i/\\u0000\",\"aud\":\"app1\",\"exp\":2000}",
     "issuer does not match"},
    {"the issuer is looked at first", "{\"iss\":\"x\",\"aud\":\"x\",\"exp\":1}",
     "issuer does not match"},
    {"the second audience", "{\"iss\":\"https://i/\",\"aud\":\"app2\",\"exp\":2000}", ""},
    {"one of several", "{\"iss\":\"https://i/\",\"aud\":[\"x\",\"app2\"],\"exp\":2000}", ""},
    {"another audience", "{\"iss\":\"https://i/\",\"aud\":\"app\",\"exp\":2000}", AUDIENCE},
    {"no audience", "{\"iss\":\"https://i/\",\"exp\":2000}", AUDIENCE},
    {"an empty list", "{\"iss\":\"https://i/\",\"aud\":[],\"exp\":2000}", AUDIENCE},
    {"audience is a number", "{\"iss\":\"https://i/\",\"aud\":1,\"exp\":2000}", AUDIENCE},
    {"audience is null",
     "{\"iss\":\"https://i/\",\"aud\":null,\"client_id\":\"app1\",\"exp\":2000}", AUDIENCE},
    {"a number among them", "{\"iss\":\"https://i/\",\"aud\":[\"app1\",1],\"exp\":2000}", AUDIENCE},
    {"client_id instead", "{\"iss\":\"https://i/\",\"client_id\":\"app1\",\"exp\":2000}", ""},
    {"another client_id", "{\"iss\":\"https://i/\",\"client_id\":\"x\",\"exp\":2000}", AUDIENCE},
    {"client_id is a list", "{\"iss\":\"https://i/\",\"client_id\":[\"app1\"],\"exp\":2000}",
     AUDIENCE},
    {"a wrong aud is final",
     "{\"iss\":\"https://i/\",\"aud\":[\"x\"],\"client_id\":\"app1\",\"exp\":2000}", AUDIENCE},
    {"no exp", "{\"iss\":\"https://i/\",\"aud\":\"app1\"}", EXPIRES},
    {"exp is text", "{\"iss\":\"https://i/\",\"aud\":\"app1\",\"exp\":\"2000\"}", EXPIRES},
    {"exp is null", "{\"iss\":\"https://i/\",\"aud\":\"app1\",\"exp\":null}", EXPIRES},
    {"exp is infinite", "{\"iss\":\"https://i/\",\"aud\":\"app1\",\"exp\":1e999}", EXPIRES},
    {"exp is past", "{\"iss\":\"https://i/\",\"aud\":\"app1\",\"exp\":999}",
     "the token has expired"},
    {"exp is now", "{\"iss\":\"https://i/\",\"aud\":\"app1\",\"exp\":1000.5}",
     "the token has expired"},
    {"exp is in this second", "{\"iss\":\"https://i/\",\"aud\":\"app1\",\"exp\":1000}",
     "the token has expired"},
    {"exp is a moment ahead", "{\"iss\":\"https://i/\",\"aud\":\"app1\",\"exp\":1000.501}", ""},
    {"exp with an exponent", "{\"iss\":\"https://i/\",\"aud\":\"app1\",\"exp\":0.2e4}", ""},
    {"exp is negative", "{\"iss\":\"https://i/\",\"aud\":\"app1\",\"exp\":-1e300}",
     "the token has expired"},
    {"exp is huge", "{\"iss\":\"https://i/\",\"aud\":\"app1\",\"exp\":1e300}", ""},
    {"exp is 2^64", "{\"iss\":\"https://i/\",\"aud\":\"app1\",\"exp\":18446744073709551616}", ""},
    {"nbf is past", "{" OK ",\"nbf\":999}", ""},
    {"nbf is now", "{" OK ",\"nbf\":1000.5}", ""},
    {"nbf is ahead", "{" OK ",\"nbf\":1001}", "the token is not valid yet"},
    {"nbf is text", "{" OK ",\"nbf\":\"1\"}", "the token is not valid yet"},
    {"nbf is huge", "{" OK ",\"nbf\":1e40}", "the token is not valid yet"},
    {"nbf is negative and huge", "{" OK ",\"nbf\":-1e40}", ""},
    {"iat is past", "{" OK ",\"iat\":1000}", ""},
    {"iat is ahead", "{" OK ",\"iat\":1000.6}", "the token was issued in the future"},
    {"iat is a truth", "{" OK ",\"iat\":true}", "the token was issued in the future"},
};

static void claims_must_satisfy_the_authorizer(void **state)
{
    (void)state;
    struct str audience[] = {STR("app1"), STR("app2")};
    struct authorizer authorizer = {.issuer = STR("https://i/"), .audience = {audience, 2, 2}};
    FOR_EACH_CASE (c, refusals) {
        struct claims claims = read(str_from(c->payload));
        struct str why = claims_refusal(&claims, &authorizer, NOW * UINT64_C(1000000) + 500000);
        CHECK_CASE(c, str_is(why, c->why), "got '%" STR_F "'", STR_A(why));
    }
}

/* `want` are the token's scopes, joined by '|'; the route asks for a or https://x/b.read. */
static const struct {
    const char *name, *payload, *want;
    bool passes;
} scopes[] = {
    {"any of them", "{\"scope\":\"b a\"}", "b|a", true},
    {"none of them", "{\"scope\":\"b\"}", "b", false},
    {"no scope", "{}", "", false},
    {"an empty one", "{\"scope\":\"\"}", "", false},
    {"many spaces", "{\"scope\":\"  a   c \"}", "a|c", true},
    {"a URL", "{\"scope\":\"x https://x/b.read\"}", "x|https://x/b.read", true},
    {"a part of a URL", "{\"scope\":\"b.read https://x/b\"}", "b.read|https://x/b", false},
    {"in another case", "{\"scope\":\"A\"}", "A", false},
    {"scp as text", "{\"scp\":\"c a\"}", "c|a", true},
    {"scp as an array", "{\"scp\":[\"c\",\"a\"]}", "c|a", true},
    {"an array is not split", "{\"scp\":[\"c a\"]}", "c a", false},
    {"scp goes before scope", "{\"scope\":\"a\",\"scp\":\"b\"}", "b", false},
    {"an empty scp too", "{\"scope\":\"a\",\"scp\":[]}", "", false},
    {"a null scp is none", "{\"scope\":\"a\",\"scp\":null}", "a", true},
    {"scp is a number", "{\"scope\":\"a\",\"scp\":1}", "", false},
    {"a number in scp", "{\"scp\":[\"a\",1]}", "", false},
    {"scope as an array", "{\"scope\":[\"a\"]}", "a", true},
    {"scope is an object", "{\"scope\":{\"a\":\"a\"}}", "", false},
};

static struct str join(const struct identity *identity)
{
    struct str all = STR("");
    for (size_t i = 0; i < identity->scope_count; i++)
        all = arena_printf(&arena, "%" STR_F "%s%" STR_F, STR_A(all), i ? "|" : "",
                           STR_A(identity->scopes[i]));
    return all;
}

static void one_of_the_routes_scopes_is_enough(void **state)
{
    (void)state;
    struct str wanted[] = {STR("a"), STR("https://x/b.read")};
    struct route route = {.scopes = {wanted, 2, 2}}, open = {0};
    FOR_EACH_CASE (c, scopes) {
        struct claims claims = read(str_from(c->payload));
        struct str got = join(&claims.identity);
        CHECK_CASE(c, str_is(got, c->want), "got '%" STR_F "'", STR_A(got));
        CHECK_CASE(c, claims_have_scope(&claims, &route) == c->passes, "scopes");
        CHECK_CASE(c, claims_have_scope(&claims, &open), "a route without scopes");
    }
}

static void ten_thousand_scopes_and_claims(void **state)
{
    (void)state;
    scoped_buf struct buf payload = {0};
    buf_literal(&payload, "{\"scope\":\"");
    for (unsigned i = 0; i < 10000; i++)
        buf_printf(&payload, "%s%u", i ? " " : "", i);
    buf_literal(&payload, "\"");
    for (unsigned i = 0; i < 10000; i++)
        buf_printf(&payload, ",\"c%u\":%u", i, i);
    buf_literal(&payload, "}");
    struct claims claims = read(buf_str(&payload));
    assert_int_equal(claims.identity.scope_count, 10000);
    assert_int_equal(claims.identity.claim_count, 10001);
    struct str wanted[] = {STR("9999")};
    assert_true(claims_have_scope(&claims, &(struct route){.scopes = {wanted, 1, 1}}));
}

static void deep_claims_are_rendered(void **state)
{
    (void)state;
    scoped_buf struct buf payload = {0};
    buf_literal(&payload, "{\"a\":");
    for (unsigned i = 0; i < 500; i++)
        buf_literal(&payload, "{\"b\":");
    buf_literal(&payload, "1");
    for (unsigned i = 0; i < 501; i++)
        buf_literal(&payload, "}");
    struct claims claims = read(buf_str(&payload));
    assert_int_equal(claims.identity.claims[0].value.len, 500 * 7 + 1);
}

static int init(void **state)
{
    (void)state;
    arena_init(&arena, 65536);
    return 0;
}

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_are_rendered_as_text),
        cmocka_unit_test(claims_are_listed_in_order),
        cmocka_unit_test(members_that_occur_twice_within_claims_are_refused),
        cmocka_unit_test(claims_must_satisfy_the_authorizer),
        cmocka_unit_test(one_of_the_routes_scopes_is_enough),
        cmocka_unit_test(ten_thousand_scopes_and_claims),
        cmocka_unit_test(deep_claims_are_rendered),
    };
    return cmocka_run_group_tests(tests, init, release);
}
