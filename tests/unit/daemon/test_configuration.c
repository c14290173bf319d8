/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/configuration.h"

#include "temporary.h"

static void enter(struct temporary *t)
{
    temporary_enter(t);
    assert_int_equal(mkdir("conf", 0755), 0);
}

static void the_written_file_counts(void **state)
{
    (void)state;
    struct temporary t;
    struct error error;
    enter(&t);
    write_text_file("turnpike.yaml", 0644, "");
    assert_string_equal(configuration_find("elsewhere.yaml", &error), "elsewhere.yaml");
    temporary_leave(&t);
}

static void the_working_directory_comes_first(void **state)
{
    (void)state;
    struct temporary t;
    struct error error;
    enter(&t);
    write_text_file("conf/turnpike.yaml", 0644, "");
    assert_string_equal(configuration_find(NULL, &error), "./conf/turnpike.yaml");
    write_text_file("turnpike.yaml", 0644, "");
    assert_string_equal(configuration_find(NULL, &error), "./turnpike.yaml");
    temporary_leave(&t);
}

static void a_variable_names_one(void **state)
{
    (void)state;
    struct temporary t;
    struct error error;
    enter(&t);
    write_text_file("turnpike.yaml", 0644, "");
    write_text_file("other.yaml", 0666, "");
    assert_int_equal(setenv("TURNPIKE_CONFIG", "other.yaml", 1), 0);
    assert_string_equal(configuration_find(NULL, &error), "other.yaml"); /* though unsafe */
    assert_string_equal(configuration_find("written.yaml", &error), "written.yaml");
    assert_int_equal(setenv("TURNPIKE_CONFIG", "missing.yaml", 1), 0);
    assert_string_equal(configuration_find(NULL, &error), "missing.yaml"); /* not passed over */
    assert_int_equal(setenv("TURNPIKE_CONFIG", "", 1), 0);
    assert_string_equal(configuration_find(NULL, &error), "./turnpike.yaml");
    assert_int_equal(unsetenv("TURNPIKE_CONFIG"), 0);
    temporary_leave(&t);
}

static void an_unsafe_file_is_refused_and_not_passed_over(void **state)
{
    (void)state;
    struct temporary t;
    struct error error;
    enter(&t);
    write_text_file("conf/turnpike.yaml", 0644, "");
    write_text_file("turnpike.yaml", 0646, "");
    assert_null(configuration_find(NULL, &error));
    assert_non_null(strstr(error.text, "can be written by everybody"));
    temporary_leave(&t);
}

static void what_is_named_may_be_unsafe(void **state)
{
    (void)state;
    struct temporary t;
    struct error error;
    enter(&t);
    write_text_file("turnpike.yaml", 0666, "");
    assert_string_equal(configuration_find("turnpike.yaml", &error), "turnpike.yaml");
    temporary_leave(&t);
}

static void a_file_belongs_to_its_user_or_to_root(void **state)
{
    (void)state;
    struct temporary t;
    struct error error;
    enter(&t);
    write_text_file("turnpike.yaml", 0644, "");
    uid_t owner = geteuid();
    assert_true(configuration_is_safe("turnpike.yaml", owner, &error));
    if (owner == 0) {
        assert_true(configuration_is_safe("turnpike.yaml", 12345, &error));
        assert_int_equal(chown("turnpike.yaml", 12345, (gid_t)-1), 0);
        owner = 12345;
    }
    assert_false(configuration_is_safe("turnpike.yaml", owner + 1, &error));
    assert_non_null(strstr(error.text, "belongs to another user"));
    temporary_leave(&t);
}

static void a_link_is_judged_by_what_it_leads_to(void **state)
{
    (void)state;
    struct temporary t;
    struct error error;
    enter(&t);
    write_text_file("target", 0666, "");
    assert_int_equal(symlink("target", "turnpike.yaml"), 0);
    assert_null(configuration_find(NULL, &error));
    temporary_leave(&t);
}

static void loading_reports_what_is_refused(void **state)
{
    (void)state;
    struct temporary t;
    struct diag diag;
    enter(&t);
    write_text_file("turnpike.yaml", 0666, "");
    diag_init(&diag);
    assert_null(configuration_load(NULL, NULL, LOADS_AS_DAEMON, &diag));
    assert_int_equal(diag.error_count, 1);
    diag_release(&diag);
    temporary_leave(&t);
}

int main(void)
{
    (void)unsetenv("TURNPIKE_CONFIG"); /* whoever runs the tests may have one */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_written_file_counts),
        cmocka_unit_test(the_working_directory_comes_first),
        cmocka_unit_test(a_variable_names_one),
        cmocka_unit_test(an_unsafe_file_is_refused_and_not_passed_over),
        cmocka_unit_test(what_is_named_may_be_unsafe),
        cmocka_unit_test(a_file_belongs_to_its_user_or_to_root),
        cmocka_unit_test(a_link_is_judged_by_what_it_leads_to),
        cmocka_unit_test(loading_reports_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
