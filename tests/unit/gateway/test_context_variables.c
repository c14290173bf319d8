/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/gateway/context_variables.h"

#include "testing.h"
#include "turnpike/model/context_variable.h"

static const struct settings settings = {.account_id = STR_INIT("123456789012")};
static const struct api api = {.api_id = STR_INIT("todo")};
static const struct stage stage = {.stage_name = STR_INIT("dev"), .api = &api};
static const struct route route = {.key = STR_INIT("GET /pets/{id}")};
static const struct claim claims[] = {
    {STR_INIT("sub"), STR_INIT("42")},
    {STR_INIT("cognito:groups"), STR_INIT("[a b]")},
};
static const struct identity identity = {.claims = claims, .claim_count = ARRAY_LENGTH(claims)};

/* clang-format off */
/* A request that passed everything. */
static const struct transaction whole = {
    .settings = &settings,
    .request = {.method = STR_INIT("GET"),
                .path = STR_INIT("/dev/pets/6"),
                .user_agent = STR_INIT("curl/8"),
                .source_ip = STR_INIT("203.0.113.9"),
                .received_wall = 1583348638390123,
                .id = "JKJaXmPLvHcESHA="},
    .selection = {.api = &api,
                  .stage = &stage,
                  .match = {.route = &route},
                  .mapping_key = STR_INIT("v1/orders"),
                  .domain_name = STR_INIT("api.example.com"),
                  .domain_prefix = STR_INIT("api")},
    .identity = &identity,
    .response = {.status = 404},
    .outcome = {.integration_called = true,
                .integration_latency = 12999,
                .integration_status = 200,
                .function_status = 404,
                .integration_request_id = STR_INIT("a-b-c"),
                .authorizer_called = true,
                .authorizer_latency = 1000,
                .authorizer_status = 200,
                .bytes_in = 10,
                .bytes_out = 32,
                .latency = 15001},
};

/* A request that was refused before it met anything. */
static const struct transaction refused = {
    .settings = &settings,
    .request = {.method = STR_INIT("GET"), .path = STR_INIT("/"), .id = "JKJaXmPLvHcESHA="},
    .outcome = {.error = &gateway_responses[GATEWAY_FORBIDDEN],
                .authorizer_error = STR_INIT("expired"),
                .integration_error = STR_INIT("too late")},
};
/* clang-format on */

static const struct {
    const char *name; /* of the variable */
    const struct transaction *t;
    const char *want; /* "": absent */
} cases[] = {
    {"accountId", &whole, "123456789012"},
    {"apiId", &whole, "todo"},
    {"apiId", &refused, ""},
    {"authorizer.claims", &whole, ""},
    {"authorizer.claims.sub", &whole, "42"},
    {"authorizer.claims.cognito:groups", &whole, "[a b]"},
    {"authorizer.claims.none", &whole, ""},
    {"authorizer.claims.sub", &refused, ""},
    {"authorizer.error", &whole, ""},
    {"authorizer.error", &refused, "expired"},
    {"authorizer.latency", &whole, "1"},
    {"authorizer.latency", &refused, ""},
    {"authorizer.status", &whole, "200"},
    {"authorizer.other", &whole, ""},
    {"authorizer.principalId", &whole, ""},
    {"awsEndpointRequestId", &whole, "a-b-c"},
    {"awsEndpointRequestId2", &whole, ""},
    {"customDomain.basePathMatched", &whole, "v1/orders"},
    {"dataProcessed", &whole, "42"},
    {"domainName", &whole, "api.example.com"},
    {"domainPrefix", &whole, "api"},
    {"error.message", &whole, ""},
    {"error.message", &refused, "Forbidden"},
    {"error.messageString", &whole, ""},
    {"error.messageString", &refused, "\"Forbidden\""},
    {"error.responseType", &refused, "ACCESS_DENIED"},
    {"extendedRequestId", &whole, "JKJaXmPLvHcESHA="},
    {"httpMethod", &whole, "GET"},
    {"identity.sourceIp", &whole, "203.0.113.9"},
    {"identity.userAgent", &whole, "curl/8"},
    {"identity.userArn", &whole, ""},
    {"integration.error", &refused, "too late"},
    {"integrationErrorMessage", &refused, "too late"},
    {"integration.integrationStatus", &whole, "200"},
    {"integrationStatus", &whole, "200"},
    {"integration.latency", &whole, "12"},
    {"integrationLatency", &whole, "12"},
    {"integration.latency", &refused, ""},
    {"integration.requestId", &whole, "a-b-c"},
    {"integration.status", &whole, "404"},
    {"integration.status", &refused, ""},
    {"path", &whole, "/dev/pets/6"},
    {"protocol", &whole, "HTTP/1.1"},
    {"requestId", &whole, "JKJaXmPLvHcESHA="},
    {"requestTime", &whole, "04/Mar/2020:19:03:58 +0000"},
    {"requestTimeEpoch", &whole, "1583348638390"},
    {"responseLatency", &whole, "15"},
    {"responseLength", &whole, "32"},
    {"responseLength", &refused, "0"},
    {"routeKey", &whole, "GET /pets/{id}"},
    {"routeKey", &refused, ""},
    {"stage", &whole, "dev"},
    {"stage", &refused, ""},
    {"status", &whole, "404"},
};

