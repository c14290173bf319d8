/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/gateway/subprotocol.h"

#include "testing.h"

#define JWT "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln"

static const struct {
    const char *name, *first, *second; /* two fields; NULL: there is none */
    const char *asked;                 /* whether this is offered */
    bool offered;
    const char *token, *other; /* what is found; NULL: none */
} cases[] = {
    {"one name", "chat", NULL, "chat", true, NULL, ""},
    {"a list", "a, b ,c", NULL, "b", true, NULL, ""},
    {"several fields", "a", "b", "b", true, NULL, ""},
    {"another case", "Chat", NULL, "chat", false, NULL, ""},
    {"part of a name", "chat2", NULL, "chat", false, NULL, ""},
    {"a list as a name", "a, b", NULL, "a, b", false, NULL, ""},
    {"nothing asked for", "a,,b", NULL, "", false, NULL, ""},
    {"nothing offered", NULL, NULL, "chat", false, NULL, ""},
    {"a token beside names", "auth, " JWT, NULL, "auth", true, JWT, ""},
    {"in another field", "auth", JWT, "auth", true, JWT, ""},
    {"two tokens", JWT ", eyJ.b.c", NULL, "eyJ.b.c", true, JWT, "eyJ.b.c"},
    {"a name with dots", "v1.json", NULL, "a", false, NULL, ""},
    {"a name of three parts", "wamp.2.json", NULL, "wamp.2.json", true, NULL, ""},
    {"a token with a space", "ewogIng.b.c", NULL, "a", false, "ewogIng.b.c", ""},
    {"four parts", "eyJ.b.c.d", NULL, "a", false, NULL, ""},
    {"an empty part", "eyJ..c", NULL, "a", false, NULL, ""},
    {"not base64url", "eyJ.b.c+", NULL, "a", false, NULL, ""},
};

static void finds_names_and_tokens(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct header headers[3] = {{STR("Host"), STR("chat")}};
        struct request r = {.headers = headers, .header_count = 1};
        struct str other;
        if (c->first)
            headers[r.header_count++] =
                (struct header){STR("sec-websocket-PROTOCOL"), str_from(c->first)};
        if (c->second)
            headers[r.header_count++] =
                (struct header){STR("Sec-WebSocket-Protocol"), str_from(c->second)};
        struct str token = subprotocol_find_token(&r, &other);
        CHECK_CASE(c, subprotocol_is_offered(&r, str_from(c->asked)) == c->offered, "offered");
        CHECK_CASE(c, (token.at != NULL) == (c->token != NULL), "token found");
        CHECK_CASE(c, !c->token || str_is(token, c->token), "got %" STR_F, STR_A(token));
        CHECK_CASE(c, str_is(other, c->other), "second: %" STR_F, STR_A(other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_names_and_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
