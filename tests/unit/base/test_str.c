/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/str.h"

#include "testing.h"

static const struct str null_str;

static void equality(void **state)
{
    (void)state;
    assert_true(str_eq(STR("a\0b"), STR("a\0b")));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
    assert_false(str_eq(STR("a"), STR("ab")));
    assert_true(str_eq(null_str, STR("")));
    assert_true(str_is(STR("abc"), "abc"));
    assert_false(str_is(STR("abc\0"), "abc"));
    assert_true(str_is(null_str, ""));
    assert_int_equal(str_from(NULL).len, 0);
}

/* ASCII letters alone fold: neither '@' and '`', nor bytes above 127. */
static void equality_without_case(void **state)
{
    (void)state;
    assert_true(str_eq_nocase(STR("Content-TYPE"), STR("cONTENT-type")));
    assert_true(str_eq_nocase(STR("azAZ"), STR("AZaz")));
    assert_false(str_eq_nocase(STR("a"), STR("b")));
    assert_false(str_eq_nocase(STR("a"), STR("aa")));
    assert_false(str_eq_nocase(STR("@"), STR("`")));
    assert_false(str_eq_nocase(STR("["), STR("{")));
    assert_false(str_eq_nocase(STR("\xc4"), STR("\xe4")));
    assert_true(str_eq_nocase(null_str, STR("")));
}

static void prefixes_and_suffixes(void **state)
{
    (void)state;
    assert_true(str_starts_with(STR("abc"), STR("ab")));
    assert_true(str_starts_with(STR("abc"), STR("")));
    assert_false(str_starts_with(STR("ab"), STR("abc")));
    assert_false(str_starts_with(STR("abc"), STR("AB")));
    assert_true(str_starts_with_nocase(STR("abc"), STR("AB")));
    assert_false(str_starts_with_nocase(STR("a"), STR("AB")));
    assert_true(str_ends_with(STR("abc"), STR("bc")));
    assert_true(str_ends_with(STR("abc"), STR("")));
    assert_false(str_ends_with(STR("bc"), STR("abc")));
    assert_false(str_ends_with(STR("abc"), STR("ab")));
    assert_true(str_starts_with(null_str, null_str));
    assert_true(str_ends_with(null_str, null_str));
}

static void parts(void **state)
{
    (void)state;
    assert_str_equal(str_head(STR("abc"), 2), STR("ab"));
    assert_str_equal(str_head(STR("abc"), 4), STR("abc"));
    assert_str_equal(str_skip(STR("abc"), 1), STR("bc"));
    assert_str_equal(str_skip(STR("abc"), 4), STR(""));
    assert_null(str_skip(null_str, 3).at);
    assert_null(str_head(null_str, 3).at);
}

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

static void order(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct str a, b;
        int want;
    } cases[] = {
        {"equal", STR_INIT("a"), STR_INIT("a"), 0},
        {"by bytes", STR_INIT("a"), STR_INIT("b"), -1},
        {"the shorter first", STR_INIT("a"), STR_INIT("aa"), -1},
        {"bytes before lengths", STR_INIT("b"), STR_INIT("aa"), 1},
        {"bytes are unsigned", STR_INIT("\x7f"), STR_INIT("\x80"), -1},
        {"behind a NUL", STR_INIT("a\0b"), STR_INIT("a\0a"), 1},
        {"the empty one first", STR_INIT(""), STR_INIT("\0"), -1},
    };
    FOR_EACH_CASE (c, cases) {
        CHECK_CASE(c, sign(str_compare(c->a, c->b)) == c->want, "a b");
        CHECK_CASE(c, sign(str_compare(c->b, c->a)) == -c->want, "b a");
    }
}

