/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/json_print.h"

#include "testing.h"

static const struct {
    const char *name, *json;
    const char *compact, *plain, *with_json_lists;
} cases[] = {
    {"a text", "\"a b\"", "\"a b\"", "a b", "a b"},
    {"escapes", "\"\\u00e4\\\"\"", "\"\\u00e4\\\"\"", "ä\"", "ä\""},
    {"a number", " 1.50 ", "1.50", "1.50", "1.50"},
    {"a truth", "true", "true", "true", "true"},
    {"null", "null", "null", "", ""},
    {"an empty object", "{ }", "{}", "{}", "{}"},
    {"an empty list", "[ ]", "[]", "[]", "[]"},
    {"an object", "{\"b\" : 1,\n\t\"a\" : null}", "{\"b\":1,\"a\":null}", "{b=1, a=null}",
     "{b=1, a=null}"},
    {"a list", "[ 1 , \"x y\", null ]", "[1,\"x y\",null]", "[1, x y, null]", "[1,\"x y\",null]"},
    {"a list in an object", "{\"foo\": [{\"nested\": \"bar\"}]}",
     "{\"foo\":[{\"nested\":\"bar\"}]}", "{foo=[{nested=bar}]}", "{foo=[{\"nested\":\"bar\"}]}"},
    {"an object in a list", "[{\"foo\": \"bar\"}]", "[{\"foo\":\"bar\"}]", "[{foo=bar}]",
     "[{\"foo\":\"bar\"}]"},
    {"white space within texts stays", "[\" a\\\" b \"]", "[\" a\\\" b \"]", "[ a\" b ]",
     "[\" a\\\" b \"]"},
    {"a backslash before a quote that ends", "[\"\\\\\" , 1]", "[\"\\\\\",1]", "[\\, 1]",
     "[\"\\\\\",1]"},
};

static void prints(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        scoped_buf struct buf compact = {0}, plain = {0}, mixed = {0};
        json_print_compact(&compact, str_from(c->json));
        json_print_plain(&plain, str_from(c->json), false);
        json_print_plain(&mixed, str_from(c->json), true);
        CHECK_CASE(c, str_is(buf_str(&compact), c->compact), "got %" STR_F,
                   STR_A(buf_str(&compact)));
        CHECK_CASE(c, str_is(buf_str(&plain), c->plain), "got %" STR_F, STR_A(buf_str(&plain)));
        CHECK_CASE(c, str_is(buf_str(&mixed), c->with_json_lists), "got %" STR_F,
                   STR_A(buf_str(&mixed)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
