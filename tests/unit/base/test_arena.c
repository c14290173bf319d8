/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/arena.h"

#include <stdalign.h>

#include "testing.h"

#define BLOCK 1024

static void memory_is_aligned_and_disjoint(void **state)
{
    (void)state;
    struct arena a;
    unsigned char *pieces[200];
    arena_init(&a, BLOCK);
    for (size_t i = 0; i < ARRAY_LENGTH(pieces); i++) {
        pieces[i] = arena_alloc(&a, i);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        memset(pieces[i], (int)i, i);
        (void)memset(arena_bytes(&a, 1), 0xff, 1); /* puts the next one off its alignment */
    }
    for (size_t i = 0; i < ARRAY_LENGTH(pieces); i++)
        for (size_t j = 0; j < i; j++)
            assert_int_equal(pieces[i][j], i);
    arena_release(&a);
}

static void nothing_is_never_null(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, BLOCK);
    assert_non_null(arena_alloc(&a, 0));
    arena_release(&a);
    assert_non_null(arena_bytes(&a, 0));
    arena_release(&a);
    assert_non_null(arena_array(&a, int, 0));
    arena_release(&a);
}

static void large_pieces_stand_apart(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, BLOCK);
    char *before = arena_bytes(&a, 8);
    memset(arena_alloc(&a, 100 * BLOCK), 1, 100 * BLOCK);
    assert_ptr_equal(arena_bytes(&a, 8), before + 8); /* the current block goes on */
    assert_int_equal(a.used, 16 + 100 * BLOCK);
    arena_release(&a);
    assert_int_equal(a.used, 0);
}

static void a_large_piece_may_come_first(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, BLOCK);
    memset(arena_alloc(&a, 2 * BLOCK), 1, 2 * BLOCK);
    memset(arena_alloc(&a, 8), 2, 8);
    memset(arena_alloc(&a, BLOCK), 3, BLOCK);
    arena_reset(&a);
    memset(arena_alloc(&a, 8), 2, 8);
    arena_release(&a);
}

static void reset_keeps_a_block(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, BLOCK);
    arena_reset(&a);
    for (size_t i = 0; i < 100; i++)
        memset(arena_alloc(&a, 100), 1, 100);
    const struct arena_block *newest = a.blocks;
    arena_reset(&a);
    assert_ptr_equal(a.blocks, newest);
    assert_int_equal(a.used, 0);
    memset(arena_alloc(&a, 200), 1, 200);
    assert_ptr_equal(a.blocks, newest);
    arena_release(&a);
}

static void zeroed_memory_is_zero_again(void **state)
{
    (void)state;
    struct arena a;
    static const char zeros[200];
    arena_init(&a, BLOCK);
    memset(arena_alloc(&a, sizeof(zeros)), 0xff, sizeof(zeros));
    arena_reset(&a);
    assert_memory_equal(arena_zalloc(&a, sizeof(zeros)), zeros, sizeof(zeros));
    arena_release(&a);
}

static void text(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, BLOCK);
    struct str copy = arena_copy(&a, STR("a\0b"));
    assert_str_equal(copy, STR("a\0b"));
    assert_int_equal(copy.at[3], '\0');
    assert_string_equal(arena_cstring(&a, (struct str){NULL, 0}), "");
    assert_str_equal(arena_printf(&a, "%d-%s", 42, "x"), STR("42-x"));

    struct str padded = arena_printf(&a, "%5000d", 1);
    assert_int_equal(padded.len, 5000);
    assert_int_equal(padded.at[4999], '1');
    assert_int_equal(padded.at[5000], '\0');
    arena_release(&a);
}

static void lists_grow(void **state)
{
    (void)state;
    struct arena a;
    LIST(int) list = {0};
    arena_init(&a, BLOCK);
    for (int i = 0; i < 1000; i++) {
        int *item = list_push(&a, &list);
        assert_int_equal(*item, 0);
        *item = i;
    }
    assert_int_equal(list.count, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(list.items[i], i);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_aligned_and_disjoint),
        cmocka_unit_test(nothing_is_never_null),
        cmocka_unit_test(large_pieces_stand_apart),
        cmocka_unit_test(a_large_piece_may_come_first),
        cmocka_unit_test(reset_keeps_a_block),
        cmocka_unit_test(zeroed_memory_is_zero_again),
        cmocka_unit_test(text),
        cmocka_unit_test(lists_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
