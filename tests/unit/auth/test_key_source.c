/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/key_source.h"

#include "fake_fetch.h"
#include "forge.h"

#define ISSUER    "https://issuer.example/pool/"
#define DISCOVERY "https://issuer.example/pool/.well-known/openid-configuration"
#define JWKS      "https://keys.example/jwks"

static struct arena arena;
static struct forge_key key;
static struct str jwks;
static const struct str discovery =
    STR_INIT("{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"" JWKS "\",\"x\":[]}");

/* Made anew for each test. */
static struct loop loop;
static struct fetcher fetcher;
static struct counters *counters;
static unsigned settled;
static struct key_source *source;

static void on_settled(void *data, struct key_source *s)
{
    assert_ptr_equal(data, &loop);
    assert_ptr_equal(s, source);
    assert_null(s->fetch);
    settled++;
}

static struct key_source_context context = {&loop, &fake_fetching, &fetcher,
                                            NULL,  on_settled,     &loop};

static void make_source(const char *jwks_uri, bool http_allowed)
{
    struct key_source_origin origin = {
        .issuer = STR(ISSUER), .http_allowed = http_allowed, .jwks_uri = str_from(jwks_uri)};
    source = key_source_new(&context, 1, &origin);
}

static int set_up(void **state)
{
    (void)state;
    loop_init(&loop);
    fetcher.count = 0;
    settled = 0;
    context.counters = counters = counters_new();
    make_source(JWKS, false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    key_source_free(source);
    counters_free(counters);
    loop_release(&loop);
    return 0;
}

/* Another source, without jwksUri. */
static void use_discovery(bool http_allowed)
{
    key_source_free(source);
    make_source(NULL, http_allowed);
}

static void fetch_keys(const char *cache_control)
{
    assert_int_equal(key_source_use(source), KEYS_PENDING);
    fake_answer_with(&fetcher, JWKS, 200, jwks, cache_control);
    assert_int_equal(key_source_use(source), KEYS_USABLE);
}

static uint64_t count_of(const char *result)
{
    struct label labels[] = {{"issuer", STR(ISSUER)}, {"result", str_from(result)}};
    return counters_figure(counters, FIGURE_COUNTER, "turnpike_jwks_refresh_total", "", labels, 2)
        ->count;
}

static void keys_come_by_discovery(void **state)
{
    (void)state;
    use_discovery(false);
    assert_int_equal(key_source_state(source), KEYS_UNAVAILABLE);
    assert_int_equal(fetcher.count, 0);
    assert_int_equal(key_source_use(source), KEYS_PENDING);
    fake_answer(&fetcher, DISCOVERY, discovery);
    assert_int_equal(settled, 0);
    assert_int_equal(key_source_use(source), KEYS_PENDING);
    fake_answer(&fetcher, JWKS, jwks);
    assert_int_equal(settled, 1);
    assert_int_equal(key_source_use(source), KEYS_USABLE);
    assert_int_equal(source->keys->keys.count, 1);
    assert_int_equal(fetcher.count, 2);
    assert_int_equal(count_of("success"), 1);
    assert_int_equal(count_of("error"), 0);
    assert_true(source->last_success->value == (double)loop_wall(&loop) / 1e6);
}

static void fetches_are_bounded(void **state)
{
    (void)state;
    use_discovery(false);
    key_source_warm(source);
    fake_answer(&fetcher, DISCOVERY, discovery);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fetcher.fetches[i].timeout, 1500000);
        assert_int_equal(fetcher.fetches[i].size_max, 150000);
    }
}

#define UNREACHABLE "OIDC discovery endpoint communication error"
#define STRANGER    "OIDC discovery document names another issuer"
#define NO_HTTPS    "OIDC discovery document has no https jwks_uri"