static void finding(void **state)
{
    (void)state;
    assert_int_equal(str_find(STR("abcb"), 'b'), 1);
    assert_int_equal(str_find(STR("abc"), 'x'), 3);
    assert_int_equal(str_find(STR("a\0b"), 'b'), 2);
    assert_int_equal(str_find(null_str, 'x'), 0);
    assert_int_equal(str_find_str(STR("abcabd"), STR("abd")), 3);
    assert_int_equal(str_find_str(STR("abc"), STR("abcd")), 3);
    assert_int_equal(str_find_str(STR("abc"), STR("")), 0);
    assert_int_equal(str_find_str(null_str, STR("a")), 0);
}

static void splitting(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *want;
    } cases[] = {
        {"one part", "a", "<a>"},
        {"three parts", "a,bc,d", "<a><bc><d>"},
        {"empty parts", ",a,,", "<><a><><>"},
        {"an empty text", "", "<>"},
    };
    FOR_EACH_CASE (c, cases) {
        char got[64] = "";
        struct str rest = str_from(c->text), part;
        while (str_split(&rest, ',', &part))
            (void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "<%" STR_F ">",
                           STR_A(part));
        CHECK_CASE(c, strcmp(got, c->want) == 0, "got %s", got);
        CHECK_CASE(c, rest.at == NULL, "what is left");
    }
    struct str nothing = null_str, part;
    assert_false(str_split(&nothing, ',', &part));
}

static void trimming(void **state)
{
    (void)state;
    assert_str_equal(str_trim(STR(" \ta b\t ")), STR("a b"));
    assert_str_equal(str_trim(STR(" \t ")), STR(""));
    assert_str_equal(str_trim(STR("\na\r")), STR("\na\r"));
    assert_int_equal(str_trim(null_str).len, 0);
}

static void whole_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool ok;
        uint64_t want;
    } cases[] = {
        {"0", true, 0},
        {"007", true, 7},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"18446744073709551620", false, 0},
        {"99999999999999999999999", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x1", false, 0},
        {"1e3", false, 0},
    };
    FOR_EACH_CASE (c, cases) {
        uint64_t value = 77;
        bool ok = str_to_u64(str_from(c->name), &value);
        CHECK_CASE(c, ok == c->ok, "accepted %d", ok);
        CHECK_CASE(c, value == (ok ? c->want : 77), "value");
    }
}

static void decimal_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool ok;
        double want;
    } cases[] = {
        {"0", true, 0},         {"12", true, 12},      {"0.5", true, 0.5},
        {"10.25", true, 10.25}, {"0.050", true, 0.05}, {"1.", false, 0},
        {".5", false, 0},       {"", false, 0},        {".", false, 0},
        {"-1", false, 0},       {"1e3", false, 0},     {"1.2.3", false, 0},
        {"nan", false, 0},      {"inf", false, 0},     {"0x1p3", false, 0},
        {"1,5", false, 0},      {"1.+5", false, 0},    {"0.1234567890123456", false, 0},
    };
    FOR_EACH_CASE (c, cases) {
        double value = 77;
        bool ok = str_to_double(str_from(c->name), &value);
        CHECK_CASE(c, ok == c->ok, "accepted %d", ok);
        CHECK_CASE(c, value == (ok ? c->want : 77), "got %f", value);
    }
}

static void secrets(void **state)
{
    (void)state;
    assert_true(str_eq_secret(STR("s3cret"), STR("s3cret")));
    assert_false(str_eq_secret(STR("s3cret"), STR("s3creT")));
    assert_false(str_eq_secret(STR("S3cret"), STR("s3cret")));
    assert_false(str_eq_secret(STR("s3cre"), STR("s3cret")));
    assert_true(str_eq_secret(null_str, STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality),
        cmocka_unit_test(equality_without_case),
        cmocka_unit_test(prefixes_and_suffixes),
        cmocka_unit_test(parts),
        cmocka_unit_test(order),
        cmocka_unit_test(finding),
        cmocka_unit_test(splitting),
        cmocka_unit_test(trimming),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(decimal_numbers),
        cmocka_unit_test(secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
