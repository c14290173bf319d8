/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/http_message.h"

#include "turnpike/base/buf.h"
#include "turnpike/base/xalloc.h"

#include "testing.h"

#define MORE    HTTP_CHUNK_MORE
#define END     HTTP_CHUNK_END
#define INVALID HTTP_CHUNK_INVALID

#define LAST "0\r\n\r\n"
#define X16  "xxxxxxxxxxxxxxxx"
#define X128 X16 X16 X16 X16 X16 X16 X16 X16

/* Rows of one or two lines read better than columns. */
/* clang-format off */
static const struct {
    const char *name;
    struct str coded;
    enum http_chunk_result result;
    const char *body;
    size_t rest; /* bytes that are not the body's */
} cases[] = {
    {"no data", STR_INIT(LAST), END, "", 0},
    {"one chunk", STR_INIT("5\r\nhello\r\n" LAST), END, "hello", 0},
    {"three chunks", STR_INIT("1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n" LAST), END, "abcdef", 0},
    {"hexadecimal of both cases", STR_INIT("a\r\n0123456789\r\nA\r\n0123456789\r\n" LAST), END,
     "01234567890123456789", 0},
    {"zeros in front", STR_INIT("0005\r\nhello\r\n000\r\n\r\n"), END, "hello", 0},
    {"data that looks like framing", STR_INIT("7\r\n\r\n0\r\n\r\n\r\n" LAST), END,
     "\r\n0\r\n\r\n", 0},
    {"what follows is left", STR_INIT("1\r\na\r\n" LAST "GET /"), END, "a", 5},
    {"15 digits", STR_INIT("000000000000001\r\na\r\n" LAST), END, "a", 0},
    {"16 digits", STR_INIT("0000000000000001\r\na\r\n" LAST), INVALID, "", 10},
    {"a size beyond 64 bits", STR_INIT("10000000000000001\r\na"), INVALID, "", 4},
    {"no size", STR_INIT("\r\na\r\n"), INVALID, "", 4},
    {"a sign", STR_INIT("+5\r\nhello"), INVALID, "", 8},
    {"a prefix", STR_INIT("0x5\r\nhello"), INVALID, "", 8},
    {"a foreign digit", STR_INIT("g\r\n"), INVALID, "", 2},
    {"a space before the size", STR_INIT(" 5\r\nhello"), INVALID, "", 8},
    {"a space behind the size", STR_INIT("5 \r\nhello"), INVALID, "", 6},
    {"a bare LF behind the size", STR_INIT("5\nhello"), INVALID, "", 5},
    {"a bare CR behind the size", STR_INIT("5\rhello"), INVALID, "", 4},
    {"a longer chunk than said", STR_INIT("2\r\nabc\r\n" LAST), INVALID, "ab", 7},
    {"a bare LF behind the data", STR_INIT("1\r\na\n" LAST), INVALID, "a", 5},
    {"a bare CR behind the data", STR_INIT("1\r\na\r" LAST), INVALID, "a", 4},
    {"nothing behind the data", STR_INIT("1\r\na" LAST), INVALID, "a", 4},
    {"an extension", STR_INIT("1;a\r\nx\r\n" LAST), END, "x", 0},
    {"an extension with a value", STR_INIT("1;a=b\r\nx\r\n" LAST), END, "x", 0},
    {"extensions with white space", STR_INIT("1 ; a = b ;c\t;d\r\nx\r\n" LAST), END, "x", 0},
    {"digits in extensions", STR_INIT("1;abc=123\r\nx\r\n" LAST), END, "x", 0},
    {"a quoted value", STR_INIT("1;a=\"b;c=\\\"\\\\ (\xff:\"\r\nx\r\n" LAST), END, "x", 0},
    {"an extension behind a quoted value", STR_INIT("1;a=\"\" ;b\r\nx\r\n" LAST), END, "x", 0},
    {"an extension of the last chunk", STR_INIT("0;a=b\r\n\r\n"), END, "", 0},
    {"no name", STR_INIT("1;\r\nx"), INVALID, "", 2},
    {"an empty name", STR_INIT("1;=b\r\nx"), INVALID, "", 4},
    {"no value", STR_INIT("1;a=\r\nx"), INVALID, "", 2},
    {"a delimiter in a value", STR_INIT("1;a=(\r\nx"), INVALID, "", 3},
    {"two names", STR_INIT("1;a b\r\nx"), INVALID, "", 3},
    {"text behind a quoted value", STR_INIT("1;a=\"b\"c\r\nx"), INVALID, "", 3},
    {"a space at the end", STR_INIT("1;a \r\nx"), INVALID, "", 2},
    {"a CR in a quoted value", STR_INIT("1;a=\"\r\n\"\r\nx"), INVALID, "", 5},
    {"an escaped CR in a quoted value", STR_INIT("1;a=\"\\\r\n\"\r\nx"), INVALID, "", 5},
    {"a bare LF in an extension", STR_INIT("1;a\nx"), INVALID, "", 1},
    {"NUL in an extension", STR_INIT("1;a\0\r\nx"), INVALID, "", 3},
    {"not ASCII in an extension", STR_INIT("1;\xc3\xbc\r\nx"), INVALID, "", 4},
    {"the longest line",
     STR_INIT("1;" X128 X16 X16 X16 X16 X16 X16 X16 "xxxxxxxxxxxxx\r\na\r\n" LAST), END, "a", 0},
    {"a longer line",
     STR_INIT("1;" X128 X16 X16 X16 X16 X16 X16 X16 "xxxxxxxxxxxxxx\r\na\r\n" LAST), INVALID, "",
     9},
    {"a trailer", STR_INIT("0\r\nA: b\r\n\r\nrest"), END, "", 4},
    {"trailers", STR_INIT("0\r\nA:b\r\nContent-Length: 5 \t\"\\;=:\xff\r\nE:\r\n\r\n"), END, "",
     0},
    {"a digit begins a trailer", STR_INIT("0\r\nabc: d\r\n\r\n"), END, "", 0},
    {"a folded trailer", STR_INIT("0\r\nA: b\r\n c\r\n\r\n"), INVALID, "", 5},
    {"a space before the colon", STR_INIT("0\r\nA : b\r\n\r\n"), INVALID, "", 7},
    {"a trailer without a name", STR_INIT("0\r\n: b\r\n\r\n"), INVALID, "", 6},
    {"a trailer without a colon", STR_INIT("0\r\nA\r\n\r\n"), INVALID, "", 3},
    {"a control character in a trailer", STR_INIT("0\r\nA: \x01\r\n\r\n"), INVALID, "", 4},
    {"a bare LF behind a trailer", STR_INIT("0\r\nA: b\n\r\n"), INVALID, "", 2},
    {"a bare LF at the end", STR_INIT("0\r\n\n"), INVALID, "", 0},
    {"a bare CR at the end", STR_INIT("0\r\n\rX"), INVALID, "", 0},
    {"nothing", STR_INIT(""), MORE, "", 0},
    {"half a size", STR_INIT("1"), MORE, "", 0},
    {"half the data", STR_INIT("5\r\nhe"), MORE, "he", 0},
    {"data without its end", STR_INIT("2\r\nhe"), MORE, "he", 0},
    {"no last chunk", STR_INIT("2\r\nhe\r\n"), MORE, "he", 0},
    {"half the end", STR_INIT("0\r\n"), MORE, "", 0},
    {"almost the end", STR_INIT("0\r\n\r"), MORE, "", 0},
};

