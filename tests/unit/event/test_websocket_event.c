/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/event/websocket_event.h"

#include "testing.h"

#define HEADERS_MAX 8

/* What a case adds to the scene. */
struct scene {
    const char *name;
    enum websocket_event event;
    const char *route_key;
    struct header headers[HEADERS_MAX]; /* of the handshake; ends with an empty name */
    const char *query, *user_agent, *trace_id, *forwarded_for, *body;
    size_t body_len; /* where the body holds a NUL */
    const char *scheme;
    uint16_t port;
    bool binary;
    const struct identity *identity;
    bool variables;
    unsigned code;
    const char *reason;
    uint64_t received; /* 0: RECEIVED */
    const char *want;
};

/* clang-format off */
#define HEADER(name, value) {STR_INIT(name), STR_INIT(value)}

static struct variable variables[] = {
    {STR_INIT("table"), STR_INIT("rooms")},
    {STR_INIT("Stage"), STR_INIT("blue")},
};

static const struct claim claims[] = {
    {STR_INIT("sub"), STR_INIT("42")},
    {STR_INIT("principalId"), STR_INIT("somebody else")},
    {STR_INIT("exp"), STR_INIT("4102444800")},
    {STR_INIT("name"), STR_INIT("a \"b\"")},
};
static const struct identity user = {.claims = claims, .claim_count = ARRAY_LENGTH(claims)};

static const struct claim nobodys_claims[] = {{STR_INIT("iss"), STR_INIT("https://a")}};
static const struct identity nobody = {.claims = nobodys_claims, .claim_count = 1};

#define CONNECTED UINT64_C(1700000000419000)
#define RECEIVED  UINT64_C(1700000000420999)

#define BEFORE_EVENT_TYPE(key) "\"requestContext\":{\"routeKey\":\"" key "\""
#define BEFORE_DIRECTION \
    ",\"extendedRequestId\":\"MPTfGK0yzhp8Vgc=\",\"requestTime\":\"14/Nov/2023:22:13:20 +0000\""
#define BEFORE_IDENTITY \
    ",\"stage\":\"prod\",\"connectedAt\":1700000000419,\"requestTimeEpoch\":1700000000420"
#define WITHOUT_AGENT ",\"identity\":{\"sourceIp\":\"203.0.113.7\"}"
#define WITH_AGENT    ",\"identity\":{\"userAgent\":\"ws/8\",\"sourceIp\":\"203.0.113.7\"}"
#define BEHIND_IDENTITY \
    ",\"requestId\":\"MPTfGK0yzhp8Vgc=\",\"domainName\":\"abc123.execute-api.us-east-1.amazonaws.com\"," \
    "\"connectionId\":\"fSRjYQdB3GZnoac=\",\"apiId\":\"abc123\"}"

#define CONNECT_CONTEXT(authorizer, agent)                                                         \
    BEFORE_EVENT_TYPE("$connect") authorizer ",\"eventType\":\"CONNECT\"" BEFORE_DIRECTION         \
    ",\"messageDirection\":\"IN\"" BEFORE_IDENTITY agent BEHIND_IDENTITY
#define MESSAGE_CONTEXT(key, authorizer)                                                           \
    BEFORE_EVENT_TYPE(key) authorizer ",\"messageId\":\"kGY748h268mFGmg=\""                        \
    ",\"eventType\":\"MESSAGE\"" BEFORE_DIRECTION ",\"messageDirection\":\"IN\"" BEFORE_IDENTITY   \
    WITHOUT_AGENT BEHIND_IDENTITY
#define DISCONNECT_CONTEXT(authorizer, code, reason)                                               \
    BEFORE_EVENT_TYPE("$disconnect") authorizer ",\"disconnectStatusCode\":" code                  \
    ",\"eventType\":\"DISCONNECT\"" BEFORE_DIRECTION ",\"messageDirection\":\"IN\""                \
    ",\"disconnectReason\":\"" reason "\"" BEFORE_IDENTITY WITHOUT_AGENT BEHIND_IDENTITY

