/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/resolver.h"

#include <arpa/inet.h>

#include "support/fake_server.h"

struct asker {
    struct resolver_wait wait;
    size_t *answers, *errors;
    struct addresses addresses;
    enum error_code code;
};

static void on_resolved(struct resolver_wait *wait, const struct addresses *addresses,
                        const struct error *error)
{
    struct asker *a = container_of(wait, struct asker, wait);
    assert_true(!addresses != !error);
    a->code = error ? error->code : ERROR_NONE;
    if (addresses)
        a->addresses = *addresses;
    ++*(addresses ? a->answers : a->errors);
}

static const struct {
    const char *name, *host;
    int family;
} numeric[] = {
    {"IPv4", "127.0.0.1", AF_INET},
    {"IPv6", "::1", AF_INET6},
};

static void numeric_addresses_are_known_at_once(void **state)
{
    (void)state;
    struct loop loop;
    loop_init(&loop);
    FOR_EACH_CASE (c, numeric) {
        struct resolver *r = resolver_new(&loop, str_from(c->host), 8080);
        struct asker asker = {0};
        const struct addresses *got = resolver_start(r, &asker.wait, on_resolved);
        CHECK_CASE(c, got && got->count == 1, "not known");
        CHECK_CASE(c, got->items[0].any.sa_family == c->family, "family");
        CHECK_CASE(c, got->items[0].v4.sin_port == htons(8080), "port");
        resolver_free(r);
    }
    loop_release(&loop);
}

static void a_name_is_asked_for_once_and_kept(void **state)
{
    (void)state;
    struct loop loop;
    loop_init(&loop);
    struct resolver *r = resolver_new(&loop, STR("localhost"), 80);
    size_t answers = 0, errors = 0;
    struct asker first = {.answers = &answers, .errors = &errors}, second = first, gone = first;
    assert_null(resolver_start(r, &first.wait, on_resolved));
    assert_null(resolver_start(r, &gone.wait, on_resolved));
    assert_null(resolver_start(r, &second.wait, on_resolved));
    resolver_cancel(&gone.wait);
    resolver_cancel(&gone.wait);
    run_until(&loop, &answers, 2);
    run_turns(&loop, 3);
    assert_int_equal(answers, 2);
    assert_true(first.addresses.count >= 1);
    assert_int_equal(first.addresses.items[0].v4.sin_port, htons(80));

    const struct addresses *kept = resolver_start(r, &first.wait, on_resolved);
    assert_non_null(kept);
    assert_int_equal(kept->count, first.addresses.count);
    resolver_free(r);
    loop_release(&loop);
}

static void what_is_no_name_is_an_error_later(void **state)
{
    (void)state;
    struct loop loop;
    loop_init(&loop);
    char host[300];
    memset(host, 'a', sizeof(host));
    struct resolver *r = resolver_new(&loop, str_of(host, sizeof(host)), 80);
    size_t answers = 0, errors = 0;
    struct asker asker = {.answers = &answers, .errors = &errors};
    assert_null(resolver_start(r, &asker.wait, on_resolved));
    assert_int_equal(errors, 0);
    run_until(&loop, &errors, 1);
    assert_int_equal(asker.code, ERROR_CONNECT);
    resolver_free(r);
    loop_release(&loop);
}

static void freeing_while_the_question_is_asked(void **state)
{
    (void)state;
    struct loop loop;
    loop_init(&loop);
    struct resolver *r = resolver_new(&loop, STR("localhost"), 80);
    struct asker asker = {0};
    assert_null(resolver_start(r, &asker.wait, on_resolved));
    resolver_cancel(&asker.wait);
    resolver_free(r);
    loop_release(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numeric_addresses_are_known_at_once),
        cmocka_unit_test(a_name_is_asked_for_once_and_kept),
        cmocka_unit_test(what_is_no_name_is_an_error_later),
        cmocka_unit_test(freeing_while_the_question_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
