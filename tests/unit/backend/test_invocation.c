/* SPDX-License-Identifier: Apache-2.0 */
/* The trace that a function is told. */
#include "../../../src/backend/invocation.h"

#include "testing.h"
#include "turnpike/base/clock.h"

#define ROOT   "1-5759e988-bd862e3fe1be46a994272793"
#define PARENT "53995c3f42cd8ad8"

/* #: any hexadecimal digit; @: one of the time, which is 0x6543210f. */
#define NEW_ROOT "1-@@@@@@@@-########################"
#define NEW      "################"

static const struct {
    const char *name, *came, *want;
} traces[] = {
    {"none", "", "Root=" NEW_ROOT ";Parent=" NEW ";Sampled=0"},
    {"whole", "Root=" ROOT ";Parent=" PARENT ";Sampled=1",
     "Root=" ROOT ";Parent=" PARENT ";Sampled=1"},
    {"to be decided", "Root=" ROOT ";Parent=" PARENT ";Sampled=?",
     "Root=" ROOT ";Parent=" PARENT ";Sampled=?"},
    {"root alone", "Root=" ROOT, "Root=" ROOT ";Parent=" NEW ";Sampled=0"},
    {"not sampled yet", "Root=" ROOT ";Parent=" PARENT,
     "Root=" ROOT ";Parent=" PARENT ";Sampled=0"},
    {"another order", "Sampled=1; parent=" PARENT " ;ROOT=" ROOT,
     "Root=" ROOT ";Parent=" PARENT ";Sampled=1"},
    {"others behind", "Self=1-2;Root=" ROOT ";Sampled=0;Lineage=a:1",
     "Root=" ROOT ";Parent=" NEW ";Sampled=0;Self=1-2;Lineage=a:1"},
    {"a bad root", "Root=1-x;Parent=" PARENT ";Sampled=1;Lineage=a:1",
     "Root=" NEW_ROOT ";Parent=" NEW ";Sampled=0"},
    {"no root", "Parent=" PARENT ";Sampled=1", "Root=" NEW_ROOT ";Parent=" NEW ";Sampled=0"},
    {"a bad parent", "Root=" ROOT ";Parent=53995c3f42cd8adg;Sampled=1",
     "Root=" ROOT ";Parent=" NEW ";Sampled=1"},
    {"a bad decision", "Root=" ROOT ";Parent=" PARENT ";Sampled=yes",
     "Root=" ROOT ";Parent=" PARENT ";Sampled=0"},
    {"empty parts", ";;Root=" ROOT ";; ;Sampled=1;", "Root=" ROOT ";Parent=" NEW ";Sampled=1"},
};

static bool matches(const char *got, const char *want)
{
    const char *time = "6543210f";
    if (strlen(got) != strlen(want))
        return false;
    for (; *want; want++, got++)
        if (*want == '#'   ? !strchr("0123456789abcdef", *got)
            : *want == '@' ? *got != *time++
                           : *got != *want)
            return false;
    return true;
}

static void traces_are_completed(void **state)
{
    (void)state;
    char got[TRACE_ID_MAX];
    FOR_EACH_CASE (c, traces) {
        trace_id_complete(str_from(c->came), 0x6543210f * USEC_PER_SEC, got);
        CHECK_CASE(c, matches(got, c->want), "%s", got);
    }
}

/* Fields that do not fit are left out, whatever their length. */
static void traces_have_a_bound(void **state)
{
    (void)state;
    char got[TRACE_ID_MAX];
    for (int len = 0; len < 2 * TRACE_ID_MAX; len++) {
        scoped_buf struct buf came = {0};
        buf_literal(&came, "Root=" ROOT ";X=");
        for (int i = 0; i < len; i++)
            buf_append_char(&came, 'x');
        trace_id_complete(buf_str(&came), 0, got);
        assert_true(strlen(got) < sizeof(got));
        assert_true(str_starts_with(str_from(got), STR("Root=" ROOT ";Parent=")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traces_are_completed),
        cmocka_unit_test(traces_have_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
