/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/token_cache.h"

#include "forge.h"
#include "turnpike/auth/key_source.h"

static struct key_source source, other_source;

static struct token_entry *entry_of(uint64_t id, const char *token)
{
    struct token_entry *entry = token_entry_new();
    entry->digest = token_cache_digest(id, str_from(token));
    entry->source = &source;
    return entry;
}

/* Adds an entry that only the cache holds. */
static void add(struct token_cache *cache, const char *token)
{
    struct token_entry *entry = entry_of(1, token);
    token_cache_add(cache, entry);
    token_entry_unref(entry);
}

static bool has(struct token_cache *cache, const char *token)
{
    struct sha256 digest = token_cache_digest(1, str_from(token));
    return token_cache_find(cache, &digest);
}

static void the_least_used_goes_first(void **state)
{
    (void)state;
    struct token_cache cache;
    token_cache_init(&cache, 3, 1 << 20);
    add(&cache, "a");
    add(&cache, "b");
    add(&cache, "c");
    assert_true(has(&cache, "a")); /* and so it is used */
    add(&cache, "d");
    assert_false(has(&cache, "b"));
    assert_true(has(&cache, "a") && has(&cache, "c") && has(&cache, "d"));
    add(&cache, "e");
    assert_false(has(&cache, "a"));
    assert_int_equal(cache.entries.count, 3);
    token_cache_release(&cache);
}

static void names_are_the_whole_token_and_its_source(void **state)
{
    (void)state;
    struct token_cache cache;
    token_cache_init(&cache, 10, 1 << 20);
    add(&cache, "token");
    assert_false(has(&cache, "toke"));
    assert_false(has(&cache, "token "));
    struct sha256 elsewhere = token_cache_digest(2, STR("token"));
    assert_null(token_cache_find(&cache, &elsewhere));
    struct sha256 near = token_cache_digest(1, STR("token"));
    near.bytes[31] ^= 1; /* one bit of the digest's last byte */
    assert_null(token_cache_find(&cache, &near));
    token_cache_release(&cache);
}

static void bytes_are_bounded(void **state)
{
    (void)state;
    static const char bytes[12500];
    struct token_cache cache;
    token_cache_init(&cache, 1000, 100000);
    struct token_entry *large = entry_of(1, "large"), *fair = entry_of(1, "fair");
    (void)arena_copy(&large->arena, str_of(bytes, 12500));
    (void)arena_copy(&fair->arena, str_of(bytes, 8000));
    token_cache_add(&cache, large);
    assert_false(has(&cache, "large"));
    token_cache_add(&cache, fair);
    assert_true(has(&cache, "fair"));
    for (char name[] = "a"; name[0] <= 'z'; name[0]++)
        add(&cache, name);
    for (char name[] = "A"; name[0] <= 'Z'; name[0]++)
        add(&cache, name);
    assert_false(has(&cache, "fair"));
    assert_true(cache.size <= 100000 && cache.entries.count > 30);
    token_entry_unref(large);
    token_entry_unref(fair);
    token_cache_release(&cache);
    assert_int_equal(cache.size, 0);
}

static void an_entry_in_use_outlives_the_cache(void **state)
{
    (void)state;
    struct token_cache cache;
    token_cache_init(&cache, 1, 1 << 20);
    struct token_entry *entry = entry_of(1, "a");
    entry->claims.issuer = arena_copy(&entry->arena, STR("issuer"));
    token_cache_add(&cache, entry);
    add(&cache, "b");
    assert_false(has(&cache, "a"));
    token_cache_release(&cache);
    assert_str_equal(entry->claims.issuer, STR("issuer"));
    token_entry_unref(entry);
}

static void the_same_token_replaces_itself(void **state)
{
    (void)state;
    struct token_cache cache;
    token_cache_init(&cache, 10, 1 << 20);
    add(&cache, "a");
    add(&cache, "a");
    assert_int_equal(cache.entries.count, 1);
    token_cache_release(&cache);
}

static void add_signed_by(struct token_cache *cache, const char *token, const struct key *key,
                          const struct key_source *by)
{
    struct token_entry *entry = entry_of(1, token);
    entry->key = key->digest;
    entry->source = by;
    token_cache_add(cache, entry);
    token_entry_unref(entry);
}

static void tokens_go_with_their_key(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 4096);
    struct forge_key first = forge_key(2048), second = forge_key(2048);
    struct str one = forge_jwk(&a, &first, "1", ""), two = forge_jwk(&a, &second, "2", "");
    struct key_set *both = key_set_parse(
        arena_printf(&a, "{\"keys\":[%" STR_F ",%" STR_F "]}", STR_A(one), STR_A(two)), NULL);
    struct key_set *left =
        key_set_parse(arena_printf(&a, "{\"keys\":[%" STR_F "]}", STR_A(two)), NULL);
    assert_true(both && left);

    struct token_cache cache;
    token_cache_init(&cache, 10, 1 << 20);
    add_signed_by(&cache, "a", &both->keys.items[0], &source);
    add_signed_by(&cache, "b", &both->keys.items[1], &source);
    add_signed_by(&cache, "c", &both->keys.items[0], &other_source);
    token_cache_purge(&cache, &source, both);
    assert_true(has(&cache, "a") && has(&cache, "b") && has(&cache, "c"));
    token_cache_purge(&cache, &source, left);
    assert_false(has(&cache, "a"));
    assert_true(has(&cache, "b") && has(&cache, "c"));
    token_cache_purge(&cache, &source, NULL);
    assert_false(has(&cache, "b"));
    assert_true(has(&cache, "c"));

    token_cache_release(&cache);
    key_set_free(both);
    key_set_free(left);
    forge_release(&first);
    forge_release(&second);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_used_goes_first),
        cmocka_unit_test(names_are_the_whole_token_and_its_source),
        cmocka_unit_test(bytes_are_bounded),
        cmocka_unit_test(an_entry_in_use_outlives_the_cache),
        cmocka_unit_test(the_same_token_replaces_itself),
        cmocka_unit_test(tokens_go_with_their_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