#define HOST "abc123.execute-api.us-east-1.amazonaws.com"
#define GATEWAY_HEADERS  "\"X-Forwarded-Port\":\"443\",\"X-Forwarded-Proto\":\"https\""
#define GATEWAY_MULTIPLE "\"X-Forwarded-Port\":[\"443\"],\"X-Forwarded-Proto\":[\"https\"]"
#define NO_HEADERS                                                                                 \
    "\"headers\":{" GATEWAY_HEADERS "},\"multiValueHeaders\":{" GATEWAY_MULTIPLE "},"
#define DISCONNECT_HEADERS                                                                         \
    "\"headers\":{\"Host\":\"" HOST "\",\"x-api-key\":\"\",\"X-Forwarded-For\":\"\",\"x-restapi\":\"\"}," \
    "\"multiValueHeaders\":{\"Host\":[\"" HOST "\"],\"x-api-key\":[\"\"],\"X-Forwarded-For\":[\"\"]," \
    "\"x-restapi\":[\"\"]},"
#define VARIABLES  "\"stageVariables\":{\"Stage\":\"blue\",\"table\":\"rooms\"},"
#define AUTHORIZER ",\"authorizer\":{\"principalId\":\"42\",\"sub\":\"42\",\"exp\":\"4102444800\",\"name\":\"a \\\"b\\\"\"}"
#define PLAIN      ",\"isBase64Encoded\":false}"