static void appends_values(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        scoped_buf struct buf out = {0};
        int id = context_variable_resolve(str_from(c->name));
        CHECK_CASE(c, id >= 0, "unknown");
        context_variable_append(&out, id, str_from(c->name), c->t);
        CHECK_CASE(c, str_is(buf_str(&out), c->want), "got '%" STR_F "'", STR_A(buf_str(&out)));
    }
}

static const struct connection_facts connection = {.id = "fSRjYQdB3GZnoac=",
                                                   .connected_at = 1583348638390999};

static const struct {
    const char *name;
    struct websocket_facts facts;
    const char *want;
} websocket_cases[] = {
    {"connectedAt", {.connection = &connection}, "1583348638390"},
    {"connectedAt", {.connection = NULL}, ""},
    {"connectionId", {.connection = &connection}, "fSRjYQdB3GZnoac="},
    {"connectionId", {.connection = NULL}, ""},
    {"eventType", {.event = EVENT_NONE}, ""},
    {"eventType", {.event = EVENT_CONNECT}, "CONNECT"},
    {"eventType", {.event = EVENT_MESSAGE}, "MESSAGE"},
    {"eventType", {.event = EVENT_DISCONNECT}, "DISCONNECT"},
    {"messageId", {.message_id = "kGY748h268mFGmg="}, "kGY748h268mFGmg="},
    {"messageId", {.event = EVENT_CONNECT}, ""},
};

static void appends_values_of_websocket_apis(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, websocket_cases) {
        scoped_buf struct buf out = {0};
        struct transaction t = {.websocket = c->facts};
        struct str name = str_from(c->name);
        int id = context_variable_find(PROTOCOL_WEBSOCKET, name, IN_ACCESS_LOG);
        CHECK_CASE(c, id >= 0, "unknown");
        CHECK_CASE(c, context_variable_resolve(name) < 0, "known of HTTP APIs");
        context_variable_append(&out, id, name, &t);
        CHECK_CASE(c, str_is(buf_str(&out), c->want), "got '%" STR_F "'", STR_A(buf_str(&out)));
    }
}

static void unknown_names(void **state)
{
    (void)state;
    static const char *const unknown[] = {
        "",          "Status",     "statu",       "statuss",         "resourcePath",
        "eventType", "authorizer", "authorizer.", "identity.apiKey", "identity."};
    FOR_EACH (name, unknown, ARRAY_LENGTH(unknown))
        if (context_variable_resolve(str_from(*name)) >= 0)
            fail_msg("'%s' is known", *name);
}

/* The look-up is a binary search, so every row must find itself, and answer every request. */
static void every_row_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < context_variables.name_count; i++) {
        struct str name = str_from(context_variables.names[i]);
        scoped_buf struct buf out = {0};
        int http = context_variable_find(PROTOCOL_HTTP, name, IN_ACCESS_LOG);
        int websocket = context_variable_find(PROTOCOL_WEBSOCKET, name, IN_ACCESS_LOG);
        assert_int_equal(http >= 0 ? http : websocket, (int)i);
        context_variable_append(&out, (int)i, name, &whole);
        context_variable_append(&out, (int)i, name, &refused);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_values),
        cmocka_unit_test(appends_values_of_websocket_apis),
        cmocka_unit_test(unknown_names),
        cmocka_unit_test(every_row_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