static const struct {
    const char *name;
    unsigned status;
    bool http_allowed;
    const char *body, *why; /* NULL: it is followed */
} documents[] = {
    {"not found", 404, false, "{}", UNREACHABLE},
    {"a redirect", 302, false, "", UNREACHABLE},
    {"no JSON", 200, false, "<html>", UNREACHABLE},
    {"empty", 200, false, "", UNREACHABLE},
    {"issuer twice", 200, false,
     "{\"issuer\":\"x\",\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"" JWKS "\"}", UNREACHABLE},
    {"no issuer", 200, false, "{\"jwks_uri\":\"" JWKS "\"}", STRANGER},
    {"another issuer", 200, false,
     "{\"issuer\":\"https://issuer.example/pool\",\"jwks_uri\":\"" JWKS "\"}", STRANGER},
    {"issuer is a list", 200, false, "{\"issuer\":[\"" ISSUER "\"],\"jwks_uri\":\"" JWKS "\"}",
     STRANGER},
    {"an array", 200, false, "[]", STRANGER},
    {"no jwks_uri", 200, false, "{\"issuer\":\"" ISSUER "\"}", NO_HTTPS},
    {"a number", 200, false, "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":1}", NO_HTTPS},
    {"a file", 200, true, "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"file:///etc/passwd\"}",
     NO_HTTPS},
    {"http", 200, false, "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"http://keys.example/\"}",
     NO_HTTPS},
    {"http, issuer is listed", 200, true,
     "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"http://keys.example/\"}", NULL},
};

static void discovery_documents(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, documents) {
        use_discovery(c->http_allowed);
        assert_int_equal(key_source_use(source), KEYS_PENDING);
        fake_answer_with(&fetcher, DISCOVERY, c->status, str_from(c->body), NULL);
        CHECK_CASE(c, !source->fetch == !!c->why, "following");
        CHECK_CASE(c, !c->why || str_is(source->why, c->why), "got '%" STR_F "'",
                   STR_A(source->why));
        CHECK_CASE(c, !c->why || key_source_use(source) == KEYS_UNAVAILABLE, "state");
        CHECK_CASE(c, !c->why || strstr(source->error.text, "discovery document " DISCOVERY ": "),
                   "got '%s'", source->error.text);
    }
}

static void key_sets_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned status;
        const char *body;
    } cases[] = {{"an error", 500, "{}"},
                 {"no JSON", 200, "x"},
                 {"no keys", 200, "{\"keys\":[]}"},
                 {"no content", 204, ""}};
    FOR_EACH_CASE (c, cases) {
        turn_clock(&loop, 31);
        CHECK_CASE(c, key_source_use(source) == KEYS_PENDING, "state");
        fake_answer_with(&fetcher, JWKS, c->status, str_from(c->body), NULL);
        CHECK_CASE(c, str_is(source->why, "JWKS communication error"), "got '%" STR_F "'",
                   STR_A(source->why));
        CHECK_CASE(c, key_source_use(source) == KEYS_UNAVAILABLE, "state");
    }
    assert_int_equal(count_of("error"), 4);
    turn_clock(&loop, 31);
    assert_int_equal(key_source_use(source), KEYS_PENDING);
    fake_fail(&fetcher, JWKS);
    assert_string_equal(source->error.text, "key set " JWKS ": timed out");
}

static void a_huge_answer_is_refused(void **state)
{
    (void)state;
    assert_int_equal(key_source_use(source), KEYS_PENDING);
    char *huge = arena_zalloc(&arena, 150001);
    memset(huge, ' ', 150001);
    memcpy(huge, jwks.at, jwks.len);
    fake_answer(&fetcher, JWKS, str_of(huge, 150001));
    assert_int_equal(key_source_use(source), KEYS_UNAVAILABLE);
    turn_clock(&loop, 1);
    assert_int_equal(key_source_use(source), KEYS_PENDING);
    fake_answer(&fetcher, JWKS, str_of(huge, 150000));
    assert_int_equal(key_source_use(source), KEYS_USABLE);
}

static void one_fetch_serves_all(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(key_source_use(source), KEYS_PENDING);
    key_source_warm(source);
    assert_true(key_source_seek(source));
    assert_int_equal(fetcher.count, 1);
}

/* Seconds until use fetches beside the old set, and until it waits. */
static const struct {
    const char *name, *cache_control;
    uint64_t refreshed, over;
} lifetimes[] = {
    {"no header", NULL, 2880, 3600},
    {"half an hour", "max-age=1800", 1440, 1800},
    {"among others", "public, Max-Age=600, immutable", 480, 600},
    {"too short", "max-age=5", 240, 300},
    {"zero", "max-age=0", 240, 300},
    {"too long", "max-age=864000", 5760, 7200},
    {"far too long", "max-age=99999999999999999999", 2880, 3600},
    {"no number", "max-age=-1", 2880, 3600},
    {"for proxies", "s-maxage=600", 2880, 3600},
    {"no-store", "no-store, max-age=3600", 240, 300},
    {"no-cache", "no-cache", 240, 300},
};

static void lifetimes_follow_cache_control(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, lifetimes) {
        tear_down(NULL);
        set_up(NULL);
        fetch_keys(c->cache_control);
        turn_clock(&loop, c->refreshed - 1);
        CHECK_CASE(c, key_source_use(source) == KEYS_USABLE && fetcher.count == 1, "fresh");
        turn_clock(&loop, 1);
        CHECK_CASE(c, key_source_use(source) == KEYS_USABLE && fetcher.count == 2, "refreshed");
        turn_clock(&loop, c->over - c->refreshed);
        CHECK_CASE(c, key_source_use(source) == KEYS_PENDING && fetcher.count == 2, "over");
        fake_answer(&fetcher, JWKS, jwks);
        CHECK_CASE(c, key_source_use(source) == KEYS_USABLE && fetcher.count == 2, "again");
    }
}