/* clang-format on */

/* Feeds the text in pieces of at most `piece` bytes, each in memory of its own. */
static enum http_chunk_result decode(struct str coded, size_t piece, uint32_t trailers_max,
                                     struct buf *body, struct buf *trailers, size_t *rest)
{
    struct http_chunked c;
    enum http_chunk_result result = HTTP_CHUNK_MORE;
    http_chunked_init(&c);
    c.trailers_max = trailers_max;
    while (coded.len > 0 && result == HTTP_CHUNK_MORE) {
        struct str part = str_head(coded, piece), in = part, data;
        char *copy = xmalloc(part.len);
        in.at = memcpy(copy, part.at, part.len);
        while ((result = http_chunked_next(&c, &in, &data)) == HTTP_CHUNK_DATA ||
               result == HTTP_CHUNK_TRAILER) {
            assert_true(data.len > 0);
            buf_append(result == HTTP_CHUNK_DATA ? body : trailers, data);
        }
        if (result == HTTP_CHUNK_MORE)
            assert_int_equal(in.len, 0);
        coded = str_skip(coded, part.len - in.len);
        free(copy);
    }
    *rest = coded.len;

    struct str none = STR(""), data;
    assert_int_equal(http_chunked_next(&c, &none, &data), result); /* it stays what it is */
    return result;
}

static void bodies_in_pieces_of_any_size(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        for (size_t piece = 1; piece <= 16 || piece <= c->coded.len; piece++) {
            scoped_buf struct buf body = {0}, trailers = {0};
            size_t rest = 0;
            enum http_chunk_result result = decode(c->coded, piece, 0, &body, &trailers, &rest);
            CHECK_CASE(c, result == c->result, "result %d by %zu", result, piece);
            CHECK_CASE(c, str_is(buf_str(&body), c->body), "body '%" STR_F "' by %zu",
                       STR_A(buf_str(&body)), piece);
            CHECK_CASE(c, rest == c->rest, "rest %zu by %zu", rest, piece);
            CHECK_CASE(c, buf_len(&trailers) == 0, "trailers by %zu", piece);
        }
    }
}

