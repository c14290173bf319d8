/* SPDX-License-Identifier: Apache-2.0 */
/* testing.h: cmocka and what table-driven tests share. */
#ifndef TURNPIKE_TESTING_H
#define TURNPIKE_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "turnpike/base/str.h"

/* Walks a table of cases: `c` points to each row in turn. */
#define FOR_EACH_CASE(c, cases) FOR_EACH (c, cases, ARRAY_LENGTH(cases))

/* Fails with the case's name and a message of its own. */
#define CHECK_CASE(c, condition, ...)                                                              \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            print_error("case '%s': %s: ", (c)->name, #condition);                                 \
            print_error(__VA_ARGS__);                                                              \
            print_error("\n");                                                                     \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

#define assert_str_equal(got, want)                                                                \
    do {                                                                                           \
        struct str got_ = (got), want_ = (want);                                                   \
        if (!str_eq(got_, want_)) {                                                                \
            print_error("got '%" STR_F "', want '%" STR_F "'\n", STR_A(got_), STR_A(want_));       \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

#endif