static const struct scene cases[] = {
    {"a whole handshake", EVENT_CONNECT, .user_agent = "Mozilla/5.0 (X11)",
     .headers = {HEADER("Host", HOST), HEADER("Connection", "Upgrade"),
                 HEADER("Upgrade", "websocket"), HEADER("User-Agent", "Mozilla/5.0 (X11)"),
                 HEADER("Sec-WebSocket-Version", "13"), HEADER("Sec-WebSocket-Key", "cDKFD/VKnt8EOTKkUILUgw=="),
                 HEADER("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")},
     .query = "token=abc", .trace_id = "Root=1-67659810-101d2f353e7cd9797a9aa4ba",
     .forwarded_for = "203.0.113.7",
     .want =
     "{\"headers\":{\"Host\":\"abc123.execute-api.us-east-1.amazonaws.com\","
     "\"Sec-WebSocket-Extensions\":\"permessage-deflate; client_max_window_bits\","
     "\"Sec-WebSocket-Key\":\"cDKFD/VKnt8EOTKkUILUgw==\",\"Sec-WebSocket-Version\":\"13\","
     "\"User-Agent\":\"Mozilla/5.0 (X11)\",\"X-Amzn-Trace-Id\":\"Root=1-67659810-101d2f353e7cd9797a9aa4ba\","
     "\"X-Forwarded-For\":\"203.0.113.7\",\"X-Forwarded-Port\":\"443\",\"X-Forwarded-Proto\":\"https\"},"
     "\"multiValueHeaders\":{\"Host\":[\"abc123.execute-api.us-east-1.amazonaws.com\"],"
     "\"Sec-WebSocket-Extensions\":[\"permessage-deflate; client_max_window_bits\"],"
     "\"Sec-WebSocket-Key\":[\"cDKFD/VKnt8EOTKkUILUgw==\"],\"Sec-WebSocket-Version\":[\"13\"],"
     "\"User-Agent\":[\"Mozilla/5.0 (X11)\"],\"X-Amzn-Trace-Id\":[\"Root=1-67659810-101d2f353e7cd9797a9aa4ba\"],"
     "\"X-Forwarded-For\":[\"203.0.113.7\"],\"X-Forwarded-Port\":[\"443\"],\"X-Forwarded-Proto\":[\"https\"]},"
     "\"queryStringParameters\":{\"token\":\"abc\"},\"multiValueQueryStringParameters\":{\"token\":[\"abc\"]},"
     "\"requestContext\":{\"routeKey\":\"$connect\",\"eventType\":\"CONNECT\","
     "\"extendedRequestId\":\"MPTfGK0yzhp8Vgc=\",\"requestTime\":\"14/Nov/2023:22:13:20 +0000\","
     "\"messageDirection\":\"IN\",\"stage\":\"prod\",\"connectedAt\":1700000000419,"
     "\"requestTimeEpoch\":1700000000420,\"identity\":{\"userAgent\":\"Mozilla/5.0 (X11)\","
     "\"sourceIp\":\"203.0.113.7\"},\"requestId\":\"MPTfGK0yzhp8Vgc=\","
     "\"domainName\":\"abc123.execute-api.us-east-1.amazonaws.com\","
     "\"connectionId\":\"fSRjYQdB3GZnoac=\",\"apiId\":\"abc123\"},\"isBase64Encoded\":false}"},
    {"a whole message", EVENT_MESSAGE, "$default", .body = "{\"action\":\"join\"}", .user_agent = "ws/8",
     .want =
     "{\"requestContext\":{\"routeKey\":\"$default\",\"messageId\":\"kGY748h268mFGmg=\","
     "\"eventType\":\"MESSAGE\",\"extendedRequestId\":\"MPTfGK0yzhp8Vgc=\","
     "\"requestTime\":\"14/Nov/2023:22:13:20 +0000\",\"messageDirection\":\"IN\",\"stage\":\"prod\","
     "\"connectedAt\":1700000000419,\"requestTimeEpoch\":1700000000420,"
     "\"identity\":{\"userAgent\":\"ws/8\",\"sourceIp\":\"203.0.113.7\"},"
     "\"requestId\":\"MPTfGK0yzhp8Vgc=\",\"domainName\":\"abc123.execute-api.us-east-1.amazonaws.com\","
     "\"connectionId\":\"fSRjYQdB3GZnoac=\",\"apiId\":\"abc123\"},"
     "\"body\":\"{\\\"action\\\":\\\"join\\\"}\",\"isBase64Encoded\":false}"},
    {"a whole disconnect", EVENT_DISCONNECT, .code = 1001, .reason = "Going away", .user_agent = "ws/8",
     .want =
     "{\"headers\":{\"Host\":\"abc123.execute-api.us-east-1.amazonaws.com\",\"x-api-key\":\"\","
     "\"X-Forwarded-For\":\"\",\"x-restapi\":\"\"},"
     "\"multiValueHeaders\":{\"Host\":[\"abc123.execute-api.us-east-1.amazonaws.com\"],"
     "\"x-api-key\":[\"\"],\"X-Forwarded-For\":[\"\"],\"x-restapi\":[\"\"]},"
     "\"requestContext\":{\"routeKey\":\"$disconnect\",\"disconnectStatusCode\":1001,"
     "\"eventType\":\"DISCONNECT\",\"extendedRequestId\":\"MPTfGK0yzhp8Vgc=\","
     "\"requestTime\":\"14/Nov/2023:22:13:20 +0000\",\"messageDirection\":\"IN\","
     "\"disconnectReason\":\"Going away\",\"stage\":\"prod\",\"connectedAt\":1700000000419,"
     "\"requestTimeEpoch\":1700000000420,\"identity\":{\"userAgent\":\"ws/8\",\"sourceIp\":\"203.0.113.7\"},"
     "\"requestId\":\"MPTfGK0yzhp8Vgc=\",\"domainName\":\"abc123.execute-api.us-east-1.amazonaws.com\","
     "\"connectionId\":\"fSRjYQdB3GZnoac=\",\"apiId\":\"abc123\"},\"isBase64Encoded\":false}"},

    /* CONNECT: headers */
    {"no headers but the gateway's", EVENT_CONNECT,
     .want = "{" NO_HEADERS CONNECT_CONTEXT("", WITHOUT_AGENT) PLAIN},
    {"without TLS", EVENT_CONNECT, .scheme = "http", .port = 8080,
     .want = "{\"headers\":{\"X-Forwarded-Port\":\"8080\",\"X-Forwarded-Proto\":\"http\"},"
             "\"multiValueHeaders\":{\"X-Forwarded-Port\":[\"8080\"],\"X-Forwarded-Proto\":[\"http\"]},"
             CONNECT_CONTEXT("", WITHOUT_AGENT) PLAIN},
    {"names keep their case and sort without it", EVENT_CONNECT,
     .headers = {HEADER("x-b", "2"), HEADER("Zebra", "5"), HEADER("X-A", "1"),
                 HEADER("accept", "3"), HEADER("X_C", "4")},
     .want = "{\"headers\":{\"accept\":\"3\",\"X-A\":\"1\",\"x-b\":\"2\"," GATEWAY_HEADERS
             ",\"X_C\":\"4\",\"Zebra\":\"5\"},"
             "\"multiValueHeaders\":{\"accept\":[\"3\"],\"X-A\":[\"1\"],\"x-b\":[\"2\"]," GATEWAY_MULTIPLE
             ",\"X_C\":[\"4\"],\"Zebra\":[\"5\"]},"
             CONNECT_CONTEXT("", WITHOUT_AGENT) PLAIN},
    {"of one name: the last value, or all in order", EVENT_CONNECT,
     .headers = {HEADER("X-A", "2"), HEADER("Cookie", "a=1"), HEADER("X-A", "1"), HEADER("Cookie", "b=2; c=3")},
     .want = "{\"headers\":{\"Cookie\":\"b=2; c=3\",\"X-A\":\"1\"," GATEWAY_HEADERS "},"
             "\"multiValueHeaders\":{\"Cookie\":[\"a=1\",\"b=2; c=3\"],\"X-A\":[\"2\",\"1\"]," GATEWAY_MULTIPLE "},"
             CONNECT_CONTEXT("", WITHOUT_AGENT) PLAIN},
    {"of several spellings the first, and all their values", EVENT_CONNECT,
     .headers = {HEADER("x-TOKEN", "1"), HEADER("X-Token", "2"), HEADER("x-token", "3")},
     .want = "{\"headers\":{" GATEWAY_HEADERS ",\"x-TOKEN\":\"3\"},"
             "\"multiValueHeaders\":{" GATEWAY_MULTIPLE ",\"x-TOKEN\":[\"1\",\"2\",\"3\"]},"
             CONNECT_CONTEXT("", WITHOUT_AGENT) PLAIN},
    {"those of the connection are left out, however spelled", EVENT_CONNECT,
     .headers = {HEADER("CONNECTION", "Upgrade"), HEADER("upgrade", "websocket"), HEADER("Content-Length", "0"),
                 HEADER("Keep-Alive", "5"), HEADER("TE", "trailers"), HEADER("Transfer-Encoding", "chunked"),
                 HEADER("Proxy-Connection", "close")},
     .want = "{" NO_HEADERS CONNECT_CONTEXT("", WITHOUT_AGENT) PLAIN},
    {"the client's word on where it is does not count", EVENT_CONNECT, .trace_id = "Root=1",
     .forwarded_for = "203.0.113.7",
     .headers = {HEADER("x-forwarded-for", "10.0.0.1"), HEADER("X-FORWARDED-PORT", "1"),
                 HEADER("X-Forwarded-Proto", "gopher"), HEADER("X-Amzn-Trace-Id", "Root=2")},
     .want = "{\"headers\":{\"X-Amzn-Trace-Id\":\"Root=1\",\"X-Forwarded-For\":\"203.0.113.7\"," GATEWAY_HEADERS "},"
             "\"multiValueHeaders\":{\"X-Amzn-Trace-Id\":[\"Root=1\"],\"X-Forwarded-For\":[\"203.0.113.7\"]," GATEWAY_MULTIPLE "},"
             CONNECT_CONTEXT("", WITHOUT_AGENT) PLAIN},

    /* CONNECT: query */
    {"of one parameter: the last value, or all in order", EVENT_CONNECT, .query = "b=2&a=x&b=1",
     .want = "{" NO_HEADERS "\"queryStringParameters\":{\"a\":\"x\",\"b\":\"1\"},"
             "\"multiValueQueryStringParameters\":{\"a\":[\"x\"],\"b\":[\"2\",\"1\"]},"
             CONNECT_CONTEXT("", WITHOUT_AGENT) PLAIN},
    {"names and values are decoded", EVENT_CONNECT, .query = "a%20b=%22+%C3%A9&c",
     .want = "{" NO_HEADERS "\"queryStringParameters\":{\"a b\":\"\\\" \xc3\xa9\",\"c\":\"\"},"
             "\"multiValueQueryStringParameters\":{\"a b\":[\"\\\" \xc3\xa9\"],\"c\":[\"\"]},"
             CONNECT_CONTEXT("", WITHOUT_AGENT) PLAIN},
    {"a query of nothing is none", EVENT_CONNECT, .query = "&",
     .want = "{" NO_HEADERS CONNECT_CONTEXT("", WITHOUT_AGENT) PLAIN},

    /* CONNECT: the rest */
    {"a user agent", EVENT_CONNECT, .user_agent = "ws/8",
     .want = "{" NO_HEADERS CONNECT_CONTEXT("", WITH_AGENT) PLAIN},
    {"stage variables, where the stage has some", EVENT_CONNECT, .variables = true,
     .want = "{" NO_HEADERS VARIABLES CONNECT_CONTEXT("", WITHOUT_AGENT) PLAIN},
    {"whom the authorizer found; no claim passes for it", EVENT_CONNECT, .identity = &user,
     .want = "{" NO_HEADERS CONNECT_CONTEXT(AUTHORIZER, WITHOUT_AGENT) PLAIN},
    {"a token of nobody", EVENT_CONNECT, .identity = &nobody,
     .want = "{" NO_HEADERS CONNECT_CONTEXT(",\"authorizer\":{\"principalId\":\"\",\"iss\":\"https://a\"}", WITHOUT_AGENT) PLAIN},
    {"a handshake has no body", EVENT_CONNECT, .body = "x", .binary = true,
     .want = "{" NO_HEADERS CONNECT_CONTEXT("", WITHOUT_AGENT) PLAIN},
    {"no request is older than its connection", EVENT_CONNECT, .received = CONNECTED - 5000000,
     .want = "{" NO_HEADERS BEFORE_EVENT_TYPE("$connect") ",\"eventType\":\"CONNECT\"" BEFORE_DIRECTION
             ",\"messageDirection\":\"IN\",\"stage\":\"prod\",\"connectedAt\":1700000000419,"
             "\"requestTimeEpoch\":1700000000419" WITHOUT_AGENT BEHIND_IDENTITY PLAIN},

    /* MESSAGE */
    {"the key of the route that matched", EVENT_MESSAGE, "chat/join", .body = "{}",
     .want = "{" MESSAGE_CONTEXT("chat/join", "") ",\"body\":\"{}\"" PLAIN},
    {"neither headers nor query, whatever the handshake had", EVENT_MESSAGE, "a", .body = "{}", .query = "token=abc",
     .headers = {HEADER("X-A", "1")}, .trace_id = "Root=1", .forwarded_for = "203.0.113.7",
     .want = "{" MESSAGE_CONTEXT("a", "") ",\"body\":\"{}\"" PLAIN},
    {"the text as it came", EVENT_MESSAGE, "a", .body = " { \"a\" : 1.0,\t\"\\u0041\":\"\xc3\xa9/\" }\n",
     .want = "{" MESSAGE_CONTEXT("a", "") ",\"body\":\" { \\\"a\\\" : 1.0,\\t\\\"\\\\u0041\\\":\\\"\xc3\xa9/\\\" }\\n\"" PLAIN},
    {"with a NUL", EVENT_MESSAGE, "a", .body = "a\0b", .body_len = 3,
     .want = "{" MESSAGE_CONTEXT("a", "") ",\"body\":\"a\\u0000b\"" PLAIN},
    {"a message of nothing", EVENT_MESSAGE, "$default", .body = "",
     .want = "{" MESSAGE_CONTEXT("$default", "") ",\"body\":\"\"" PLAIN},
    {"bytes", EVENT_MESSAGE, "$default", .body = "\xff\0\x01", .body_len = 3, .binary = true,
     .want = "{" MESSAGE_CONTEXT("$default", "") ",\"body\":\"/wAB\",\"isBase64Encoded\":true}"},
    {"no bytes", EVENT_MESSAGE, "$default", .body = "", .binary = true,
     .want = "{" MESSAGE_CONTEXT("$default", "") ",\"body\":\"\",\"isBase64Encoded\":true}"},
    {"whom the authorizer found, and the stage's variables", EVENT_MESSAGE, "a", .body = "{}", .identity = &user, .variables = true,
     .want = "{" VARIABLES MESSAGE_CONTEXT("a", AUTHORIZER) ",\"body\":\"{}\"" PLAIN},

    /* DISCONNECT */
    {"a tab was closed", EVENT_DISCONNECT, .code = 1001, .reason = "",
     .want = "{" DISCONNECT_HEADERS DISCONNECT_CONTEXT("", "1001", "") PLAIN},
    {"without a status", EVENT_DISCONNECT, .code = 1005, .reason = "Client-side close frame status not set",
     .want = "{" DISCONNECT_HEADERS DISCONNECT_CONTEXT("", "1005", "Client-side close frame status not set") PLAIN},
    {"the client's own words", EVENT_DISCONNECT, .code = 4999, .reason = "\"\xc3\xa9\"",
     .want = "{" DISCONNECT_HEADERS DISCONNECT_CONTEXT("", "4999", "\\\"\xc3\xa9\\\"") PLAIN},
    {"not the handshake's headers, nor its query", EVENT_DISCONNECT, .code = 1000, .reason = "", .query = "token=abc",
     .headers = {HEADER("X-A", "1")}, .trace_id = "Root=1", .forwarded_for = "203.0.113.7", .body = "x",
     .want = "{" DISCONNECT_HEADERS DISCONNECT_CONTEXT("", "1000", "") PLAIN},
    {"who it was", EVENT_DISCONNECT, .code = 1006, .reason = "", .identity = &user, .variables = true,
     .want = "{" DISCONNECT_HEADERS VARIABLES DISCONNECT_CONTEXT(AUTHORIZER, "1006", "") PLAIN},
};
/* clang-format on */

