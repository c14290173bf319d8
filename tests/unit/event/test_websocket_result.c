/* SPDX-License-Identifier: Apache-2.0 */
/* What HTTP APIs read alike is told in test_lambda_result.c; here is what a result of a WebSocket
 * API may hold, and what makes it malformed. */
#include "testing.h"
#include "turnpike/event/websocket_event.h"

#define EXPECTED                                                                                   \
    "The response from the Lambda function doesn't match the format that API Gateway expects."
#define NOT_JSON   EXPECTED " Lambda body is not JSON"
#define NO_STATUS  EXPECTED " Lambda body lacks the field \"statusCode\""
#define BAD_STATUS EXPECTED " Lambda body contains an invalid value for field \"statusCode\""
#define BAD_BASE64 EXPECTED " Lambda body contains malformed base64 in field \"body\""
#define UNKNOWN    EXPECTED " Lambda body contains an unknown field"
#define WRONG(key) EXPECTED " Lambda body contains the wrong type for field \"" key "\""
#define HEADER(in) EXPECTED " Lambda body contains an invalid header in field \"" in "\""

#define LONG_NAME "a-name-that-is-much-too-long-to-stand-in-a-message-that-people-read-in-a-log"

static const struct {
    const char *name, *payload;
    unsigned status;            /* 0: malformed, and body is the error */
    const char *headers, *body; /* NULL: none */
} cases[] = {
    /* what it may hold */
    {"a status alone", "{\"statusCode\":200}", 200, "", ""},
    {"a status as text", "{\"statusCode\":\"403\"}", 403, "", ""},
    {"an error with a body", "{\"statusCode\":500,\"body\":\"sorry\"}", 500, "", "sorry"},
    {"everything",
     "{\"isBase64Encoded\":false,\"statusCode\":200,\"headers\":{\"Sec-WebSocket-Protocol\":"
     "\"chat\"},"
     "\"multiValueHeaders\":{\"X-A\":[\"1\",\"2\"]},\"body\":\"{\\\"a\\\":\\\"\\u00e9\\\"}\"}",
     200, "x-a: 1\nx-a: 2\nsec-websocket-protocol: chat\n", "{\"a\":\"\xc3\xa9\"}"},
    {"as Go and .NET write it",
     "{\"statusCode\":200,\"headers\":null,\"multiValueHeaders\":null,\"body\":\"\"}", 200, "", ""},
    {"a subprotocol among several values",
     "{\"statusCode\":200,\"multiValueHeaders\":{\"sec-websocket-protocol\":[\"chat\"]}}", 200,
     "sec-websocket-protocol: chat\n", ""},
    {"no content type is added", "{\"statusCode\":200,\"body\":\"x\"}", 200, "", "x"},
    {"base64 is decoded", "{\"statusCode\":200,\"body\":\"aGk=\",\"isBase64Encoded\":true}", 200,
     "", "hi"},
    {"null is no body and no flag", "{\"statusCode\":200,\"body\":null,\"isBase64Encoded\":null}",
     200, "", ""},

    /* no proxy result */
    {"nothing", "", 0, NULL, NOT_JSON},
    {"no JSON", "{\"statusCode\":200", 0, NULL, NOT_JSON},
    {"two values", "{\"statusCode\":200} 1", 0, NULL, NOT_JSON},
    {"null", "null", 0, NULL, NO_STATUS},
    {"a string", "\"Hello\"", 0, NULL, NO_STATUS},
    {"an array", "[{\"statusCode\":200}]", 0, NULL, NO_STATUS},
    {"no status", "{\"body\":\"x\"}", 0, NULL, NO_STATUS},
    {"no status beside a field that is unknown", "{\"x\":1}", 0, NULL, NO_STATUS},
    {"a null status", "{\"statusCode\":null}", 0, NULL, WRONG("statusCode")},
    {"a word as status", "{\"statusCode\":\"OK\"}", 0, NULL, WRONG("statusCode")},
    {"a fraction", "{\"statusCode\":200.5}", 0, NULL, WRONG("statusCode")},
    {"an interim status", "{\"statusCode\":101}", 0, NULL, BAD_STATUS},
    {"no status of HTTP's", "{\"statusCode\":1000}", 0, NULL, BAD_STATUS},

    /* members of other types */
    {"an object as body", "{\"statusCode\":200,\"body\":{}}", 0, NULL, WRONG("body")},
    {"a number as body", "{\"statusCode\":200,\"body\":1}", 0, NULL, WRONG("body")},
    {"headers as an array", "{\"statusCode\":200,\"headers\":[]}", 0, NULL, WRONG("headers")},
    {"an array as a header", "{\"statusCode\":200,\"headers\":{\"a\":[\"b\"]}}", 0, NULL,
     WRONG("headers")},
    {"a string among arrays", "{\"statusCode\":200,\"multiValueHeaders\":{\"a\":\"b\"}}", 0, NULL,
     WRONG("multiValueHeaders")},
    {"a word as truth", "{\"statusCode\":200,\"isBase64Encoded\":\"true\"}", 0, NULL,
     WRONG("isBase64Encoded")},
    {"base64 that is none", "{\"statusCode\":200,\"body\":\"?\",\"isBase64Encoded\":true}", 0, NULL,
     BAD_BASE64},
    {"a line break in a header",
     "{\"statusCode\":200,\"headers\":{\"Sec-WebSocket-Protocol\":\"a\\r\\nb: c\"}}", 0, NULL,
     HEADER("headers")},

    /* members that are not known */
    {"an unknown field", "{\"statusCode\":200,\"message\":\"ok\"}", 0, NULL,
     UNKNOWN " \"message\""},
    {"even where it is null", "{\"message\":null,\"statusCode\":200}", 0, NULL,
     UNKNOWN " \"message\""},
    {"cookies", "{\"statusCode\":200,\"cookies\":[]}", 0, NULL, UNKNOWN " \"cookies\""},
    {"a known name in another case", "{\"StatusCode\":1,\"statusCode\":200}", 0, NULL,
     UNKNOWN " \"StatusCode\""},
    {"the first of several is told", "{\"statusCode\":200,\"a\":1,\"b\":2,\"body\":3}", 0, NULL,
     UNKNOWN " \"a\""},
    {"one that could break a log's line", "{\"statusCode\":200,\"a\\nb\":1}", 0, NULL, UNKNOWN},
    {"one of nothing", "{\"statusCode\":200,\"\":1}", 0, NULL, UNKNOWN},
    {"one that is long", "{\"statusCode\":200,\"" LONG_NAME "\":1}", 0, NULL, UNKNOWN},
    {"a field within headers is a header", "{\"statusCode\":200,\"headers\":{\"message\":\"ok\"}}",
     200, "message: ok\n", ""},
};

static void check_case(const __typeof__(cases[0]) *c, struct arena *arena)
{
    struct response response = {0};
    struct str error = {0};
    bool ok = websocket_result_read(arena, str_from(c->payload), &response, &error);
    CHECK_CASE(c, ok == (c->status != 0), "error '%" STR_F "'", STR_A(error));
    if (!ok) {
        CHECK_CASE(c, str_is(error, c->body), "error '%" STR_F "'", STR_A(error));
        return;
    }
    scoped_buf struct buf headers = {0};
    FOR_EACH_IN (h, &response.headers)
        buf_printf(&headers, "%" STR_F ": %" STR_F "\n", STR_A(h->name), STR_A(h->value));
    CHECK_CASE(c, response.status == c->status, "status %u", response.status);
    CHECK_CASE(c, str_is(buf_str(&headers), c->headers), "headers '%" STR_F "'",
               STR_A(buf_str(&headers)));
    CHECK_CASE(c, str_is(response.body, c->body), "body '%" STR_F "'", STR_A(response.body));
}

static void reads_results(void **state)
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_results)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
