/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/pattern.h"

#include "testing.h"

static const struct {
    const char *name, *pattern, *text;
    bool want;
} cases[] = {
    {"a status of a class", "2\\d\\d", "201", true},
    {"another class", "2\\d\\d", "301", false},
    {"nothing may follow", "2\\d\\d", "2010", false},
    {"nothing may come before", "2\\d\\d", "1201", false},
    {"alternatives are bound on both sides", "a|b.*", "bcd", true},
    {"the first of them too", "a|b.*", "ab", false},
    {"a shorter alternative does not win", "a|ab", "ab", true},
    {"an end that is not greedy", "a.*?", "abc", true},
    {"an error message", ".*Not Found.*", "Error: Not Found (7)", true},
    {"case counts", "not found", "Not Found", false},
    {"unless it says otherwise", "(?i)not found", "Not Found", true},
    {"a dot is no end of a line", "a.b", "a\nb", false},
    {"unless it says otherwise, too", "(?s)a.b", "a\nb", true},
    {"a dollar sign before a last newline", "a$", "a\n", false},
    {"a character, not a byte", ".", "ä", true},
    {"nothing matches nothing", "", "", true},
    {"nothing does not match something", "", "a", false},
    {"text that is not UTF-8", ".*", "\xff", false},
    {"a back-reference", "(.)\\1", "aa", true},
};

static void matches(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct arena arena;
        struct str why = {NULL, 0};
        arena_init(&arena, 256);
        struct pattern *p = pattern_new(&arena, str_from(c->pattern), &why);
        CHECK_CASE(c, p, "%" STR_F, STR_A(why));
        CHECK_CASE(c, pattern_matches(p, str_from(c->text)) == c->want, "matched: %d", !c->want);
        pattern_free(p);
        arena_release(&arena);
    }
}

/* Each would take longer than anybody waits. */
static void a_match_that_costs_too_much_is_none(void **state)
{
    (void)state;
    static const char *const costly[] = {"(a+)+b", "(a|aa)+$b", "(.*?,){11}P",
                                         "(?:(?:a?){40}){40}b"};
    char text[4096];
    memset(text, 'a', sizeof(text));
    FOR_EACH (pattern, costly, ARRAY_LENGTH(costly)) {
        struct arena arena;
        struct str why;
        arena_init(&arena, 256);
        struct pattern *p = pattern_new(&arena, str_from(*pattern), &why);
        assert_non_null(p);
        assert_false(pattern_matches(p, str_of(text, sizeof(text))));
        pattern_free(p);
        arena_release(&arena);
    }
}

static const struct {
    const char *name, *pattern, *why;
} refusals[] = {
    {"an open bracket", "a(b", "missing closing parenthesis, at its byte 4"},
    {"nothing to repeat", "*", "quantifier does not follow a repeatable item, at its byte 1"},
    {"an open class", "[a", "missing terminating ] for character class, at its byte 3"},
    {"half of characters", "\\C", "using \\C is disabled by the application, at its byte 3"},
};

static void refuses(void **state)
{
    (void)state;
    struct arena arena;
    struct str why;
    char long_one[1026];
    arena_init(&arena, 256);
    FOR_EACH_CASE (c, refusals) {
        CHECK_CASE(c, !pattern_new(&arena, str_from(c->pattern), &why), "accepted");
        CHECK_CASE(c, str_is(why, c->why), "got '%" STR_F "'", STR_A(why));
    }
    memset(long_one, 'a', sizeof(long_one));
    assert_null(pattern_new(&arena, str_of(long_one, 1025), &why));
    assert_str_equal(why, STR("it is longer than 1024 bytes"));
    struct pattern *p = pattern_new(&arena, str_of(long_one, 1024), &why);
    assert_non_null(p);
    pattern_free(p);
    pattern_free(NULL);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches),
        cmocka_unit_test(a_match_that_costs_too_much_is_none),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
