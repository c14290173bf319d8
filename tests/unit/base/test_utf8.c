/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/utf8.h"

#include "testing.h"

static const struct {
    const char *name;
    struct str text;
    size_t valid; /* bytes at its start */
} cases[] = {
    {"nothing", STR_INIT(""), 0},
    {"ASCII", STR_INIT("abc"), 3},
    {"ASCII with NUL and DEL", STR_INIT("a\0\x7f"), 3},
    {"long ASCII", STR_INIT("0123456789abcdef0"), 17},
    {"the first of two bytes", STR_INIT("\xc2\x80"), 2},
    {"the last of two bytes", STR_INIT("\xdf\xbf"), 2},
    {"the first of three bytes", STR_INIT("\xe0\xa0\x80"), 3},
    {"before the surrogates", STR_INIT("\xed\x9f\xbf"), 3},
    {"behind the surrogates", STR_INIT("\xee\x80\x80"), 3},
    {"the last of three bytes", STR_INIT("\xef\xbf\xbf"), 3},
    {"the first of four bytes", STR_INIT("\xf0\x90\x80\x80"), 4},
    {"the last of all", STR_INIT("\xf4\x8f\xbf\xbf"), 4},
    {"a sequence across a word",
     STR_INIT("1234567\xe2\x82\xac"
              "89"),
     12},
    {"a sequence behind words", STR_INIT("0123456789abcdef\xc3\xbc"), 18},
    {"a continuation alone", STR_INIT("a\x80"), 1},
    {"overlong, two bytes", STR_INIT("\xc0\x80"), 0},
    {"overlong, the last of two", STR_INIT("\xc1\xbf"), 0},
    {"overlong, three bytes", STR_INIT("\xe0\x9f\xbf"), 0},
    {"overlong, four bytes", STR_INIT("\xf0\x8f\xbf\xbf"), 0},
    {"the first surrogate", STR_INIT("\xed\xa0\x80"), 0},
    {"the last surrogate", STR_INIT("\xed\xbf\xbf"), 0},
    {"beyond the last", STR_INIT("\xf4\x90\x80\x80"), 0},
    {"a lead byte too high", STR_INIT("\xf5\x80\x80\x80"), 0},
    {"0xfe and 0xff", STR_INIT("\xfe\xff"), 0},
    {"cut after one of two", STR_INIT("ab\xc3"), 2},
    {"cut after two of three", STR_INIT("ab\xe2\x82"), 2},
    {"cut after three of four", STR_INIT("ab\xf0\x9f\x98"), 2},
    {"no continuation",
     STR_INIT("\xc3"
              "a"),
     0},
    {"no second continuation",
     STR_INIT("\xe2\x82"
              "a"),
     0},
    {"no third continuation",
     STR_INIT("\xf0\x9f\x98"
              "a"),
     0},
    {"malformed behind a word", STR_INIT("01234567\xff"), 8},
    {"malformed within a word",
     STR_INIT("0123456789\xff"
              "bcdef"),
     10},
};

static void validity(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        size_t valid = utf8_valid_len(c->text);
        CHECK_CASE(c, valid == c->valid, "got %zu", valid);
        CHECK_CASE(c, utf8_is_valid(c->text) == (c->valid == c->text.len), "is valid");
    }
    assert_true(utf8_is_valid((struct str){NULL, 0}));
}

/* Each code point's encoding is valid, and of the length that its range has. */
static void encoding(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char out[4];
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        size_t len = utf8_encode(out, c);
        assert_int_equal(len, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
        assert_true(utf8_is_valid(str_of(out, len)));
    }
    char euro[4];
    assert_str_equal(str_of(euro, utf8_encode(euro, 0x20ac)), STR("\xe2\x82\xac"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(validity),
        cmocka_unit_test(encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
