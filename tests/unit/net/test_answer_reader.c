/* SPDX-License-Identifier: Apache-2.0 */
#include "../../../src/net/answer_reader.h"

#include "turnpike/base/clock.h"

#include "testing.h"

#define BODY_MAX 64

static const struct {
    const char *name, *bytes, *body;
} cases[] = {
    {"length", "HTTP/1.1 200 OK\r\nX-Test: v\r\nContent-Length: 5\r\n\r\nhello", "hello"},
    {"no body", "HTTP/1.1 204 No Content\r\nX-Test: v\r\n\r\n", ""},
    {"chunks",
     "HTTP/1.1 200 OK\r\nX-Test: v\r\nTransfer-Encoding: chunked\r\n\r\n"
     "5\r\nhello\r\n7;a=b\r\n, world\r\n0\r\nA: b\r\n\r\n",
     "hello, world"},
    {"1xx before it",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX-Test: no\r\n\r\n"
     "HTTP/1.1 200 OK\r\nX-Test: v\r\nContent-Length: 2\r\n\r\nok",
     "ok"},
};

/* Fed in two parts, at every place; each part in memory of its own, which catches stale views. */
static void an_answer_may_be_cut_anywhere(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct str all = str_from(c->bytes);
        for (size_t cut = 1; cut <= all.len; cut++) {
            struct answer_reader a = {0};
            struct http_head head;
            struct error error = {0};
            enum answer_result result =
                answer_reader_feed(&a, str_head(all, cut), BODY_MAX, &head, &error);
            if (cut < all.len) {
                CHECK_CASE(c, result == ANSWER_MORE, "cut at %zu: %s", cut, error.text);
                result = answer_reader_feed(&a, str_skip(all, cut), BODY_MAX, &head, &error);
            }
            CHECK_CASE(c, result == ANSWER_COMPLETE, "cut at %zu: %s", cut, error.text);
            CHECK_CASE(c, a.keep_alive, "cut at %zu", cut);
            assert_str_equal(str_skip(buf_str(&a.in), a.head_size), str_from(c->body));
            const struct header *field =
                http_find_header(head.headers, head.header_count, STR("x-test"));
            CHECK_CASE(c, field && str_is(field->value, "v"), "cut at %zu", cut);
            buf_release(&a.in);
        }
    }
}

/* What comes once the head is there is handed on; of the body nothing is collected. */
static void an_answer_may_be_passed_on(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct str all = str_from(c->bytes);
        for (size_t cut = 1; cut < all.len; cut++) {
            struct answer_reader a = {0};
            struct http_head head;
            struct error error = {0};
            enum answer_result result =
                answer_reader_feed(&a, str_head(all, cut), BODY_MAX, &head, &error);
            if (a.head_size == 0) {
                buf_release(&a.in);
                continue;
            }
            scoped_buf struct buf body = {0};
            buf_append(&body, str_skip(buf_str(&a.in), a.head_size));
            buf_release(&a.in);
            for (size_t at = cut; at < all.len && result == ANSWER_MORE; at++) {
                char byte = all.at[at];
                size_t len;
                result = answer_reader_pass(&a, &byte, 1, BODY_MAX, &len, &error);
                buf_append(&body, str_of(&byte, len));
            }
            CHECK_CASE(c, result == ANSWER_COMPLETE, "cut at %zu: %s", cut, error.text);
            CHECK_CASE(c, a.keep_alive, "cut at %zu", cut);
            assert_str_equal(buf_str(&body), str_from(c->body));
        }
    }
}

static void an_endless_head_is_refused(void **state)
{
    (void)state;
    struct answer_reader a = {0};
    struct http_head head;
    struct error error = {0};
    char line[1024];
    memset(line, 'x', sizeof(line));
    memcpy(line, "A: ", 3);
    memcpy(line + sizeof(line) - 2, "\r\n", 2);
    enum answer_result result =
        answer_reader_feed(&a, STR("HTTP/1.1 200 OK\r\n"), BODY_MAX, &head, &error);
    for (int i = 0; i < 100 && result == ANSWER_MORE; i++)
        result = answer_reader_feed(&a, str_of(line, sizeof(line)), BODY_MAX, &head, &error);
    assert_int_equal(result, ANSWER_FAILED);
    assert_int_equal(error.code, ERROR_TOO_LARGE);
    buf_release(&a.in);
}

static const struct {
    const char *name, *value;
    uint64_t want;
} promises[] = {
    {"timeout", "timeout=5", 4500000},
    {"among others", "max=100, Timeout=2", 1500000},
    {"one second", "timeout=1", 500000},
    {"none", "timeout=0", 0},
    {"nothing", "max=100", UINT64_MAX},
    {"nonsense", "timeout=soon", UINT64_MAX},
    {"for ever", "timeout=18446744073709551615", UINT64_MAX},
};

static void what_keep_alive_promises(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, promises) {
        struct http_head head = {.header_count = 1};
        head.headers[0] = (struct header){STR("Keep-Alive"), str_from(c->value)};
        uint64_t got = answer_idle_time(&head);
        CHECK_CASE(c, got == c->want, "%llu", (unsigned long long)got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_may_be_cut_anywhere),
        cmocka_unit_test(an_answer_may_be_passed_on),
        cmocka_unit_test(an_endless_head_is_refused),
        cmocka_unit_test(what_keep_alive_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