static void an_idle_source_fetches_nothing(void **state)
{
    (void)state;
    fetch_keys(NULL);
    turn_clock(&loop, 100000);
    key_source_warm(source);
    assert_int_equal(fetcher.count, 1);
    assert_int_equal(key_source_use(source), KEYS_PENDING);
    assert_int_equal(key_source_state(source), KEYS_UNAVAILABLE);
}

static void stale_keys_serve_two_hours_while_the_issuer_is_down(void **state)
{
    (void)state;
    fetch_keys("max-age=600");
    turn_clock(&loop, 600);
    assert_int_equal(key_source_use(source), KEYS_PENDING); /* it was well: worth waiting for */
    fake_fail(&fetcher, JWKS);
    assert_int_equal(key_source_state(source), KEYS_USABLE);
    turn_clock(&loop, 6599);
    assert_int_equal(key_source_use(source), KEYS_USABLE); /* it is down: tried beside */
    assert_int_equal(fetcher.count, 3);
    fake_fail(&fetcher, JWKS);
    assert_int_equal(key_source_use(source), KEYS_USABLE);
    turn_clock(&loop, 1); /* two hours after the last success */
    assert_int_equal(key_source_state(source), KEYS_UNAVAILABLE);
    assert_int_equal(key_source_use(source), KEYS_UNAVAILABLE);
    turn_clock(&loop, 2);
    assert_int_equal(key_source_use(source), KEYS_PENDING);
    fake_answer(&fetcher, JWKS, jwks);
    assert_int_equal(key_source_use(source), KEYS_USABLE);
}

static void failures_are_retried_ever_more_slowly(void **state)
{
    (void)state;
    static const uint64_t delays[] = {1, 2, 4, 8, 16, 30, 30, 30};
    assert_int_equal(key_source_use(source), KEYS_PENDING);
    fake_fail(&fetcher, JWKS);
    FOR_EACH (delay, delays, ARRAY_LENGTH(delays)) {
        turn_clock(&loop, *delay - 1);
        assert_int_equal(key_source_use(source), KEYS_UNAVAILABLE);
        assert_false(key_source_seek(source));
        key_source_warm(source);
        assert_null(source->fetch);
        turn_clock(&loop, 1);
        assert_int_equal(key_source_use(source), KEYS_PENDING);
        fake_fail(&fetcher, JWKS);
    }
    turn_clock(&loop, 30);
    fetch_keys(NULL);
    assert_int_equal(source->failures, 0);
}

static void an_unknown_kid_fetches_every_30_seconds(void **state)
{
    (void)state;
    fetch_keys(NULL);
    turn_clock(&loop, 29);
    assert_false(key_source_seek(source));
    turn_clock(&loop, 1);
    assert_true(key_source_seek(source));
    assert_int_equal(key_source_use(source), KEYS_USABLE); /* others go on meanwhile */
    fake_answer(&fetcher, JWKS, jwks);
    assert_false(key_source_seek(source));
    turn_clock(&loop, 30);
    assert_true(key_source_seek(source));
    fake_fail(&fetcher, JWKS);
    turn_clock(&loop, 29);
    assert_false(key_source_seek(source));
    assert_int_equal(fetcher.count, 3);
}

static void fixed_keys_are_never_fetched(void **state)
{
    (void)state;
    key_source_free(source);
    struct key_source_origin origin = {.issuer = STR(ISSUER), .fixed = key_set_parse(jwks, NULL)};
    source = key_source_new(&context, 2, &origin);
    turn_clock(&loop, 1000000);
    key_source_warm(source);
    assert_int_equal(key_source_use(source), KEYS_USABLE);
    assert_int_equal(key_source_state(source), KEYS_USABLE);
    assert_false(key_source_seek(source));
    assert_int_equal(fetcher.count, 0);
}

static void a_source_that_goes_cancels_its_fetch(void **state)
{
    (void)state;
    assert_int_equal(key_source_use(source), KEYS_PENDING);
    key_source_free(source);
    assert_false(fetcher.fetches[0].live);
    make_source(JWKS, false);
}

static int make_keys(void **state)
{
    (void)state;
    arena_init(&arena, 65536);
    key = forge_key(2048);
    jwks = arena_printf(&arena, "{\"keys\":[%" STR_F "]}", STR_A(forge_jwk(&arena, &key, "k", "")));
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    forge_release(&key);
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_come_by_discovery, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fetches_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(discovery_documents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(key_sets_that_are_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_huge_answer_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_fetch_serves_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lifetimes_follow_cache_control, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_idle_source_fetches_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stale_keys_serve_two_hours_while_the_issuer_is_down, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(failures_are_retried_ever_more_slowly, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unknown_kid_fetches_every_30_seconds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fixed_keys_are_never_fetched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_source_that_goes_cancels_its_fetch, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
