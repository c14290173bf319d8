/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/error.h"

#include <errno.h>
#include <string.h>

#include "testing.h"

static void an_error_tells_code_and_text(void **state)
{
    (void)state;
    struct error e;
    error_set(&e, ERROR_TIMEOUT, "no answer within %d ms", 50);
    assert_int_equal(e.code, ERROR_TIMEOUT);
    assert_string_equal(e.text, "no answer within 50 ms");
}

static void system_errors_name_their_reason(void **state)
{
    (void)state;
    struct error e;
    error_set_errno(&e, ENOENT, "open '%s'", "x");
    assert_int_equal(e.code, ERROR_SYSTEM);
    assert_string_equal(e.text, "open 'x': No such file or directory");
}

static void context_goes_before(void **state)
{
    (void)state;
    struct error e;
    error_set(&e, ERROR_CONNECT, "refused");
    error_prefix(&e, "connect to %s", "h");
    error_prefix(&e, "jwks");
    assert_int_equal(e.code, ERROR_CONNECT);
    assert_string_equal(e.text, "jwks: connect to h: refused");
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    struct error e;
    error_set(&e, ERROR_INVALID, "%0300d", 1);
    assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
    error_prefix(&e, "prefix");
    assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
    assert_memory_equal(e.text, "prefix: 000", 11);
    error_prefix(&e, "%0300d", 1);
    assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
    error_set_errno(&e, ENOENT, "%0254d", 1);
    assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
    assert_int_equal(e.text[254], ':');
}

static void nobody_need_listen(void **state)
{
    (void)state;
    error_set(NULL, ERROR_INVALID, "x");
    error_set_errno(NULL, ENOENT, "x");
    error_prefix(NULL, "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_tells_code_and_text),
        cmocka_unit_test(system_errors_name_their_reason),
        cmocka_unit_test(context_goes_before),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(nobody_need_listen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
