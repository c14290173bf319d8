/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/map.h"

#include "testing.h"

#define MANY 5000

/* Keys and values in one: the key is the number's text. */
struct item {
    char text[8];
    bool present, seen;
};

static struct item items[MANY];

static struct str key_of(const struct item *item)
{
    return str_from(item->text);
}

static int make_items(void **state)
{
    (void)state;
    memset(items, 0, sizeof(items));
    for (size_t i = 0; i < MANY; i++)
        (void)snprintf(items[i].text, sizeof(items[i].text), "%zu", i);
    return 0;
}

static void an_empty_map_answers(void **state)
{
    (void)state;
    struct map m = {0};
    size_t cursor = 0;
    assert_null(map_get(&m, STR("a")));
    assert_null(map_remove(&m, STR("a")));
    assert_null(map_next(&m, &cursor));
    map_release(&m);
}

static void set_tells_what_stood_there(void **state)
{
    (void)state;
    struct map m = {0};
    int first = 1, second = 2;
    assert_null(map_set(&m, STR("a"), &first));
    assert_ptr_equal(map_set(&m, STR("a"), &second), &first);
    assert_ptr_equal(map_get(&m, STR("a")), &second);
    assert_int_equal(m.count, 1);
    assert_ptr_equal(map_remove(&m, STR("a")), &second);
    assert_null(map_remove(&m, STR("a")));
    assert_null(map_get(&m, STR("a")));
    assert_int_equal(m.count, 0);
    map_release(&m);
}

static void keys_are_bytes(void **state)
{
    (void)state;
    struct map m = {0};
    static const struct str keys[] = {
        STR_INIT(""),
        STR_INIT("\0"),
        STR_INIT("\0\0"),
        STR_INIT("a"),
        STR_INIT("A"),
        STR_INIT("a\0"),
        STR_INIT("12345678"),
        STR_INIT("123456789"),
        STR_INIT("123456780"),
        STR_INIT("87654321"),
        STR_INIT("1234567812345678"),
    };
    FOR_EACH_CASE (key, keys)
        assert_null(map_set(&m, *key, (void *)(uintptr_t)key));
    FOR_EACH_CASE (key, keys)
        assert_ptr_equal(map_get(&m, *key), key);
    map_release(&m);
}

static void a_null_key_is_the_empty_one(void **state)
{
    (void)state;
    struct map m = {0};
    int value;
    assert_null(map_set(&m, (struct str){NULL, 0}, &value));
    assert_ptr_equal(map_get(&m, STR("")), &value);
    assert_ptr_equal(map_get(&m, (struct str){NULL, 0}), &value);
    map_release(&m);
}

static void check_all(const struct map *m)
{
    size_t present = 0;
    FOR_EACH_CASE (item, items) {
        assert_ptr_equal(map_get(m, key_of(item)), item->present ? item : NULL);
        present += item->present;
    }
    assert_int_equal(m->count, present);
}

/* At every size on the way: a capacity that is no power of two would lose entries or never end. */
static void it_grows(void **state)
{
    (void)state;
    struct map m = {0};
    for (size_t i = 0; i < MANY; i++) {
        assert_null(map_set(&m, key_of(&items[i]), &items[i]));
        items[i].present = true;
        assert_int_equal(m.capacity & (m.capacity - 1), 0);
        if (i < 200 || i % 500 == 0)
            check_all(&m);
    }
    check_all(&m);
    map_release(&m);
}

static void what_is_removed_makes_room(void **state)
{
    (void)state;
    struct map m = {0};
    for (size_t i = 0; i < MANY; i++) {
        (void)map_set(&m, key_of(&items[i]), &items[i]);
        if (i >= 4)
            assert_ptr_equal(map_remove(&m, key_of(&items[i - 4])), &items[i - 4]);
    }
    for (size_t i = 0; i < MANY; i++)
        items[i].present = i >= MANY - 4;
    check_all(&m);
    assert_in_range(m.capacity, 1, 64);
    map_release(&m);
}

static void walking_meets_each_once_and_may_remove(void **state)
{
    (void)state;
    struct map m = {0};
    for (size_t i = 0; i < 100; i++)
        (void)map_set(&m, key_of(&items[i]), &items[i]);

    struct item *item;
    size_t met = 0;
    for (size_t cursor = 0; (item = map_next(&m, &cursor)); met++) {
        assert_false(item->seen);
        item->seen = true;
        item->present = (item - items) % 2 == 0;
        if (!item->present)
            assert_ptr_equal(map_remove(&m, key_of(item)), item);
    }
    assert_int_equal(met, 100);
    check_all(&m);
    map_release(&m);
}

static void hashes_tell_lengths_and_bytes_apart(void **state)
{
    (void)state;
    assert_true(map_hash(STR("a")) == map_hash(STR("a")));
    assert_true(map_hash(STR("a")) != map_hash(STR("b")));
    assert_true(map_hash(STR("")) != map_hash(STR("\0")));
    assert_true(map_hash(STR("12345678")) != map_hash(STR("12345678\0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_answers),
        cmocka_unit_test(set_tells_what_stood_there),
        cmocka_unit_test(keys_are_bytes),
        cmocka_unit_test(a_null_key_is_the_empty_one),
        cmocka_unit_test_setup(it_grows, make_items),
        cmocka_unit_test_setup(what_is_removed_makes_room, make_items),
        cmocka_unit_test_setup(walking_meets_each_once_and_may_remove, make_items),
        cmocka_unit_test(hashes_tell_lengths_and_bytes_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
