/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/uuid.h"

#include "testing.h"

/* x: a hexadecimal digit; y: one of the variant's. */
static bool has_form(const char *text)
{
    const char *form = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
    if (strlen(text) != strlen(form))
        return false;
    for (; *form; form++, text++) {
        const char *may = *form == 'x' ? "0123456789abcdef" : *form == 'y' ? "89ab" : NULL;
        if (may ? !strchr(may, *text) : *text != *form)
            return false;
    }
    return true;
}

static void makes_uuids_of_version_4(void **state)
{
    (void)state;
    char before[UUID_SIZE] = "", id[UUID_SIZE];
    for (size_t i = 0; i < 100; i++) {
        uuid_make(id);
        assert_true(has_form(id));
        assert_string_not_equal(id, before);
        memcpy(before, id, sizeof(id));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(makes_uuids_of_version_4)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
