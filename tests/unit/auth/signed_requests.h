/* SPDX-License-Identifier: Apache-2.0 */
/* signed_requests.h: requests as signers in use sign them, for 2024-02-29T23:59:30Z. */
#ifndef TURNPIKE_TESTS_SIGNED_REQUESTS_H
#define TURNPIKE_TESTS_SIGNED_REQUESTS_H

#include "turnpike/base/str.h"

#define SIGNED_AT UINT64_C(1709251170) /* seconds */

#define SECRET           "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" /* of AKIDEXAMPLE */
#define TEMPORARY_SECRET "9drTJvcXLB89EXAMPLELB8923FB892xMFI"       /* of ASIAEXAMPLE */
#define TOKEN            "AQoXdzELDDY//wEaoAK1+wvx=="
#define TOKEN_ESCAPED    "AQoXdzELDDY%2F%2FwEaoAK1%2Bwvx%3D%3D"

#define HOST "host: chat.execute-api.us-east-1.amazonaws.com\n"
#define DATE "x-amz-date: 20240229T235930Z\n"
#define EMPTY                                                                                      \
    "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
#define AUTHORIZATION(name, key, headers, signature)                                               \
    name ": AWS4-HMAC-SHA256 Credential=" key                                                      \
         "EXAMPLE/20240229/us-east-1/execute-api/aws4_request, SignedHeaders=" headers             \
         ", Signature=" signature "\n"
#define PRESIGNED(key, expires, signature)                                                         \
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" key                                       \
    "EXAMPLE%2F20240229%2Fus-east-1%2Fexecute-api%2Faws4_request&X-Amz-Date=20240229T235930Z&X-"   \
    "Amz-Expires=" expires "&X-Amz-SignedHeaders=host&X-Amz-Signature=" signature

/* Recorded from @smithy/signature-v4 5.7.5, which signs for version 3 of the AWS SDK, and from
 * version 2.1693.0 of it. Lines end in LF here; the empty one is left out. */
