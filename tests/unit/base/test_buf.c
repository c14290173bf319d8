/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/buf.h"

#include "testing.h"

static void an_empty_buffer_is_readable(void **state)
{
    (void)state;
    struct buf b = {0};
    assert_int_equal(buf_len(&b), 0);
    assert_str_equal(buf_str(&b), STR(""));
    assert_non_null(buf_str(&b).at);
    buf_append(&b, (struct str){NULL, 0});
    buf_consume(&b, 0);
    buf_clear(&b);
    assert_null(b.data);
    buf_release(&b);
}

static void appending(void **state)
{
    (void)state;
    scoped_buf struct buf b = {0};
    buf_append(&b, STR("a\0b"));
    buf_append_char(&b, 'c');
    buf_literal(&b, "de");
    buf_append_u64(&b, 0);
    buf_append_u64(&b, UINT64_MAX);
    buf_printf(&b, "<%s>", "f");
    assert_str_equal(buf_str(&b), STR("a\0bcde018446744073709551615<f>"));
}

static void formatting_more_than_there_is_room_for(void **state)
{
    (void)state;
    scoped_buf struct buf b = {0};
    buf_literal(&b, "x");
    buf_printf(&b, "%0*d", 5000, 7);
    assert_int_equal(buf_len(&b), 5001);
    assert_int_equal(buf_str(&b).at[5000], '7');
}

static void reserving_and_committing(void **state)
{
    (void)state;
    scoped_buf struct buf b = {0};
    memcpy(buf_reserve(&b, 1000), "abc", 3);
    assert_int_equal(buf_len(&b), 0);
    buf_commit(&b, 2);
    assert_str_equal(buf_str(&b), STR("ab"));
    assert_true(b.capacity >= 1000);
}

static void consuming_all_starts_anew(void **state)
{
    (void)state;
    scoped_buf struct buf b = {0};
    buf_literal(&b, "abc");
    buf_consume(&b, 1);
    assert_str_equal(buf_str(&b), STR("bc"));
    buf_consume(&b, 2);
    assert_int_equal(b.start, 0);
    assert_int_equal(b.end, 0);
    assert_true(b.capacity > 0);
}

/* A connection that always holds something must not make its buffer grow without end. */
static void memory_of_what_was_consumed_is_used_again(void **state)
{
    (void)state;
    scoped_buf struct buf b = {0};
    buf_literal(&b, "0123456789");
    for (int i = 0; i < 100000; i++) {
        buf_literal(&b, "0123456789");
        buf_consume(&b, 10);
        assert_str_equal(buf_str(&b), STR("0123456789"));
    }
    assert_in_range(b.capacity, 1, 1024);
}

static void clearing_keeps_the_memory(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_literal(&b, "abc");
    const char *data = b.data;
    buf_clear(&b);
    assert_int_equal(buf_len(&b), 0);
    buf_literal(&b, "d");
    assert_ptr_equal(b.data, data);
    buf_release(&b);
    assert_null(b.data);
    assert_int_equal(b.capacity, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_is_readable),
        cmocka_unit_test(appending),
        cmocka_unit_test(formatting_more_than_there_is_room_for),
        cmocka_unit_test(reserving_and_committing),
        cmocka_unit_test(consuming_all_starts_anew),
        cmocka_unit_test(memory_of_what_was_consumed_is_used_again),
        cmocka_unit_test(clearing_keeps_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