/* Who asks for trailers sees the same body and the same end. */
static void trailers_change_nothing_else(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        for (size_t piece = 1; piece <= 16 || piece <= c->coded.len; piece++) {
            scoped_buf struct buf body = {0}, trailers = {0};
            size_t rest = 0;
            enum http_chunk_result result = decode(c->coded, piece, 8192, &body, &trailers, &rest);
            CHECK_CASE(c, result == c->result, "result %d by %zu", result, piece);
            CHECK_CASE(c, str_is(buf_str(&body), c->body), "by %zu", piece);
            CHECK_CASE(c, rest == c->rest, "rest %zu by %zu", rest, piece);
        }
    }
}

static void trailers_are_handed_out(void **state)
{
    (void)state;
    static const struct {
        const char *name, *coded;
        uint32_t max; /* the line that ends them counts, too */
        enum http_chunk_result result;
        const char *trailers;
    } trailer_cases[] = {
        {"none", "1\r\na\r\n" LAST, 8192, END, ""},
        {"one", "0\r\nA: b\r\n\r\n", 8, END, "A: b\r\n"},
        {"one byte too many", "0\r\nA: b\r\n\r\n", 7, INVALID, "A: b\r\n"},
        {"two", "1\r\na\r\n0\r\nA: b\r\nC:\t\"d\" \r\n\r\n", 8192, END, "A: b\r\nC:\t\"d\" \r\n"},
        {"without their end", "0\r\nA: b\r\n", 8192, MORE, "A: b\r\n"},
        {"what follows is none", "0\r\nA:\r\n\r\nB:\r\n\r\n", 8192, END, "A:\r\n"},
        {"a bound of their own", "0\r\nA: b\r\n\r\n", UINT32_MAX, END, "A: b\r\n"},
    };
    FOR_EACH_CASE (c, trailer_cases) {
        struct str coded = str_from(c->coded);
        for (size_t piece = 1; piece <= coded.len; piece++) {
            scoped_buf struct buf body = {0}, trailers = {0};
            size_t rest = 0;
            enum http_chunk_result result = decode(coded, piece, c->max, &body, &trailers, &rest);
            CHECK_CASE(c, result == c->result, "result %d by %zu", result, piece);
            CHECK_CASE(c, str_is(buf_str(&trailers), c->trailers), "'%" STR_F "' by %zu",
                       STR_A(buf_str(&trailers)), piece);
        }
    }
}

/* The decoder looks at nothing twice: data comes back as a view of what was fed. */
static void data_is_not_copied(void **state)
{
    (void)state;
    struct http_chunked c;
    struct str in = STR("5\r\nhello\r\n"), data;
    const char *start = in.at;
    http_chunked_init(&c);
    assert_int_equal(http_chunked_next(&c, &in, &data), HTTP_CHUNK_DATA);
    assert_ptr_equal(data.at, start + 3);
    assert_int_equal(data.len, 5);
}

static void the_largest_chunk_is_counted_not_held(void **state)
{
    (void)state;
    struct http_chunked c;
    struct str in = STR("fffffffffffffff\r\nabc"), data;
    http_chunked_init(&c);
    assert_int_equal(http_chunked_next(&c, &in, &data), HTTP_CHUNK_DATA);
    assert_str_equal(data, STR("abc"));
    assert_true(c.left == UINT64_C(0xfffffffffffffff) - 3);
}

static enum http_chunk_result decode_trailers(size_t len, uint32_t max)
{
    scoped_buf struct buf coded = {0}, body = {0}, trailers = {0};
    size_t rest = 0;
    buf_literal(&coded, "0\r\n");
    for (size_t i = 0; i < len / 16; i++)
        buf_literal(&coded, "x-trailer: 123\r\n");
    buf_literal(&coded, "\r\n");
    return decode(buf_str(&coded), 1000, max, &body, &trailers, &rest);
}

static void trailers_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(decode_trailers(8192 - 16, 0), HTTP_CHUNK_END);
    assert_int_equal(decode_trailers(8192, 0), HTTP_CHUNK_INVALID);
    assert_int_equal(decode_trailers(65536, 65536 + 2), HTTP_CHUNK_END);
    assert_int_equal(decode_trailers(65536, 65536 + 1), HTTP_CHUNK_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_in_pieces_of_any_size),
        cmocka_unit_test(trailers_change_nothing_else),
        cmocka_unit_test(trailers_are_handed_out),
        cmocka_unit_test(data_is_not_copied),
        cmocka_unit_test(the_largest_chunk_is_counted_not_held),
        cmocka_unit_test(trailers_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
