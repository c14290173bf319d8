/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/throttle/limiter.h"

#include "testing.h"
#include "turnpike/throttle/bucket.h"

/* Of the account 1000, of the route 2 at once and 10 a second, of new connections as the case says.
 */
static const struct {
    const char *name;
    double connects;    /* a second */
    bool connect;       /* of handshakes; else of messages */
    unsigned at_ms[6];  /* when each comes */
    const char *want;   /* '+' passes; 'r' the route refuses, 'a' the account, 'c' the connects */
    bool without_route; /* such as calls of @connections */
    double account_burst;
} cases[] = {
    {"a route's burst", 500, false, {0, 0, 0}, "++r", false, 1000},
    {"comes back at its rate", 500, false, {0, 0, 99, 100}, "++r+", false, 1000},
    {"the account's burst", 500, false, {0, 0, 0}, "++a", true, 2},
    {"handshakes, by their own rate", 1, true, {0, 0, 1000, 1001}, "+c+c", true, 1000},
    {"less than one a second", 0.5, true, {0, 1000, 2000}, "+c+", true, 1000},
    {"none at all", 0, true, {0, 5000}, "cc", true, 1000},
    {"handshakes meet the route, too", 500, true, {0, 0, 0}, "++r", false, 1000},
    {"messages are no handshakes", 0, false, {0, 0}, "++", true, 1000},
};

static char letter_of(enum limiter_result result)
{
    switch (result) {
    case LIMITER_PASSED:
        return '+';
    case LIMITER_ROUTE_THROTTLED:
        return 'r';
    case LIMITER_ACCOUNT_THROTTLED:
        return 'a';
    case LIMITER_CONNECTS_THROTTLED:
        return 'c';
    case LIMITER_PENDING:
        break;
    }
    return '?';
}

static void passes_and_throttles(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct limiter *l = limiter_new();
        struct snapshot snapshot = {
            .settings = {.throttling = {true, 1, c->account_burst},
                         .limits = {.websocket_connect_rate = c->connects}}};
        struct bucket bucket;
        struct stage_route route = {.throttle = {true, 10, 2}, .bucket = &bucket};
        limiter_prepare(l, &snapshot, 0);
        bucket_init(&bucket, &route.throttle, 0);
        for (size_t i = 0; c->want[i] != '\0'; i++) {
            const struct stage_route *of = c->without_route ? NULL : &route;
            uint64_t now = c->at_ms[i] * UINT64_C(1000);
            enum limiter_result got = c->connect
                                          ? limiter_take_connect(l, &snapshot.settings, of, now)
                                          : limiter_take(l, &snapshot.settings, of, now);
            CHECK_CASE(c, letter_of(got) == c->want[i], "%zu: %c", i, letter_of(got));
        }
        limiter_free(l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_and_throttles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
