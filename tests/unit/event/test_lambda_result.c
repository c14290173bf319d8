/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/event/lambda_result.h"

#include "testing.h"
#include "turnpike/base/buf.h"

#define EXPECTED                                                                                   \
    "The response from the Lambda function doesn't match the format that API Gateway expects."
#define NOT_JSON      EXPECTED " Lambda body is not JSON"
#define WRONG(field)  EXPECTED " Lambda body contains the wrong type for field \"" field "\""
#define HEADER(field) EXPECTED " Lambda body contains an invalid header in field \"" field "\""
#define NO_STATUS     EXPECTED " Lambda body lacks the field \"statusCode\""
#define BAD_STATUS    EXPECTED " Lambda body contains an invalid value for field \"statusCode\""
#define BAD_BASE64    EXPECTED " Lambda body contains malformed base64 in field \"body\""

#define JSON_TYPE  "content-type: application/json\n"
#define PLAIN_TYPE "content-type: text/plain;charset=UTF-8\n"

#define V1 PAYLOAD_FORMAT_1_0
#define V2 PAYLOAD_FORMAT_2_0

static const struct {
    const char *name;
    enum payload_format format;
    const char *payload;
    unsigned status;            /* 0: malformed, and body is the error */
    const char *headers, *body; /* NULL: none */
} cases[] = {
    /* inference */
    {"2.0: a string is sent unquoted", V2, "\"Hello\"", 200, JSON_TYPE, "Hello"},
    {"2.0: a string with escapes", V2, "\"a\\n\\u20ac\"", 200, JSON_TYPE, "a\n\xe2\x82\xac"},
    {"2.0: an object without statusCode", V2, "{\"body\":\"x\"}", 200, JSON_TYPE,
     "{\"body\":\"x\"}"},
    {"2.0: it stands as it was written", V2, " { \"a\" : 1.0 } \n", 200, JSON_TYPE,
     "{ \"a\" : 1.0 }"},
    {"2.0: its members may be of any type", V2, "{\"headers\":[1],\"body\":2,\"cookies\":{}}", 200,
     JSON_TYPE, "{\"headers\":[1],\"body\":2,\"cookies\":{}}"},
    {"2.0: a number", V2, "12", 200, JSON_TYPE, "12"},
    {"2.0: a truth value", V2, "false", 200, JSON_TYPE, "false"},
    {"2.0: an array", V2, "[1, 2]", 200, JSON_TYPE, "[1, 2]"},
    {"2.0: null", V2, "null", 200, JSON_TYPE, "null"},
    {"2.0: nothing", V2, "", 0, NULL, NOT_JSON},
    {"2.0: no JSON", V2, "{", 0, NULL, NOT_JSON},
    {"2.0: more than one value", V2, "{} {}", 0, NULL, NOT_JSON},
    {"2.0: malformed behind the statusCode", V2, "{\"statusCode\":200,}", 0, NULL, NOT_JSON},
    {"2.0: malformed within headers", V2, "{\"statusCode\":200,\"headers\":{\"a\":tru}}", 0, NULL,
     NOT_JSON},
    {"2.0: malformed within a member that says nothing", V2, "{\"statusCode\":200,\"x\":\"\xff\"}",
     0, NULL, NOT_JSON},
    {"1.0: nothing is inferred from a string", V1, "\"Hello\"", 0, NULL, NO_STATUS},
    {"1.0: nothing is inferred from an object", V1, "{\"body\":\"x\"}", 0, NULL, NO_STATUS},
    {"1.0: nothing is inferred from null", V1, "null", 0, NULL, NO_STATUS},
    {"1.0: no JSON", V1, "nul", 0, NULL, NOT_JSON},

    /* statusCode */
    {"a status alone", V2, "{\"statusCode\":204}", 204, PLAIN_TYPE, ""},
    {"the same in 1.0", V1, "{\"statusCode\":204}", 204, PLAIN_TYPE, ""},
    {"a status as text", V2, "{\"statusCode\":\"201\"}", 201, PLAIN_TYPE, ""},
    {"the last of two counts", V2, "{\"statusCode\":500,\"statusCode\":201}", 201, PLAIN_TYPE, ""},
    {"599 is the highest", V2, "{\"statusCode\":599}", 599, PLAIN_TYPE, ""},
    {"600 is none", V2, "{\"statusCode\":600}", 0, NULL, BAD_STATUS},
    {"0 is none", V2, "{\"statusCode\":0}", 0, NULL, BAD_STATUS},
    {"an interim status is none", V2, "{\"statusCode\":101}", 0, NULL, BAD_STATUS},
    {"a word is none", V2, "{\"statusCode\":\"OK\"}", 0, NULL, WRONG("statusCode")},
    {"a negative number is none", V2, "{\"statusCode\":-200}", 0, NULL, WRONG("statusCode")},
    {"a fraction is none", V2, "{\"statusCode\":200.5}", 0, NULL, WRONG("statusCode")},
    {"null is none", V2, "{\"statusCode\":null}", 0, NULL, WRONG("statusCode")},
    {"more than 64 bits is none", V2, "{\"statusCode\":18446744073709551816}", 0, NULL,
     WRONG("statusCode")},

    /* body */
    {"a body", V2, "{\"statusCode\":200,\"body\":\"a\\\"b\"}", 200, PLAIN_TYPE, "a\"b"},
    {"a null body is empty", V2, "{\"statusCode\":200,\"body\":null}", 200, PLAIN_TYPE, ""},
    {"a body that is no string", V2, "{\"statusCode\":200,\"body\":{\"a\":1}}", 0, NULL,
     WRONG("body")},
    {"a number as body", V1, "{\"body\":5,\"statusCode\":200}", 0, NULL, WRONG("body")},
    {"base64 is decoded", V2, "{\"statusCode\":200,\"body\":\"aGk=\",\"isBase64Encoded\":true}",
     200, PLAIN_TYPE, "hi"},
    {"in any order", V1, "{\"isBase64Encoded\":true,\"body\":\"aGk=\",\"statusCode\":200}", 200,
     PLAIN_TYPE, "hi"},
    {"base64 with line breaks", V2,
     "{\"statusCode\":200,\"body\":\"aG\\r\\nk=\\n\",\"isBase64Encoded\":true}", 200, PLAIN_TYPE,
     "hi"},
    {"half of a surrogate pair", V2, "\"a\\ud800b\\udc00\"", 200, JSON_TYPE,
     "a\xef\xbf\xbd"
     "b\xef\xbf\xbd"},
    {"base64 of nothing", V2, "{\"statusCode\":200,\"isBase64Encoded\":true}", 200, PLAIN_TYPE, ""},
    {"base64 that is none", V2, "{\"statusCode\":200,\"body\":\"a\",\"isBase64Encoded\":true}", 0,
     NULL, BAD_BASE64},
    {"false leaves the text", V2,
     "{\"statusCode\":200,\"body\":\"aGk=\",\"isBase64Encoded\":false}", 200, PLAIN_TYPE, "aGk="},
    {"null too", V2, "{\"statusCode\":200,\"body\":\"aGk=\",\"isBase64Encoded\":null}", 200,
     PLAIN_TYPE, "aGk="},
    {"a word is no truth value", V2, "{\"statusCode\":200,\"isBase64Encoded\":\"true\"}", 0, NULL,
     WRONG("isBase64Encoded")},

    /* headers */
    {"names become lower case", V2,
     "{\"statusCode\":200,\"headers\":{\"X-A\":\"1\",\"Content-Type\":\"a/b\"}}", 200,
     "x-a: 1\ncontent-type: a/b\n", ""},
    {"numbers and truth values are text", V2,
     "{\"statusCode\":200,\"headers\":{\"a\":1.50,\"b\":true,\"c\":false}}", 200,
     "a: 1.50\nb: true\nc: false\n" PLAIN_TYPE, ""},
    {"a null value is no header", V2, "{\"statusCode\":200,\"headers\":{\"a\":null}}", 200,
     PLAIN_TYPE, ""},
    {"null headers are none", V2, "{\"statusCode\":200,\"headers\":null,\"cookies\":null}", 200,
     PLAIN_TYPE, ""},
    {"an array as value", V2, "{\"statusCode\":200,\"headers\":{\"a\":[1]}}", 0, NULL,
     WRONG("headers")},
    {"an array as headers", V2, "{\"statusCode\":200,\"headers\":[]}", 0, NULL, WRONG("headers")},
    {"the last spelling counts", V2,
     "{\"statusCode\":200,\"headers\":{\"X-A\":\"1\",\"x-a\":\"2\"}}", 200, "x-a: 2\n" PLAIN_TYPE,
     ""},
    {"the gateway's and the connection's are dropped", V2,
     "{\"statusCode\":200,\"headers\":{\"Connection\":\"close\",\"Content-Length\":\"9\",\"Date\":"
     "\"x\","
     "\"Keep-Alive\":\"x\",\"Proxy-Authenticate\":\"x\",\"Proxy-Connection\":\"x\",\"TE\":\"x\","
     "\"Trailer\":\"x\",\"Trailers\":\"x\",\"Transfer-Encoding\":\"chunked\",\"Upgrade\":\"x\","
     "\"Apigw-RequestId\":\"x\",\"apigw-x\":\"x\",\"server\":\"mine\",\"WWW-Authenticate\":"
     "\"Basic\"}}",
     200, "server: mine\nwww-authenticate: Basic\n" PLAIN_TYPE, ""},
    {"white space around a value", V2, "{\"statusCode\":200,\"headers\":{\"a\":\" b\\t\"}}", 200,
     "a: b\n" PLAIN_TYPE, ""},
    {"foreign letters in a value", V2, "{\"statusCode\":200,\"headers\":{\"a\":\"\xc3\xa9\"}}", 200,
     "a: \xc3\xa9\n" PLAIN_TYPE, ""},

    /* what must not reach the wire */
    {"a line break in a value", V2,
     "{\"statusCode\":200,\"headers\":{\"a\":\"b\\r\\nset-cookie: c\"}}", 0, NULL,
     HEADER("headers")},
    {"a line feed alone", V1, "{\"statusCode\":200,\"headers\":{\"a\":\"b\\nc\"}}", 0, NULL,
     HEADER("headers")},
    {"U+0000 in a value", V2, "{\"statusCode\":200,\"headers\":{\"a\":\"b\\u0000\"}}", 0, NULL,
     HEADER("headers")},
    {"a line break in a name", V2, "{\"statusCode\":200,\"headers\":{\"a\\r\\nb\":\"c\"}}", 0, NULL,
     HEADER("headers")},
    {"a colon in a name", V2, "{\"statusCode\":200,\"headers\":{\"a: b\":\"c\"}}", 0, NULL,
     HEADER("headers")},
    {"a name of nothing", V2, "{\"statusCode\":200,\"headers\":{\"\":\"c\"}}", 0, NULL,
     HEADER("headers")},
    {"a space behind a name", V2,
     "{\"statusCode\":200,\"headers\":{\"transfer-encoding \":\"chunked\"}}", 0, NULL,
     HEADER("headers")},
    {"a line break in a dropped header", V2, "{\"statusCode\":200,\"headers\":{\"date\":\"\\n\"}}",
     0, NULL, HEADER("headers")},
    {"a line break in a cookie", V2, "{\"statusCode\":200,\"cookies\":[\"a=b\\r\\nx: y\"]}", 0,
     NULL, HEADER("cookies")},
    {"a line break in multiValueHeaders", V1,
     "{\"statusCode\":200,\"multiValueHeaders\":{\"a\":[\"\\n\"]}}", 0, NULL,
     HEADER("multiValueHeaders")},

    /* cookies, multiValueHeaders */
    {"each cookie is a header", V2, "{\"statusCode\":200,\"cookies\":[\"a=1; Path=/\",\"b=2\"]}",
     200, "set-cookie: a=1; Path=/\nset-cookie: b=2\n" PLAIN_TYPE, ""},
    {"cookies are an array", V2, "{\"statusCode\":200,\"cookies\":\"a=1\"}", 0, NULL,
     WRONG("cookies")},
    {"of strings", V2, "{\"statusCode\":200,\"cookies\":[[]]}", 0, NULL, WRONG("cookies")},
    {"1.0 has no cookies", V1, "{\"statusCode\":200,\"cookies\":\"a=1\"}", 200, PLAIN_TYPE, ""},
    {"2.0 has no multiValueHeaders", V2,
     "{\"statusCode\":200,\"multiValueHeaders\":{\"a\":[\"b\"]}}", 200, PLAIN_TYPE, ""},
    {"1.0 has", V1,
     "{\"statusCode\":200,\"multiValueHeaders\":{\"A\":[\"b\",2],\"Set-Cookie\":[\"c=1\",\"d=2\"]}"
     "}",
     200, "a: b\na: 2\nset-cookie: c=1\nset-cookie: d=2\n" PLAIN_TYPE, ""},
    {"several values come before the one", V1,
     "{\"statusCode\":200,\"headers\":{\"a\":\"solo\"},\"multiValueHeaders\":{\"A\":[\"multi\"]}}",
     200, "a: multi\na: solo\n" PLAIN_TYPE, ""},
    {"a content type among several", V1,
     "{\"statusCode\":200,\"multiValueHeaders\":{\"Content-Type\":[\"a/b\"]}}", 200,
     "content-type: a/b\n", ""},
    {"values that are no array", V1,
     "{\"statusCode\":200,\"multiValueHeaders\":{\"k\":\"notalist\"}}", 0, NULL,
     WRONG("multiValueHeaders")},
    {"null multiValueHeaders are none", V1, "{\"statusCode\":200,\"multiValueHeaders\":null}", 200,
     PLAIN_TYPE, ""},
    {"other keys say nothing", V2, "{\"statusCode\":200,\"other\":[{\"a\":null}]}", 200, PLAIN_TYPE,
     ""},
    {"the first problem is told", V2, "{\"body\":1,\"statusCode\":\"x\",\"headers\":1}", 0, NULL,
     WRONG("body")},
};

