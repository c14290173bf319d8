/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/sigv4.h"

#include "testing.h"
#include "turnpike/base/arena.h"
#include "turnpike/base/clock.h"

#define SIGNED_AT  (UINT64_C(1440938160) * USEC_PER_SEC) /* 2015-08-30T12:36:00Z */
#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define UNRESERVED "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define TOKEN                                                                                      \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpS"  \
    "PfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDY"  \
    "wT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqK"  \
    "mlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

#define HOST                                                                                       \
    {                                                                                              \
        STR_INIT("Host"), STR_INIT("example.amazonaws.com")                                        \
    }

static const struct sigv4_key example_key = {
    .access_key_id = STR_INIT("AKIDEXAMPLE"),
    .secret_access_key = STR_INIT("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
};

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
    CASE("post-sts-header-before", "POST /", "", "", TOKEN, "host;x-amz-date;x-amz-security-token",
         "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
    CASE("post-x-www-form-urlencoded", "POST /", "Content-Type:application/x-www-form-urlencoded",
         "Param1=value1", "", "content-type;host;x-amz-date",
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    CASE("post-x-www-form-urlencoded-parameters", "POST /",
         "Content-Type:application/x-www-form-urlencoded; charset=utf8", "Param1=value1", "",
         "content-type;host;x-amz-date",
         "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"),
};

static struct str want_of(struct arena *a, const struct suite_case *c)
{
    return arena_printf(a,
                        "X-Amz-Date: 20150830T123600Z\r\n%s%s%s"
                        "Authorization: AWS4-HMAC-SHA256 "
                        "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                        "SignedHeaders=%s, Signature=%s\r\n",
                        *c->token ? "X-Amz-Security-Token: " : "", c->token,
                        *c->token ? "\r\n" : "", c->signed_headers, c->signature);
}

static size_t read_fields(struct str text, struct header *headers)
{
    const struct header host = HOST;
    size_t count = 0;
    struct str line;
    headers[count++] = host;
    while (text.len > 0 && str_split(&text, '\n', &line)) {
        size_t colon = str_find(line, ':');
        headers[count++] = (struct header){str_head(line, colon), str_skip(line, colon + 1)};
    }
    return count;
}

static void check_suite_case(const struct suite_case *c, struct arena *a)
{
    struct header headers[8];
    struct str target = str_from(c->request), method;
    (void)str_split(&target, ' ', &method);
    size_t question = str_find(target, '?');
    struct sigv4_request request = {.method = method,
                                    .path = str_head(target, question),
                                    .query = str_skip(target, question + 1),
                                    .headers = headers,
                                    .header_count = read_fields(str_from(c->fields), headers),
                                    .payload = str_from(c->payload)};
    struct sigv4_key key = example_key;
    key.session_token = str_from(c->token);
    scoped_buf struct buf head = {0};
    sigv4_sign(&head, &key, STR("us-east-1"), STR("service"), &request, SIGNED_AT);
    CHECK_CASE(c, str_eq(buf_str(&head), want_of(a, c)), "got %" STR_F, STR_A(buf_str(&head)));
}

static void the_test_suite(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    FOR_EACH_CASE (c, suite)
        check_suite_case(c, &arena);
    FOR_EACH_CASE (c, suite) /* with the derived key remembered */
        check_suite_case(c, &arena);
    arena_release(&arena);
}

static const struct {
    const char *name, *path, *query, *want_path, *want_query;
} targets[] = {
    {"an empty path", "", "", "/", ""},
    {"what was escaped is once more", "/a%3Ab/%24LATEST", "", "/a%253Ab/%2524LATEST", ""},
    {"a colon that was not", "/a:b", "", "/a%3Ab", ""},
    {"above the root", "/../a", "", "/a", ""},
    {"dots within a name", "/a/..b/c./...", "", "/a/..b/c./...", ""},
    {"a slash that was escaped", "/a%2F..", "", "/a%252F..", ""},
    {"no value", "/", "a", "/", "a="},
    {"by name first", "/", "a-b=1&a=2", "/", "a=2&a-b=1"},
    {"capitals come first", "/", "a=1&B=2", "/", "B=2&a=1"},
    {"by what is sent, not decoded", "/", "%7B=1&z=2", "/", "%7B=1&z=2"},
    {"one way of escaping", "/", "%61=%2f&b=:$", "/", "a=%2F&b=%3A%24"},
    {"escaped = and &", "/", "a=b%3Dc%26d", "/", "a=b%3Dc%26d"},
    {"= within a value", "/", "a=b=c", "/", "a=b%3Dc"},
    {"a plus", "/", "a=1+2", "/", "a=1%2B2"},
    {"an escaped space", "/", "a=1%202", "/", "a=1%202"},
    {"nothing between two &", "/", "b=1&&a=1&", "/", "a=1&b=1"},
};

static void canonical_targets(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    const struct header host = HOST;
    FOR_EACH_CASE (c, targets) {
        scoped_buf struct buf got = {0};
        struct sigv4_request request = {.method = STR("GET"),
                                        .path = str_from(c->path),
                                        .query = str_from(c->query),
                                        .headers = &host,
                                        .header_count = 1};
        struct str signed_headers = sigv4_canonical(&got, &request, STR("UNSIGNED-PAYLOAD"));
        struct str want = arena_printf(
            &arena, "GET\n%s\n%s\nhost:example.amazonaws.com\n\nhost\nUNSIGNED-PAYLOAD",
            c->want_path, c->want_query);
        CHECK_CASE(c, str_eq(buf_str(&got), want), "got %" STR_F, STR_A(buf_str(&got)));
        CHECK_CASE(c, str_is(signed_headers, "host"), "signed headers");
    }
    arena_release(&arena);
}

static void canonical_headers(void **state)
{
    (void)state;
    const struct header headers[] = {
        {STR_INIT("X-B"), STR_INIT("  1 \t 2  ")},
        {STR_INIT("x-b-c"), STR_INIT("")},
        {STR_INIT("X-A"), STR_INIT("Z")},
        {STR_INIT("x-b"), STR_INIT("0")},
    };
    struct sigv4_request request = {
        .method = STR("POST"), .path = STR("/"), .headers = headers, .header_count = 4};
    scoped_buf struct buf got = {0};
    struct str signed_headers = sigv4_canonical(&got, &request, STR(EMPTY_HASH));
    assert_str_equal(buf_str(&got),
                     STR("POST\n/\n\nx-a:Z\nx-b:1 2,0\nx-b-c:\n\nx-a;x-b;x-b-c\n" EMPTY_HASH));
    assert_str_equal(signed_headers, STR("x-a;x-b;x-b-c"));
}

static struct str sign_with(struct buf *head, const char *id, struct str secret, const char *region,
                            uint64_t wall)
{
    const struct header host = HOST;
    struct sigv4_key key = {.access_key_id = str_from(id), .secret_access_key = secret};
    struct sigv4_request request = {
        .method = STR("GET"), .path = STR("/"), .headers = &host, .header_count = 1};
    sigv4_sign(head, &key, str_from(region), STR("service"), &request, wall);
    return str_skip(buf_str(head), buf_len(head) - SHA256_HEX_LEN - 2);
}

/* What a derived key depends on is what it is remembered by. */
static void remembered_keys_are_not_mixed_up(void **state)
{
    (void)state;
    static const struct {
        const char *secret, *region;
        uint64_t days;
    } all[] = {{"one", "us-east-1", 0},
               {"two", "us-east-1", 0},
               {"onet", "us-east-1", 0},
               {"one", "eu-west-1", 0},
               {"one", "us-east-1", 1}};
    struct buf heads[ARRAY_LENGTH(all)] = {0};
    struct str signatures[ARRAY_LENGTH(all)];
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        signatures[i] = sign_with(&heads[i], "id", str_from(all[i].secret), all[i].region,
                                  SIGNED_AT + all[i].days * 86400 * USEC_PER_SEC);
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
        for (size_t j = 0; j < i; j++)
            assert_false(str_eq(signatures[i], signatures[j]));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        buf_release(&heads[i]);
}

/* More keys than are remembered, and longer ones, sign as they did. */
static void forgotten_keys_are_derived_again(void **state)
{
    (void)state;
    static char many[40][300];
    struct buf heads[ARRAY_LENGTH(many)] = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(many); i++) {
        memset(many[i], 'a' + (int)i % 26, sizeof(many[i]));
        (void)sign_with(&heads[i], "id", str_of(many[i], 100 + 5 * i), "us-east-1", SIGNED_AT);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(many); i++) {
        scoped_buf struct buf again = {0};
        (void)sign_with(&again, "id", str_of(many[i], 100 + 5 * i), "us-east-1", SIGNED_AT);
        assert_str_equal(buf_str(&again), buf_str(&heads[i]));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(many); i++)
        buf_release(&heads[i]);
}

/* Headers may be views of the buffer that grows. */
static void the_head_itself_is_signed(void **state)
{
    (void)state;
    scoped_buf struct buf head = {0};
    buf_literal(&head, "Host: example.amazonaws.com\r\n");
    const struct header host = {str_head(buf_str(&head), 4),
                                str_of(buf_str(&head).at + 6, sizeof("example.amazonaws.com") - 1)};
    struct sigv4_request request = {
        .method = STR("GET"), .path = STR("/"), .headers = &host, .header_count = 1};
    sigv4_sign(&head, &example_key, STR("us-east-1"), STR("service"), &request, SIGNED_AT);
    assert_true(str_find_str(buf_str(&head), str_from(suite[0].signature)) < buf_len(&head));
}

static const struct {
    const char *name;
    uint64_t seconds; /* 0: refused */
} times[] = {
    {"20150830T123600Z", 1440938160}, {"20240229T235959Z", 1709251199}, {"19700101T000001Z", 1},
    {"20230229T000000Z", 0},          {"20150830T243600Z", 0},          {"20150830T126000Z", 0},
    {"20150830T123660Z", 0},          {"20151330T123600Z", 0},          {"19691231T235959Z", 0},
    {"20150830t123600Z", 0},          {"20150830T123600z", 0},          {"20150830T123600", 0},
    {"2015083OT123600Z", 0},          {"20150830T123600ZZ", 0},         {"2015-08-30T12:36:00Z", 0},
    {" 0150830T123600Z", 0},          {"20150830 123600Z", 0},          {"", 0},
};

static void reads_times(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, times) {
        uint64_t wall = 0;
        bool valid = sigv4_read_time(str_from(c->name), &wall);
        CHECK_CASE(c, valid == (c->seconds > 0), "%s", valid ? "read" : "refused");
        CHECK_CASE(c, wall == c->seconds * USEC_PER_SEC, "got %llu", (unsigned long long)wall);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_test_suite),
        cmocka_unit_test(canonical_targets),
        cmocka_unit_test(canonical_headers),
        cmocka_unit_test(remembered_keys_are_not_mixed_up),
        cmocka_unit_test(forgotten_keys_are_derived_again),
        cmocka_unit_test(the_head_itself_is_signed),
        cmocka_unit_test(reads_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
