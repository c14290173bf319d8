/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/short_id.h"

#include "testing.h"

static void makes_ids_of_its_form(void **state)
{
    (void)state;
    char one[SHORT_ID_SIZE], other[SHORT_ID_SIZE];
    short_id_make(one);
    short_id_make(other);
    assert_int_equal(strlen(one), SHORT_ID_LEN);
    assert_true(short_id_is(str_from(one)));
    assert_string_not_equal(one, other);
}

static const struct {
    const char *name, *text;
    bool is;
} cases[] = {
    {"one of AWS's", "fSRjYQdB3GZnoac=", true},
    {"its whole alphabet", "az09AZ-_6QnipuY=", true},
    {"without its sign", "fSRjYQdB3GZnoac", false},
    {"too long", "fSRjYQdB3GZnoac==", false},
    {"the sign elsewhere", "fSRjYQdB3GZ=oacx", false},
    {"of the other alphabet", "fSRjYQdB3GZn+/c=", false},
    {"of bytes beyond ASCII", "fSRjYQdB3GZn\xc3\xa4=", false},
    {"nothing", "", false},
};

static void tells_ids_from_others(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases)
        CHECK_CASE(c, short_id_is(str_from(c->text)) == c->is, "'%s'", c->text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_ids_of_its_form),
        cmocka_unit_test(tells_ids_from_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