static void check_case(const __typeof__(cases[0]) *c, struct arena *arena)
{
    struct response response = {0};
    struct str error = {0};
    bool ok = lambda_result_read(arena, c->format, str_from(c->payload), &response, &error);
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

/* Every prefix of a valid result is read without harm, and refused. */
static void truncated_results(void **state)
{
    (void)state;
    static const char whole[] =
        "{\"statusCode\":200,\"headers\":{\"a\":\"\\u00e9\"},\"cookies\":[\"b\"],"
        "\"multiValueHeaders\":{\"c\":[1]},\"isBase64Encoded\":true,\"body\":"
        "\"aGk=\"}";
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        struct arena arena;
        struct response response;
        struct str error;
        char *copy = malloc(len + 1); /* of its size, so that reading beyond it is seen */
        arena_init(&arena, 256);
        memcpy(copy, whole, len);
        assert_false(lambda_result_read(&arena, V1, str_of(copy, len), &response, &error));
        assert_str_equal(error, STR(NOT_JSON));
        free(copy);
        arena_release(&arena);
    }
}

static bool read_headers(size_t count)
{
    struct arena arena;
    struct response response;
    struct str error;
    scoped_buf struct buf payload = {0};
    arena_init(&arena, 4096);
    buf_literal(&payload, "{\"statusCode\":200,\"headers\":{");
    for (size_t i = 0; i < count; i++)
        buf_printf(&payload, "%s\"h%zu\":\"\"", i ? "," : "", i);
    buf_literal(&payload, "}}");
    bool ok = lambda_result_read(&arena, V2, buf_str(&payload), &response, &error);
    arena_release(&arena);
    return ok;
}

static void headers_are_bounded(void **state)
{
    (void)state;
    assert_true(read_headers(512));
    assert_false(read_headers(513));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_results),
        cmocka_unit_test(truncated_results),
        cmocka_unit_test(headers_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
