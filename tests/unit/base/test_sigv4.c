/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/sigv4.h"

#include "support/sigv4_suite.h"
#include "testing.h"
#include "turnpike/base/arena.h"
#include "turnpike/base/clock.h"

#define SIGNED_AT  (SUITE_SIGNED_AT * USEC_PER_SEC)
#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HOST                                                                                       \
    {                                                                                              \
        STR_INIT("Host"), STR_INIT("example.amazonaws.com")                                        \
    }

static const struct sigv4_key example_key = {
    .access_key_id = STR_INIT("AKIDEXAMPLE"),
    .secret_access_key = STR_INIT(SUITE_SECRET),
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
                                    .header_count = suite_headers(c, headers),
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
    {"no name", "/", "=1&=", "/", "=&=1"},
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
