/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/diag.h"

#include "testing.h"

static struct position at(const char *file, unsigned line, unsigned column)
{
    return (struct position){file, line, column};
}

static void findings_are_counted_and_kept(void **state)
{
    (void)state;
    struct diag d;
    diag_init(&d);
    char text[] = "copied";
    diag_error(&d, at("a", 1, 2), "%s %d", text, 1);
    diag_warning(&d, at("a", 1, 3), "a warning");
    diag_notice(&d, at(NULL, 0, 0), "a notice");
    text[0] = 'X';

    assert_int_equal(d.error_count, 1);
    assert_int_equal(d.warning_count, 1);
    assert_int_equal(d.findings.count, 3);
    assert_str_equal(d.findings.items[0].message, STR("copied 1"));
    assert_int_equal(d.findings.items[2].severity, SEVERITY_NOTICE);
    diag_release(&d);
}

static void the_same_is_said_once(void **state)
{
    (void)state;
    struct diag d;
    char copy[] = "a"; /* the same name, told by its bytes */
    diag_init(&d);
    diag_error(&d, at("a", 1, 2), "x");
    diag_error(&d, at(copy, 1, 2), "x");
    assert_int_equal(d.findings.count, 1);
    assert_int_equal(d.error_count, 1);

    diag_error(&d, at("b", 1, 2), "x");
    diag_error(&d, at("a", 2, 2), "x");
    diag_error(&d, at("a", 1, 3), "x");
    diag_error(&d, at("a", 1, 2), "y");
    diag_warning(&d, at("a", 1, 2), "x");
    assert_int_equal(d.findings.count, 6);
    diag_release(&d);
}

static void sorted_as_one_reads(void **state)
{
    (void)state;
    struct diag d;
    diag_init(&d);
    diag_error(&d, at("b", 1, 1), "5");
    diag_error(&d, at("a", 10, 1), "4");
    diag_warning(&d, at("a", 9, 20), "3");
    diag_error(&d, at("a", 9, 3), "2");
    diag_error(&d, at(NULL, 0, 0), "1");
    diag_sort(&d);
    for (size_t i = 0; i < d.findings.count; i++)
        assert_int_equal(d.findings.items[i].message.at[0], '1' + (int)i);
    diag_release(&d);

    diag_init(&d);
    diag_sort(&d);
    diag_release(&d);
}

static void a_hostile_file_fills_no_memory(void **state)
{
    (void)state;
    struct diag d;
    size_t used = 0;
    diag_init(&d);
    for (unsigned i = 0; i < 20000; i++) {
        diag_error(&d, at("a", i, 1), "wrong");
        if (i == 1500)
            used = d.arena.used;
    }
    assert_int_equal(d.error_count, 20000);
    assert_int_equal(d.findings.count, 1000);
    assert_true(d.full);
    assert_int_equal(d.arena.used, used);
    diag_release(&d);
}

static void severities(void **state)
{
    (void)state;
    assert_string_equal(severity_name(SEVERITY_ERROR), "error");
    assert_string_equal(severity_name(SEVERITY_WARNING), "warning");
    assert_string_equal(severity_name(SEVERITY_NOTICE), "notice");
}

static const char *const names[] = {"accountId", "apiId",     "apis",   "date",   "listeners",
                                    "log",       "stageName", "stages", "timeout"};

/* clang-format off */
static const struct {
    const char *name, *want;
} spellings[] = {
    {"listener", "listeners"},

    /* a letter left out */
    {"listenerss", "listeners"},

    /* one too many */
    {"stageNmae", "stageName"},

    /* two exchanged */
    {"STAGENAME", "stageName"},

    /* case */
    {"stage_name", "stageName"},
    {"timeuot", "timeout"},
    {"rate", "date"},
    {"apis", "apis"},
    {"port", NULL},
    {"authorizer", NULL},
    {"", NULL},
    {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", NULL},
};
/* clang-format on */

static void nearest_names(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, spellings) {
        const char *got = nearest_name(str_from(c->name), names, ARRAY_LENGTH(names));
        bool same = c->want && got ? strcmp(got, c->want) == 0 : got == c->want;
        CHECK_CASE(c, same, "got %s", got ? got : "none");
    }
    assert_null(nearest_name(STR("apis"), NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_are_counted_and_kept),
        cmocka_unit_test(the_same_is_said_once),
        cmocka_unit_test(sorted_as_one_reads),
        cmocka_unit_test(a_hostile_file_fills_no_memory),
        cmocka_unit_test(severities),
        cmocka_unit_test(nearest_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
