/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/context_variable.h"

#include "testing.h"

enum { KIND_HTTP = 1, KIND_REST = 2, KIND_WEBSOCKET = 4 };

static const struct {
    const char *name;
    unsigned kinds, places;
} rows[] = {
#define CONTEXT_VARIABLE(name, kinds, places, symbol) {name, (kinds), (places)},
#include "turnpike/model/context_variables.def"
#undef CONTEXT_VARIABLE
};

static const struct {
    enum protocol_type kind;
    unsigned bit;
} kinds[] = {
    {PROTOCOL_HTTP, KIND_HTTP},
    {PROTOCOL_REST, KIND_REST},
    {PROTOCOL_WEBSOCKET, KIND_WEBSOCKET},
};

static const enum context_variable_place places[] = {IN_TEMPLATE, IN_ACCESS_LOG, IN_MAPPING};

/* The look-up is a binary search, so every row must find itself: where it may stand, and there
 * alone. */
static void every_row_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        FOR_EACH (k, kinds, ARRAY_LENGTH(kinds)) {
            FOR_EACH (place, places, ARRAY_LENGTH(places)) {
                bool stands = (rows[i].kinds & k->bit) && (rows[i].places & *place);
                int got = context_variable_find(str_from(rows[i].name), k->kind, *place);
                CHECK_CASE(&rows[i], got == (stands ? (int)i : -1), "%d", got);
            }
        }
    }
}

static const struct {
    const char *name, *variable;
    enum protocol_type kind;
    enum context_variable_place place;
    int want;
} cases[] = {
    {"a claim", "authorizer.claims.sub", PROTOCOL_HTTP, IN_ACCESS_LOG,
     VARIABLE_AUTHORIZER_CLAIMS_NAME},
    {"a key of the authorizer's", "authorizer.room", PROTOCOL_WEBSOCKET, IN_TEMPLATE,
     VARIABLE_AUTHORIZER_NAME},
    {"WebSocket APIs have no claims", "authorizer.claims.sub", PROTOCOL_WEBSOCKET, IN_ACCESS_LOG,
     -1},
    {"nor a method", "httpMethod", PROTOCOL_WEBSOCKET, IN_TEMPLATE, -1},
    {"HTTP APIs no events", "eventType", PROTOCOL_HTTP, IN_ACCESS_LOG, -1},
    {"nor keys", "identity.apiKey", PROTOCOL_HTTP, IN_ACCESS_LOG, -1},
    {"a template shows the route", "routeKey", PROTOCOL_WEBSOCKET, IN_TEMPLATE, VARIABLE_ROUTE_KEY},
    {"no log shows the direction", "messageDirection", PROTOCOL_WEBSOCKET, IN_ACCESS_LOG, -1},
    {"but a template", "messageDirection", PROTOCOL_WEBSOCKET, IN_TEMPLATE,
     VARIABLE_MESSAGE_DIRECTION},
    {"no mapping of an HTTP API the status", "status", PROTOCOL_HTTP, IN_MAPPING, -1},
    {"names have a case", "Status", PROTOCOL_HTTP, IN_ACCESS_LOG, -1},
    {"less than a name", "statu", PROTOCOL_HTTP, IN_ACCESS_LOG, -1},
    {"more than a name", "statuss", PROTOCOL_HTTP, IN_ACCESS_LOG, -1},
    {"nothing", "", PROTOCOL_WEBSOCKET, IN_ACCESS_LOG, -1},
    {"of REST APIs alone", "resourcePath", PROTOCOL_HTTP, IN_ACCESS_LOG, -1},
    {"a word alone", "authorizer", PROTOCOL_HTTP, IN_ACCESS_LOG, -1},
    {"no key", "authorizer.", PROTOCOL_WEBSOCKET, IN_ACCESS_LOG, -1},
    {"no identity", "identity.", PROTOCOL_WEBSOCKET, IN_ACCESS_LOG, -1},
};

static void finds_by_kind_and_place(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        int got = context_variable_find(str_from(c->variable), c->kind, c->place);
        CHECK_CASE(c, got == c->want, "%d", got);
    }
}

static const struct {
    const char *name, *variable;
    enum protocol_type kind;
    const char *want; /* NULL: none */
} nearest[] = {
    {"a slip", "statos", PROTOCOL_HTTP, "status"},
    {"what the kind has", "connectionID", PROTOCOL_WEBSOCKET, "connectionId"},
    {"not what others have", "connectionID", PROTOCOL_HTTP, NULL},
};

static void tells_what_may_be_meant(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, nearest) {
        const char *got = context_variable_nearest(str_from(c->variable), c->kind, IN_ACCESS_LOG);
        CHECK_CASE(c, str_eq(str_from(got), str_from(c->want)), "%s", got ? got : "none");
    }
}

/* What each of the look-ups that compilers get can find, by a name that the others do not. */
static void compilers_look_where_they_stand(void **state)
{
    (void)state;
    const char *nearest_of = NULL;
    struct str http = STR("path"), websocket = STR("connectionId"), templates = STR("status");
    assert_int_equal(context_variable_of_mapping(http, &nearest_of), VARIABLE_PATH);
    assert_int_equal(context_variable_of_mapping(websocket, &nearest_of), -1);
    assert_int_equal(context_variable_of_websocket_mapping(websocket, &nearest_of),
                     VARIABLE_CONNECTION_ID);
    assert_int_equal(context_variable_of_websocket_mapping(http, &nearest_of), -1);
    assert_int_equal(context_variable_of_websocket_mapping(templates, &nearest_of), -1);
    assert_int_equal(context_variable_of_websocket_template(templates, &nearest_of),
                     VARIABLE_STATUS);
    assert_int_equal(context_variable_of_websocket_template(http, &nearest_of), -1);
}

static void names_behind_prefixes(void **state)
{
    (void)state;
    assert_str_equal(context_variable_claim(STR("authorizer.claims.a.b")), STR("a.b"));
    assert_str_equal(context_variable_key(STR("authorizer.a.b")), STR("a.b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_found),
        cmocka_unit_test(finds_by_kind_and_place),
        cmocka_unit_test(tells_what_may_be_meant),
        cmocka_unit_test(compilers_look_where_they_stand),
        cmocka_unit_test(names_behind_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
