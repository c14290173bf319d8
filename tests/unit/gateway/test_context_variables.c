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

static const struct api chat = {.api_id = STR_INIT("chat"), .protocol_type = PROTOCOL_WEBSOCKET};
static const struct stage prod = {.stage_name = STR_INIT("prod"), .api = &chat};
static const struct route sending = {.key = STR_INIT("send")};
static const struct claim users_claims[] = {
    {STR_INIT("principalId"), STR_INIT("somebody else")},
    {STR_INIT("sub"), STR_INIT("42")},
    {STR_INIT("status"), STR_INIT("gold")},
    {STR_INIT("cognito:groups"), STR_INIT("[a b]")},
};
static const struct identity user = {.claims = users_claims, .claim_count = ARRAY_LENGTH(users_claims)};
static const struct connection_facts connection = {.id = "fSRjYQdB3GZnoac=", .connected_at = 1583348638389999};

/* A message of a WebSocket API. */
static const struct transaction message = {
    .settings = &settings,
    .request = {.user_agent = STR_INIT("ws/8"),
                .source_ip = STR_INIT("203.0.113.9"),
                .body = STR_INIT("{}"),
                .received_wall = 1583348638390123,
                .id = "JKJaXmPLvHcESHA="},
    .selection = {.api = &chat,
                  .stage = &prod,
                  .match = {.route = &sending},
                  .domain_name = STR_INIT("chat.example.com"),
                  .domain_prefix = STR_INIT("chat")},
    .identity = &user,
    .response = {.status = 200},
    .outcome = {.integration_called = true,
                .integration_latency = 12999,
                .integration_status = 200,
                .function_status = 500},
    .websocket = {.event = EVENT_MESSAGE, .connection = &connection, .message_id = "kGY748h268mFGmg="},
};

/* A disconnect of a connection that nobody had to sign in for. */
static const struct transaction disconnect = {
    .settings = &settings,
    .selection = {.api = &chat, .stage = &prod},
    .websocket = {.event = EVENT_DISCONNECT, .connection = &connection},
};

/* A handshake, refused; and a call of the management API, which is no event. */
static const struct transaction handshake = {
    .settings = &settings,
    .selection = {.api = &chat, .stage = &prod},
    .outcome = {.error = &gateway_responses[GATEWAY_FORBIDDEN]},
    .websocket = {.event = EVENT_CONNECT, .connection = &connection},
};
static const struct transaction management = {.settings = &settings, .selection = {.api = &chat, .stage = &prod}};
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

    /* WebSocket APIs */
    {"apiId", &message, "chat"},
    {"authenticate.status", &message, ""},
    {"authorize.status", &message, ""},
    {"authorizer.cognito:groups", &message, "[a b]"},
    {"authorizer.none", &message, ""},
    {"authorizer.principalId", &message, "42"},
    {"authorizer.principalId", &disconnect, ""},
    {"authorizer.status", &message, ""},
    {"authorizer.sub", &message, "42"},
    {"authorizer.sub", &disconnect, ""},
    {"connectedAt", &message, "1583348638389"},
    {"connectedAt", &management, ""},
    {"connectionId", &message, "fSRjYQdB3GZnoac="},
    {"connectionId", &disconnect, "fSRjYQdB3GZnoac="},
    {"connectionId", &management, ""},
    {"domainName", &message, "chat.example.com"},
    {"domainPrefix", &message, "chat"},
    {"error.message", &handshake, "Forbidden"},
    {"error.validationErrorString", &handshake, ""},
    {"eventType", &handshake, "CONNECT"},
    {"eventType", &message, "MESSAGE"},
    {"eventType", &disconnect, "DISCONNECT"},
    {"eventType", &management, ""},
    {"extendedRequestId", &message, "JKJaXmPLvHcESHA="},
    {"identity.apiKey", &message, ""},
    {"identity.apiKeyId", &message, ""},
    {"identity.sourceIp", &message, "203.0.113.9"},
    {"identity.userAgent", &message, "ws/8"},
    {"integration.latency", &message, "12"},
    {"integration.status", &message, "500"},
    {"messageDirection", &message, "IN"},
    {"messageDirection", &management, ""},
    {"messageId", &message, "kGY748h268mFGmg="},
    {"messageId", &disconnect, ""},
    {"requestId", &message, "JKJaXmPLvHcESHA="},
    {"requestTimeEpoch", &message, "1583348638390"},
    {"routeKey", &message, "send"},
    {"routeKey", &disconnect, ""},
    {"stage", &message, "prod"},
    {"status", &message, "200"},
};

/* Where it may stand at all: messageDirection is for templates alone. */
static int find(const char *name, const struct transaction *t)
{
    enum protocol_type kind = t->selection.api ? t->selection.api->protocol_type : PROTOCOL_HTTP;
    int id = context_variable_find(str_from(name), kind, IN_ACCESS_LOG);
    return id >= 0 ? id : context_variable_find(str_from(name), kind, IN_TEMPLATE);
}

static void appends_values(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        scoped_buf struct buf out = {0};
        int id = find(c->name, c->t);
        CHECK_CASE(c, id >= 0, "unknown");
        context_variable_append(&out, id, str_from(c->name), c->t);
        CHECK_CASE(c, str_is(buf_str(&out), c->want), "got '%" STR_F "'", STR_A(buf_str(&out)));
    }
}

static void every_row_answers_every_request(void **state)
{
    (void)state;
    static const struct transaction *const all[] = {&whole,      &refused,   &message,
                                                    &disconnect, &handshake, &management};
    for (int id = 0; id < VARIABLE_COUNT; id++) {
        FOR_EACH (t, all, ARRAY_LENGTH(all)) {
            scoped_buf struct buf out = {0};
            context_variable_append(&out, id, STR("authorizer.claims.sub"), *t);
        }
    }
}

static void access_logs_know_each_kind(void **state)
{
    (void)state;
    const char *nearest = NULL;
    int id = context_variables.resolve(STR("connectionId"), PROTOCOL_WEBSOCKET, &nearest);
    assert_int_equal(id, VARIABLE_CONNECTION_ID);
    assert_true(context_variables.resolve(STR("eventTyp"), PROTOCOL_WEBSOCKET, &nearest) < 0);
    assert_string_equal(nearest, "eventType");
    assert_true(context_variables.resolve(STR("eventType"), PROTOCOL_HTTP, &nearest) < 0);
    assert_null(nearest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_values),
        cmocka_unit_test(every_row_answers_every_request),
        cmocka_unit_test(access_logs_know_each_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
