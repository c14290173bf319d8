/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/json.h"

#include "testing.h"

/* clang-format off */
static const struct {
    const char *name, *text, *want;
} cases[] = {
    {"the empty string", "", ""},
    {"plain text of less than a word", "plain", "plain"},
    {"plain text of more than a word", "plain text, and more of it", "plain text, and more of it"},
    {"quotes and backslashes", "a\"b\\c", "a\\\"b\\\\c"},
    {"a quote at the end of a word", "1234567\"9", "1234567\\\"9"},
    {"control characters with a short form", "\b\t\n\f\r", "\\b\\t\\n\\f\\r"},
    {"other control characters", "\x01\x1f\x0b", "\\u0001\\u001f\\u000b"},
    {"delete stands as it is", "\x7f", "\x7f"},
    {"two, three and four bytes", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
     "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"a sequence across the end of a word", "1234567\xc3\xa9z", "1234567\xc3\xa9z"},
    {"a sequence cut short", "a\xe2\x82", "a\xef\xbf\xbd\xef\xbf\xbd"},
    {"an overlong form", "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"half of a surrogate pair", "\xed\xa0\x80z", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz"},
    {"a byte that begins nothing", "\xff\"", "\xef\xbf\xbd\\\""},
};
/* clang-format on */

static void writes_strings(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        scoped_buf struct buf b = {0};
        json_write_escaped(&b, str_from(c->text));
        CHECK_CASE(c, str_is(buf_str(&b), c->want), "got '%" STR_F "'", STR_A(buf_str(&b)));
    }
}

/* Each special character at each place of texts around the sizes of words and pieces. */
static void writes_specials_at_every_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } specials[] = {{"\"", "\\\""}, {"\n", "\\n"}, {"\xe2\x82\xac", "\xe2\x82\xac"}};
    enum { LONGEST = 530 };

    FOR_EACH (special, specials, ARRAY_LENGTH(specials)) {
        for (size_t len = 0; len < LONGEST; len += len < 40 ? 1 : 53) {
            for (size_t at = 0; at <= len; at++) {
                scoped_buf struct buf text = {0}, want = {0}, got = {0};
                for (size_t i = 0; i < len; i++) {
                    buf_append(&text, str_from(i == at ? special->text : "x"));
                    buf_append(&want, str_from(i == at ? special->want : "x"));
                }
                json_write_escaped(&got, buf_str(&text));
                assert_str_equal(buf_str(&got), buf_str(&want));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_strings),
        cmocka_unit_test(writes_specials_at_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