static const struct signed_request {
    const char *name, *head;
    struct str body;
} signed_requests[] = {
    {"a push, as the SDK sends it",
     "POST /prod/@connections/fSRjYQdB3GZnoac%3D HTTP/1.1\n" HOST
     "content-type: application/octet-stream\n"
     "content-length: 5\n" DATE "x-amz-content-sha256: "
     "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n" AUTHORIZATION(
         "authorization", "AKID",
         "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
         "3532cc7c9bda9a392c1e80493a0faa5e688d8c03a4f3411fcfeea14d48fb4f8a"),
     STR_INIT("hello")},
    {"a push, escaped in full",
     "POST /prod/%40connections/fSRjYQdB3GZnoac%3D HTTP/1.1\n" HOST DATE "x-amz-content-sha256: "
     "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n" AUTHORIZATION(
         "authorization", "AKID", "host;x-amz-content-sha256;x-amz-date",
         "e1f14b8e63ad98f148265180981ec430e8da82c59e953ae0e1e09e39358700c5"),
     STR_INIT("hello")},
    {"who is there",
     "GET /prod/@connections/fSRjYQdB3GZnoac%3D HTTP/1.1\n" HOST DATE EMPTY AUTHORIZATION(
         "authorization", "AKID", "host;x-amz-content-sha256;x-amz-date",
         "3034a0a3812aead865ba4efafffde50036fee22136764652df87751a3b8bfcf9"),
     STR_INIT("")},
    {"hang up",
     "DELETE /_aws/execute-api/chat/prod/@connections/fSRjYQdB3GZnoac%3D HTTP/1.1\n" HOST DATE EMPTY
         AUTHORIZATION("authorization", "AKID", "host;x-amz-content-sha256;x-amz-date",
                       "c18871ab057ce8039a0a906c49cf8c610606082d7b9a30c1cf27dc4e7f0aa311"),
     STR_INIT("")},
    {"with a temporary key",
     "POST /prod/@connections/fSRjYQdB3GZnoac%3D HTTP/1.1\n" HOST DATE
     "x-amz-security-token: " TOKEN "\n"
     "x-amz-content-sha256: "
     "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862\n" AUTHORIZATION(
         "authorization", "ASIA", "host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
         "c375dc6c588ea870d86adf8197be681d42ed22bdbb26ddedf3f5363649359ea5"),
     STR_INIT("{\"a\":1}")},
    {"a query of all kinds",
     "GET /prod/pets?b=&a=2&a=1&a%2Bb=c%2Bd&%C3%BC=%20%26%3D&c HTTP/1.1\n" HOST DATE EMPTY
         AUTHORIZATION("authorization", "AKID", "host;x-amz-content-sha256;x-amz-date",
                       "aa7956acbe4136bba98c9802546a11224aaa1e7be8690bbd6d4d4b36c991f6f5"),
     STR_INIT("")},
    {"values with spaces",
     "GET /prod HTTP/1.1\n" HOST "x-note:   a   b \t c \n"
     "x-empty: \n" DATE EMPTY AUTHORIZATION(
         "authorization", "AKID", "host;x-amz-content-sha256;x-amz-date;x-empty;x-note",
         "2ccc88b45778df6ed416a00b82207452fd60b692f3286f22f1753b2c116afd27"),
     STR_INIT("")},
    {"a body that is not text",
     "PUT /prod/x HTTP/1.1\n" HOST "x-amz-meta: 1\n" DATE "x-amz-content-sha256: "
     "f474676c75e488e84e18f37502e7fc3e7b8850471fae5251290ff6cc4c8843bc\n" AUTHORIZATION(
         "authorization", "AKID", "host;x-amz-content-sha256;x-amz-date;x-amz-meta",
         "21605a226b7ce9a34d21f39ca00dedc4c1dbf6552e5209eed76dc70c063cb42e"),
     STR_INIT("\000\377\012\015")},
    {"a colon and a plus in the path",
     "GET /prod/a:b+c%2Fd/~x HTTP/1.1\n" HOST DATE EMPTY AUTHORIZATION(
         "authorization", "AKID", "host;x-amz-content-sha256;x-amz-date",
         "aa5fe452d70028633ac28dc0febcf763bb835b61cb0914ab078c1b72da1e085d"),
     STR_INIT("")},
    {"empty segments",
     "GET /prod//pets/ HTTP/1.1\n" HOST DATE EMPTY AUTHORIZATION(
         "authorization", "AKID", "host;x-amz-content-sha256;x-amz-date",
         "05496c475821ff16418f7635af6537be9bf3eb8cb9e2ec532893910778f6834d"),
     STR_INIT("")},
    {"in the query: a handshake",
     "GET /prod?" PRESIGNED(
         "AKID", "300",
         "bfed4a5ff06bf2c1af451ce5973ad265c2b1b4150bee299d79ad9157966e6f63") " HTTP/1.1\n" HOST,
     STR_INIT("")},
    {"in the query: a handshake with a temporary key",
     "GET /prod?X-Amz-Security-Token=" TOKEN_ESCAPED "&" PRESIGNED(
         "ASIA", "60",
         "ce60d3be8e78fc3110c9909fea495ff0e0533364e2888e792d0a199643bbc2be") " HTTP/1.1\n" HOST,
     STR_INIT("")},
    {"in the query: for a week",
     "GET /prod/pets?a=1&b=%2B&" PRESIGNED(
         "AKID", "604800",
         "26827f5debf85eeaa5c0d5a541021361a27a4dc2d8152e4b1ba2e6fb684ac0fe") " HTTP/1.1\n" HOST,
     STR_INIT("")},
    {"in the query: an escaped path",
     "GET /prod/%40connections/fSRjYQdB3GZnoac%3D?" PRESIGNED(
         "AKID", "3600",
         "f20b00f9852176f1b6ea1c8e1fad9c4f8a3ea0b9a07e40455c159d816e8a2079") " HTTP/1.1\n" HOST,
     STR_INIT("")},
    {"of version 2 of the SDK",
     "POST /prod/%40connections/fSRjYQdB3GZnoac%3D HTTP/1.1\n"
     "User-Agent: aws-sdk-nodejs/2.1693.0 linux/v20.20.2\n" HOST "Content-Length: 5\n"
     "X-Amz-Date: 20240229T235930Z\n" AUTHORIZATION(
         "Authorization", "AKID", "host;x-amz-date",
         "44c0cee305a2a9f7b18d504b0c6d8c99474e6b4e1aa10dd241ce2d36ae9c4624"),
     STR_INIT("hello")},
    {"of version 2 with a temporary key",
     "DELETE /prod/%40connections/fSRjYQdB3GZnoac%3D?b=1&a=%2F HTTP/1.1\n"
     "User-Agent: aws-sdk-nodejs/2.1693.0 linux/v20.20.2\n" HOST "X-Amz-Date: 20240229T235930Z\n"
     "x-amz-security-token: " TOKEN
     "\n" AUTHORIZATION("Authorization", "ASIA", "host;x-amz-date;x-amz-security-token",
                        "c8aa650904c06ff069c6a6933848834e320905f3111f9c107d45187ccc668f35"),
     STR_INIT("")},
};

#endif
