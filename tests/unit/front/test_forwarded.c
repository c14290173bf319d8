/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/front/forwarded.h"

#include "testing.h"

#define FIELDS     128
#define FIELD_SIZE 64

static const struct ip peer = {.bytes = {0}};

static struct request request_of(struct header *headers, size_t count)
{
    return (struct request){.headers = headers, .header_count = count};
}

/* What a client may send at most costs about what it weighs, for a stranger's fields as for a
 * proxy's. */
static void a_long_chain_costs_what_it_weighs(void **state)
{
    (void)state;
    static const struct listener_settings untrusting;
    struct header headers[FIELDS];
    char value[FIELD_SIZE];
    struct arena arena;
    memset(value, '1', sizeof(value));
    for (size_t i = 0; i < FIELDS; i++)
        headers[i] = (struct header){STR("x-forwarded-for"), str_of(value, sizeof(value))};

    arena_init(&arena, 4096);
    struct request r = request_of(headers, FIELDS);
    forwarded_read(&r, &untrusting, &peer, false, 80, &arena);
    assert_true(r.forwarded_for.len > FIELDS * (FIELD_SIZE + 2));
    assert_true(arena.used < 3 * r.forwarded_for.len);
    arena_release(&arena);
}

static void values_are_joined_in_order(void **state)
{
    (void)state;
    static const struct listener_settings untrusting;
    struct header headers[] = {
        {STR("X-Forwarded-For"), STR("a")},
        {STR("x-other"), STR("b")},
        {STR("x-forwarded-for"), STR("")},
        {STR("X-FORWARDED-FOR"), STR("c")},
    };
    struct arena arena;
    arena_init(&arena, 4096);
    struct request r = request_of(headers, ARRAY_LENGTH(headers));
    forwarded_read(&r, &untrusting, &peer, false, 80, &arena);
    assert_true(str_starts_with(r.forwarded_for, STR("a, c, ")));
    assert_true(str_is(r.scheme, "http"));
    assert_int_equal(r.port, 80);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_chain_costs_what_it_weighs),
        cmocka_unit_test(values_are_joined_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
