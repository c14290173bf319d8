/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4_suite.h: AWS's test suite of Signature Version 4, for who signs and who verifies. */
#ifndef TURNPIKE_TESTS_SIGV4_SUITE_H
#define TURNPIKE_TESTS_SIGV4_SUITE_H

#include "turnpike/base/http_message.h"

#define SUITE_SIGNED_AT UINT64_C(1440938160) /* 2015-08-30T12:36:00Z, in seconds */
#define SUITE_SECRET    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" /* of AKIDEXAMPLE */
#define UNRESERVED      "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define SUITE_TOKEN                                                                                \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpS"  \
    "PfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDY"  \
    "wT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqK"  \
    "mlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

#define CASE(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* AWS: "Signature Version 4 test suite", by the names of its cases: method and target, fields
 * beside Host, payload. X-Amz-Date, which theirs have, is what signing adds. Left out: the folded
 * line, which the parser refuses. */
static const struct suite_case {
    const char *name, *request, *fields, *payload, *token, *signed_headers, *signature;
} suite[] = {
    CASE("get-vanilla", "GET /", "", "", "", "host;x-amz-date",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    CASE("get-vanilla-empty-query-key", "GET /?Param1=value1", "", "", "", "host;x-amz-date",
         "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
    CASE("get-vanilla-query-order-key", "GET /?Param1=value2&Param1=Value1", "", "", "",
         "host;x-amz-date", "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"),
    CASE("get-vanilla-query-order-key-case", "GET /?Param2=value2&Param1=value1", "", "", "",
         "host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    CASE("get-vanilla-query-order-value", "GET /?Param1=value2&Param1=value1", "", "", "",
         "host;x-amz-date", "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"),
    CASE("get-vanilla-query-unreserved", "GET /?" UNRESERVED "=" UNRESERVED, "", "", "",
         "host;x-amz-date", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
    CASE("get-vanilla-utf8-query", "GET /?\xe1\x88\xb4=bar", "", "", "", "host;x-amz-date",
         "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
    CASE("get-unreserved", "GET /" UNRESERVED, "", "", "", "host;x-amz-date",
         "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
    CASE("get-utf8", "GET /\xe1\x88\xb4", "", "", "", "host;x-amz-date",
         "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    CASE("get-header-key-duplicate", "GET /",
         "My-Header1:value2\nMy-Header1:value2\nMy-Header1:value1", "", "",
         "host;my-header1;x-amz-date",
         "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
    CASE("get-header-value-order", "GET /",
         "My-Header1:value4\nMy-Header1:value1\nMy-Header1:value3\nMy-Header1:value2", "", "",
         "host;my-header1;x-amz-date",
         "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
    CASE("get-header-value-trim", "GET /", "My-Header1: value1\nMy-Header2: \"a   b   c\"", "", "",
         "host;my-header1;my-header2;x-amz-date",
         "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
    CASE("get-relative", "GET /example/..", "", "", "", "host;x-amz-date",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    CASE("get-relative-relative", "GET /example1/example2/../..", "", "", "", "host;x-amz-date",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    CASE("get-slash", "GET //", "", "", "", "host;x-amz-date",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    CASE("get-slash-dot-slash", "GET /./", "", "", "", "host;x-amz-date",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    CASE("get-slash-pointless-dot", "GET /./example", "", "", "", "host;x-amz-date",
         "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"),
    CASE("get-slashes", "GET //example//", "", "", "", "host;x-amz-date",
         "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
    CASE("get-space", "GET /example space/", "", "", "", "host;x-amz-date",
         "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
    CASE("post-vanilla", "POST /", "", "", "", "host;x-amz-date",
         "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    CASE("post-vanilla-query", "POST /?Param1=value1", "", "", "", "host;x-amz-date",
         "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
    CASE("post-header-key-sort", "POST /", "My-Header1:value1", "", "",
         "host;my-header1;x-amz-date",
         "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
    CASE("post-header-value-case", "POST /", "My-Header1:VALUE1", "", "",
         "host;my-header1;x-amz-date",
         "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
    CASE("post-sts-header-before", "POST /", "", "", SUITE_TOKEN,
         "host;x-amz-date;x-amz-security-token",
         "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
    CASE("post-x-www-form-urlencoded", "POST /", "Content-Type:application/x-www-form-urlencoded",
         "Param1=value1", "", "content-type;host;x-amz-date",
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    CASE("post-x-www-form-urlencoded-parameters", "POST /",
         "Content-Type:application/x-www-form-urlencoded; charset=utf8", "Param1=value1", "",
         "content-type;host;x-amz-date",
         "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"),
};

/* Host and the fields of a case; at most 8. */
static inline size_t suite_headers(const struct suite_case *c, struct header *headers)
{
    struct str text = str_from(c->fields), line;
    size_t count = 0;
    headers[count++] = (struct header){STR("Host"), STR("example.amazonaws.com")};
    while (text.len > 0 && str_split(&text, '\n', &line)) {
        size_t colon = str_find(line, ':');
        headers[count++] = (struct header){str_head(line, colon), str_skip(line, colon + 1)};
    }
    return count;
}

#undef CASE
#undef UNRESERVED

#endif