static struct request request_of(const struct scene *c)
{
    size_t count = 0;
    while (count < HEADERS_MAX && c->headers[count].name.len)
        count++;
    return (struct request){
        .headers = (struct header *)(uintptr_t)c->headers,
        .header_count = count,
        .query = str_from(c->query),
        .user_agent = str_from(c->user_agent),
        .trace_id = str_from(c->trace_id),
        .forwarded_for = str_from(c->forwarded_for),
        .body = c->body_len ? str_of(c->body, c->body_len) : str_from(c->body),
        .source_ip = STR("203.0.113.7"),
        .scheme = c->scheme ? str_from(c->scheme) : STR("https"),
        .port = c->port ? c->port : 443,
        .received_wall = c->received ? c->received : RECEIVED,
        .id = "MPTfGK0yzhp8Vgc=",
    };
}

static struct str key_of(const struct scene *c)
{
    if (c->route_key)
        return str_from(c->route_key);
    return c->event == EVENT_CONNECT ? STR("$connect") : STR("$disconnect");
}

static void check_case(const struct scene *c, struct arena *arena)
{
    const struct api api = {.api_id = STR("abc123")};
    const struct route route = {.key = key_of(c)};
    struct stage stage = {.stage_name = STR("prod"), .api = &api};
    const struct connection_facts connection = {.id = "fSRjYQdB3GZnoac=",
                                                .connected_at = CONNECTED};
    const struct transaction t = {
        .request = request_of(c),
        .selection = {.api = &api,
                      .stage = &stage,
                      .match = {.route = &route},
                      .domain_name = STR(HOST)},
        .identity = c->identity,
        .websocket = {.event = c->event,
                      .connection = &connection,
                      .message_id = "kGY748h268mFGmg=",
                      .binary = c->binary,
                      .disconnect_code = c->code,
                      .disconnect_reason = str_from(c->reason)},
    };
    scoped_buf struct buf out = {0};
    if (c->variables) {
        stage.variables.items = variables;
        stage.variables.count = ARRAY_LENGTH(variables);
    }
    websocket_event_write(&out, &t, arena);
    CHECK_CASE(c, str_is(buf_str(&out), c->want), "\ngot  %" STR_F "\nwant %s",
               STR_A(buf_str(&out)), c->want);
}

static void writes_events(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    FOR_EACH_CASE (c, cases)
        check_case(c, &arena);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(writes_events)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
