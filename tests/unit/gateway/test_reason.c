/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/gateway/reason.h"

#include "testing.h"

/* 498 bytes, then what the case has. */
static struct str long_text(struct arena *a, const char *end)
{
    return arena_printf(a, "%0498d%s", 0, end);
}

static void is_cut_between_two_characters(void **state)
{
    (void)state;
    static const struct {
        const char *name, *end, *kept; /* kept: of end; NULL: all, as it is */
    } cases[] = {
        {"what fits stays", "ab", NULL},
        {"one byte more does not fit", "abc", "ab"},
        {"a character that ends at the bound", "\xc3\xa9x", "\xc3\xa9"},
        {"a character across the bound", "a\xc3\xa9", "a"},
        {"a long one across the bound", "a\xf0\x9f\x98\x80", "a"},
        {"bytes that are no UTF-8", "\xff\xff\xff", "\xff\xff"},
    };
    struct arena a;
    arena_init(&a, 4096);
    FOR_EACH_CASE (c, cases) {
        struct str text = long_text(&a, c->end), got = reason_bounded(&a, text);
        if (c->kept)
            text = arena_printf(&a, "%" STR_F "...", STR_A(long_text(&a, c->kept)));
        CHECK_CASE(c, str_eq(got, text), "is %" STR_F, STR_A(got));
    }
    arena_release(&a);
}

static void names_are_quoted_and_end_somewhere(void **state)
{
    (void)state;
    struct arena a;
    struct str names[1000];
    arena_init(&a, 4096);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        names[i] = STR("name");
    assert_true(str_is(reason_names(&a, names, 0), ""));
    assert_true(str_is(reason_names(&a, names, 2), "'name', 'name'"));
    assert_true(reason_names(&a, names, ARRAY_LENGTH(names)).len < REASON_MAX + 16);
    arena_release(&a);
}

static void an_endpoint_is_told_without_its_path(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 4096);
    struct endpoint e = {.authority = STR("lambda.test:8443"), .base_path = STR("/x")};
    assert_true(str_is(reason_endpoint(&a, &e), "http://lambda.test:8443"));
    e.tls = true;
    assert_true(str_is(reason_endpoint(&a, &e), "https://lambda.test:8443"));
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_cut_between_two_characters),
        cmocka_unit_test(names_are_quoted_and_end_somewhere),
        cmocka_unit_test(an_endpoint_is_told_without_its_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
